using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Cli.Verbs;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Tools;

namespace GpuGrad.Web.Serving;

/// <summary>OpenAPI 3.1 description of the served model: its columns, sizes and classes.</summary>
internal sealed class OpenApi
{
    private const int LargestExample = 64;

    private readonly ModelCard card;
    private readonly bool takesLabels;

    public OpenApi(TrainedModel trained, ServeVerb verb)
    {
        card = trained.Card;
        takesLabels = PredictionFile.AreLabels(card.Shape, trained.Config.Loss);
        string name = trained.Config.Name ?? "GpuGrad";
        var paths = new JsonObject
        {
            ["/predict"] = new JsonObject { ["post"] = Predict(verb) },
            ["/health"] = new JsonObject { ["get"] = Get("Whether the server is ready", "200 with status ok; 503 while it stops or after the device failed", "application/json", "503") },
            ["/metrics"] = new JsonObject { ["get"] = Get("Counts and times for Prometheus", "Prometheus' text format", "text/plain") },
        };
        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = name,
                ["description"] = Description(),
                ["version"] = typeof(OpenApi).Assembly.GetName().Version!.ToString(3),
            },
            ["paths"] = paths,
        };
        if (verb.Token is not null || !System.Net.IPAddress.IsLoopback(verb.Address))
        {
            document["components"] = new JsonObject { ["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } } };
            document["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() });
        }
        Text = document.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    public string Text { get; }

    private TableColumns? Columns => card.Input.Columns;

    private bool TakesTexts => card.Input.Text is not null && !card.Shape.HasPositionClasses;

    private bool TakesSentences => card.Input.Text is not null && card.Shape.HasPositionClasses && card.ClassNames is not null;

    private bool TakesPictures => card.Shape.Shape is { Rank: 3 } shape && shape[0] is 1 or 3 && card.Input.Bytes != false;

    private string Description()
    {
        DataShape shape = card.Shape;
        string what = shape.Classes > 0 ? $"one of {shape.Classes} classes{(card.ClassNames is { } names ? $" ({string.Join(", ", names.Take(20))}{(names.Count > 20 ? ", …" : "")})" : "")}" : $"{shape.Targets} number{(shape.Targets == 1 ? "" : "s")}";
        if (TakesTexts)
            return $"A text becomes {what}.";
        if (TakesSentences)
            return $"Each token of a sentence becomes {what}.";
        return Columns is null ? $"A sample of shape {shape.Shape} becomes {what}." : $"A row of {Columns.Features.Count} columns becomes {what}.";
    }

    private JsonObject Predict(ServeVerb verb)
    {
        var content = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = Request(), ["example"] = Example() } };
        if (TakesSentences)
            content["text/plain"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string", ["description"] = "One sentence per line, with spaces between its tokens" } };
        else
            AddFiles(content);
        return new JsonObject
        {
            ["summary"] = "Predicts",
            ["description"] = FormattableString.Invariant($"Predicts as gpugrad predict does. Bodies of at most {verb.MaxBody} MiB; samples of different requests are computed together, at most {verb.MaxBatch} at a time."),
            ["requestBody"] = new JsonObject { ["required"] = true, ["content"] = content },
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject { ["description"] = "A prediction for each sample, in order", ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = Response() } } },
                ["400"] = Error("The input is invalid; the message says what was found and expected"),
                ["413"] = Error("The body is too large"),
                ["415"] = Error("Unsupported Content-Type"),
                ["422"] = Error("The network's output is not finite"),
                ["503"] = Error("Too many requests are waiting; see Retry-After"),
            },
        };
    }

    private void AddFiles(JsonObject content)
    {
        if (TakesPictures)
        {
            var binary = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string", ["format"] = "binary", ["description"] = "A JPEG, PNG, WebP, GIF or BMP" } };
            content["image/*"] = binary;
            content["multipart/form-data"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "object", ["additionalProperties"] = binary["schema"]!.DeepClone(), ["description"] = "A picture in each part" } };
        }
        content["application/octet-stream"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string", ["format"] = "binary", ["description"] = TakesPictures ? "A picture, or an array in NumPy's npy format" : "An array in NumPy's npy format" } };
        content["text/csv"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string", ["description"] = "Rows as in a file for predict" } };
    }

    private JsonObject Request() => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("inputs"),
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject { ["inputs"] = new JsonObject { ["type"] = "array", ["minItems"] = 1, ["items"] = Sample() } },
    };

    private JsonObject Sample()
    {
        if (TakesTexts || TakesSentences)
            return new JsonObject { ["type"] = "string", ["description"] = TakesTexts ? "A text" : "A sentence, with spaces between its tokens" };
        if (Columns is not { Named: true } columns)
        {
            string sizes = string.Join(", ", card.Shape.Shape.Sizes.ToArray());
            var array = new JsonObject { ["type"] = "array", ["description"] = $"Numbers, nested lists of sizes [{sizes}]" };
            return TakesPictures ? new JsonObject { ["oneOf"] = new JsonArray(array, new JsonObject { ["type"] = "string", ["contentEncoding"] = "base64", ["description"] = "A picture" }) } : array;
        }
        var properties = new JsonObject();
        foreach (TableColumn column in columns.Columns.Where(c => c.Role == ColumnRole.Feature))
            properties[column.Name] = Column(column.Fit);
        return new JsonObject { ["type"] = "object", ["description"] = "A row, keyed by column name; a missing value is null or left out", ["properties"] = properties };
    }

    private static JsonObject Column(ColumnFit? fit) => fit switch
    {
        { Type: ColumnType.Category, Categories: { } categories } => new JsonObject { ["type"] = new JsonArray("string", "null"), ["examples"] = new JsonArray([.. categories.Take(20).Select(c => JsonValue.Create(c))]) },
        { Type: ColumnType.Date } => new JsonObject { ["type"] = new JsonArray("string", "null"), ["description"] = "A date" },
        { Type: ColumnType.Number } or null => new JsonObject { ["type"] = new JsonArray("number", "null") },
        _ => new JsonObject { ["type"] = new JsonArray("boolean", "string", "number", "null") },
    };

    private JsonObject Example()
    {
        if (TakesTexts)
            return new JsonObject { ["inputs"] = new JsonArray("a text", "another text") };
        if (TakesSentences)
            return new JsonObject { ["inputs"] = new JsonArray("a sentence of tokens", "another sentence") };
        if (Columns is { Named: true } columns)
        {
            var row = new JsonObject();
            foreach (TableColumn column in columns.Columns.Where(c => c.Role == ColumnRole.Feature))
                row[column.Name] = ExampleOf(column.Fit);
            int rows = columns.Window?.Past ?? 1;
            return new JsonObject { ["inputs"] = new JsonArray([.. Enumerable.Range(0, Math.Min(rows, LargestExample)).Select(_ => row.DeepClone())]) };
        }
        int count = card.Shape.Shape.Count <= LargestExample ? card.Shape.Shape.Count : 0;
        return new JsonObject { ["inputs"] = new JsonArray(new JsonArray([.. Enumerable.Repeat(0, count).Select(z => JsonValue.Create(z))])) };
    }

    private static JsonNode? ExampleOf(ColumnFit? fit) => fit switch
    {
        { Type: ColumnType.Category, Categories: [string first, ..] } => first,
        { Type: ColumnType.Date } => DateTime.UnixEpoch.AddSeconds(fit.Latest).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
        { Type: ColumnType.Number, Fill: [double fill, ..] } => Math.Round(fill, 6),
        { Type: ColumnType.Number } or null => 0,
        _ => false,
    };

    private JsonObject Response()
    {
        var numbers = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "number" } };
        var texts = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } };
        JsonObject prediction = card.Shape switch
        {
            { HasPositionClasses: true } => new JsonObject { ["tokens"] = texts, ["tags"] = texts.DeepClone() },
            { Classes: > 0, Answer: not null } => new JsonObject { ["mask"] = new JsonObject { ["type"] = "array", ["description"] = "Rows of classes" } },
            { Classes: > 0 } => new JsonObject
            {
                ["prediction"] = new JsonObject { ["type"] = new JsonArray("string", "integer") },
                ["label"] = new JsonObject { ["type"] = "integer" },
                ["name"] = new JsonObject { ["type"] = new JsonArray("string", "null") },
                ["probabilities"] = numbers,
            },
            _ when takesLabels => new JsonObject
            {
                ["labels"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" }, ["description"] = "Names of the predicted labels" },
                ["prediction"] = new JsonObject { ["type"] = new JsonArray("number", "array"), ["description"] = "1 for each predicted label, 0 for the others" },
                ["values"] = numbers,
            },
            _ => new JsonObject { ["prediction"] = new JsonObject { ["type"] = new JsonArray("number", "array") }, ["values"] = numbers },
        };
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["predictions"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "object", ["properties"] = prediction } },
                ["notes"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" }, ["description"] = "Warnings, such as a category that training has not seen" },
            },
        };
    }

    private static JsonObject Error(string description) => new()
    {
        ["description"] = description,
        ["content"] = new JsonObject
        {
            ["application/json"] = new JsonObject { ["example"] = new JsonObject { ["error"] = new JsonObject { ["code"] = 400, ["message"] = "inputs[0]: a string; expected a number" } } },
        },
    };

    private static JsonObject Get(string summary, string description, string type, params string[] others)
    {
        var responses = new JsonObject { ["200"] = new JsonObject { ["description"] = description, ["content"] = new JsonObject { [type] = new JsonObject() } } };
        foreach (string other in others)
            responses[other] = new JsonObject { ["description"] = description };
        return new JsonObject { ["summary"] = summary, ["responses"] = responses };
    }
}
