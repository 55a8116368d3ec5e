using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Cli.Tests;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Web.Tests;

/// <summary>What <c>serve</c> answers is what <c>predict</c> says.</summary>
public sealed class PredictTests(TrainedRuns runs)
{
    private const int Side = 28, Pixels = Side * Side;

    private readonly Gpugrad gpugrad = runs.Gpugrad;

    [Fact]
    public async Task Rows_get_what_predict_says_to_the_bit_however_they_are_sent()
    {
        const string Csv = "length,colour,when\n1.5,red,2024-03-05\n,blue,2024-05-06\n3,\"dark green\",\n";
        gpugrad.Write("rows.csv", Csv);
        string expected = Values(gpugrad.Run("predict", "table", "rows.csv", "--json", "--device", "cpu").Json().AsArray());
        await using Served served = await Served.Start(gpugrad["table"]);
        Assert.Equal(expected, Values(await served.Predict(Encoding.UTF8.GetBytes(Csv), "text/csv")));
        Assert.Equal(expected, Values(await served.Predict("""
            {"inputs": [{"length": 1.5, "colour": "red", "when": "2024-03-05"},
                        {"colour": "blue",
                         "when": "2024-05-06", "length": null},
                        {"colour": "dark green", "length": 3}]}
            """)));
        Assert.Equal(expected, Values(await served.Predict("""{"inputs": [[1.5, "red", "2024-03-05"], [null, "blue", "2024-05-06"], [3, "dark green", null]]}""")));
        Assert.Equal(expected, Values(await served.Predict(Encoding.UTF8.GetBytes("""
            {"length": 1.5, "colour": "red", "when": "2024-03-05", "kind": "long"}
            {"length": null, "colour": "blue", "when": "2024-05-06"}
            {"length": 3, "colour": "dark green"}
            """), "application/x-ndjson")));
        // A prediction is the class's name, as in predict's tables.
        JsonObject first = (await served.Predict("""{"inputs": [[1.5, "red", "2024-03-05"]]}"""))[0]!.AsObject();
        Assert.Equal((string?)first["name"], (string?)first["prediction"]);
    }

    [Fact]
    public async Task A_picture_gets_what_predict_says_to_the_bit_however_it_is_sent()
    {
        byte[] pixels = [.. Enumerable.Range(0, Pixels).Select(i => (byte)(i * 37 % 251))], png = PngWriter.Write(new Picture(Side, Side, 1, pixels));
        File.WriteAllBytes(gpugrad["one.png"], png);
        NpzWriter.Save(gpugrad["one.npz"], npz => npz.Add("x", [1, 1, Side, Side], pixels));
        string expected = Values(gpugrad.Run("predict", "digits", "one.png", "--json", "--device", "cpu").Json().AsArray());
        Assert.Equal(expected, Values(gpugrad.Run("predict", "digits", "one.npz", "--json", "--device", "cpu").Json().AsArray()));

        await using Served served = await Served.Start(gpugrad["digits"]);
        Assert.Equal(expected, Values(await served.Predict(png, "image/png")));
        Assert.Equal(expected, Values(await served.Predict(png, "application/octet-stream")));
        using var parts = new MultipartFormDataContent { { new ByteArrayContent(png), "picture", "../../../etc/passwd" } };
        Assert.Equal(expected, Values(await Served.Predictions(await served.Client.PostAsync("predict", parts))));
        Assert.Equal(expected, Values(await served.Predict($$"""{"inputs": ["{{Convert.ToBase64String(png)}}"]}""")));
        Assert.Equal(expected, Values(await served.Predict($$"""{"inputs": ["data:image/png;base64,{{Convert.ToBase64String(png)}}"]}""")));
        string flat = string.Join(",", pixels), nested = string.Join("],[", pixels.Chunk(Side).Select(r => string.Join(",", r)));
        Assert.Equal(expected, Values(await served.Predict($$"""{"inputs": [[[[{{nested}}]]]]}""")));
        Assert.Equal(expected, Values(await served.Predict($$"""{"inputs": [[[{{nested}}]]]}""")));
        Assert.Equal(expected, Values(await served.Predict($$"""{"inputs": [[{{flat}}]]}""")));
        Assert.Contains("[N, 1, 28, 28]", await Served.Refused(await served.Post("""{"inputs": [[1, 2, 3]]}"""), 400), StringComparison.Ordinal);
        byte[] npy = [.. Npy.Header([1, Side, Side], NumberType.UInt8), .. pixels];
        Assert.Equal(expected, Values(await served.Predict(npy, "application/octet-stream")));
    }

    [Fact]
    public async Task Requests_at_the_same_time_share_batches_and_get_their_own_answers()
    {
        await using Served served = await Served.Start(gpugrad["digits"], v => (v.MaxBatch, v.MaxWait) = (16, 100));
        string[] bodies = [.. Enumerable.Range(0, 60).Select(n => Body(n))];
        double[][] alone = new double[bodies.Length][];
        for (int i = 0; i < bodies.Length; i++)
            alone[i] = Probabilities((await served.Predict(bodies[i]))[0]!);
        double[][] together = await Task.WhenAll(bodies.Select(async b => Probabilities((await served.Predict(b))[0]!)));
        for (int i = 0; i < bodies.Length; i++)
            Assert.Null(Tolerance.Agreement.Explain($"request {i}", alone[i], together[i]));
        string metrics = await served.Client.GetStringAsync("metrics");
        Assert.Contains("gpugrad_requests_total{status=\"200\"} 120\n", metrics, StringComparison.Ordinal);
        Assert.Contains("gpugrad_batch_samples_sum 120\n", metrics, StringComparison.Ordinal);
        string batches = metrics.Split('\n').Single(l => l.StartsWith("gpugrad_batch_samples_count ", StringComparison.Ordinal));
        Assert.InRange(int.Parse(batches.Split(' ')[1], CultureInfo.InvariantCulture), 60 + (60 / 16), 60 + 59);
    }

    [Fact]
    public async Task A_request_of_more_samples_than_a_batch_is_answered_in_order()
    {
        await using Served served = await Served.Start(gpugrad["digits"], v => v.MaxBatch = 4);
        string[] samples = [.. Enumerable.Range(0, 11).Select(Sample)];
        JsonArray all = await served.Predict($$"""{"inputs": [{{string.Join(",", samples)}}]}""");
        Assert.Equal(samples.Length, all.Count);
        for (int i = 0; i < samples.Length; i++)
        {
            JsonArray one = await served.Predict($$"""{"inputs": [{{samples[i]}}]}""");
            Assert.Null(Tolerance.Agreement.Explain($"sample {i}", Probabilities(one[0]!), Probabilities(all[i]!)));
        }
    }

    [Fact]
    public async Task Openapi_names_the_columns_and_its_example_is_answered()
    {
        await using Served served = await Served.Start(gpugrad["table"]);
        JsonNode api = JsonNode.Parse(await served.Client.GetStringAsync("openapi.json"))!;
        Assert.Equal("3.1.0", (string?)api["openapi"]);
        JsonNode json = api["paths"]!["/predict"]!["post"]!["requestBody"]!["content"]!["application/json"]!;
        Assert.Equal(["length", "colour", "when"], json["schema"]!["properties"]!["inputs"]!["items"]!["properties"]!.AsObject().Select(p => p.Key));
        Assert.Single(await served.Predict(json["example"]!.ToJsonString()));
        foreach (string page in new[] { "", "serve.js", "page.css" })
        {
            HttpResponseMessage response = await served.Client.GetAsync(page);
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            string text = await response.Content.ReadAsStringAsync();
            Assert.DoesNotContain("http://", text, StringComparison.Ordinal);
            Assert.DoesNotContain("https://", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Texts_get_what_predict_says_to_the_bit()
    {
        gpugrad.Write("texts.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 30).Select(i => $"{(i % 2 == 0 ? "a good and fine day" : "an evil rainy night")},{(i % 2 == 0 ? "good" : "bad")}\n")));
        gpugrad.Write("texts.yaml", "data: {dataset: {text: {path: texts.csv, tokens: words, vocabulary: 32, length: 6}}, batch: 8}\nmodel: [{embedding: {rows: 32, width: 4}}, {time-pool: mean}, {dense: 2}]\ntrain: {epochs: 2}\n");
        gpugrad.Run("train", "texts.yaml", "--out", "texts", "--device", "cpu").Done();
        gpugrad.Write("new.csv", "text\na fine night\nan evil good thing\n");
        string expected = Values(gpugrad.Run("predict", "texts", "new.csv", "--json", "--device", "cpu").Json().AsArray());
        await using Served served = await Served.Start(gpugrad["texts"]);
        Assert.Equal(expected, Values(await served.Predict("""{"inputs": ["a fine night", "an evil good thing"]}""")));
        Assert.Equal(expected, Values(await served.Predict("""{"inputs": [{"text": "a fine night"}, {"text": "an evil good thing"}]}""")));
        Assert.Equal(expected, Values(await served.Predict("text\na fine night\nan evil good thing\n"u8.ToArray(), "text/csv")));
    }

    [Fact]
    public async Task Sentences_get_the_tags_that_predict_gives_them()
    {
        gpugrad.Write("tagged.conll", "Anna B-PER\nlives O\nin O\nRome B-LOC\n\nin O\nRome B-LOC\nlives O\nZoë B-PER\n\n");
        gpugrad.Write("tagger.yaml", "data: {dataset: {tags: {path: tagged.conll, vocabulary: 20, encoding: latin1}}, batch: 2}\nmodel: [{embedding: {rows: 20, width: 8}}, {conv1d: {filters: 8, kernel: 3}}, {dense: 3}]\ntrain: {epochs: 40, optimizer: {adam: {lr: 0.05}}}\n");
        gpugrad.Run("train", "tagger.yaml", "--out", "tagger", "--device", "cpu").Done();
        const string Sentences = "Anna lives\nin Rome Zoë lives\n";
        JsonArray expected = gpugrad.RunWithInput(Sentences, "predict", "tagger", "-", "--json", "--device", "cpu").Json().AsArray();
        foreach (JsonNode? sentence in expected)
            sentence!.AsObject().Remove("input"); // where it stands in a file
        Assert.Equal("""["B-PER","O"]""", expected[0]!["tags"]!.ToJsonString());
        Assert.Equal(4, expected[1]!["tags"]!.AsArray().Count);
        await using Served served = await Served.Start(gpugrad["tagger"]);
        foreach (JsonArray answer in new[] { await served.Predict(Encoding.UTF8.GetBytes(Sentences), "text/plain"), await served.Predict("""{"inputs": ["Anna lives", " in  Rome Zoë lives"]}""") })
            Assert.True(JsonNode.DeepEquals(expected, answer), answer.ToJsonString());
        Assert.Equal(2, (await served.Predict(JsonNode.Parse(await served.Client.GetStringAsync("openapi.json"))!["paths"]!["/predict"]!["post"]!["requestBody"]!["content"]!["application/json"]!["example"]!.ToJsonString())).Count);
        Assert.Equal("inputs[0]: a list; expected a sentence as a string, with spaces between its tokens", await Served.Refused(await served.Post("""{"inputs": [[1, 2]]}"""), 400));
        Assert.Equal("inputs:2:1: an empty line; expected one sentence per line, with spaces between its tokens", await Served.Refused(await served.Post("""{"inputs": ["Anna", " "]}"""), 400));
        Assert.Equal("a body of type 'text/csv'; expected application/json, or text/plain with one sentence per line", await Served.Refused(await served.Post("Anna,lives\n"u8.ToArray(), "text/csv"), 415));
    }

    [Fact]
    public async Task Labels_that_are_predicted_come_by_their_names_as_predict_gives_them()
    {
        gpugrad.Write("tags.csv", "a,b,tags\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"{i % 2},{i / 2 % 2},{(i % 2 == 1 ? "odd" : "")}{(i % 4 == 3 ? ";" : "")}{(i / 2 % 2 == 1 ? "late" : "")}\n")));
        gpugrad.Write("tags.yaml", "data: {dataset: {csv: {path: tags.csv, label: tags, label-delim: ';'}}, batch: 10}\nmodel: [{dense: 8}, relu, {dense: 2}]\nloss: bce-with-logits\ntrain: {epochs: 40, optimizer: {adam: {lr: 0.05}}}\n");
        gpugrad.Run("train", "tags.yaml", "--out", "tags", "--device", "cpu").Done();
        gpugrad.Write("new-tags.csv", "a,b\n1,1\n0,0\n1,0\n");
        string[] expected = [.. gpugrad.Run("predict", "tags", "new-tags.csv", "--json", "--device", "cpu").Json().AsArray().Select(p => p!["labels"]!.ToJsonString())];
        Assert.Equal(["[\"late\",\"odd\"]", "[]", "[\"odd\"]"], expected);
        await using Served served = await Served.Start(gpugrad["tags"]);
        Assert.Equal(expected, (await served.Predict("""{"inputs": [[1, 1], [0, 0], [1, 0]]}""")).Select(p => p!["labels"]!.ToJsonString()));
    }

    [Fact]
    public async Task A_category_that_training_has_not_seen_is_a_note()
    {
        await using Served served = await Served.Start(gpugrad["table"]);
        string text = await (await served.Post("""{"inputs": [[1, "violet", "2024-01-01"]]}""")).Content.ReadAsStringAsync();
        Assert.Contains("'violet'", (string?)JsonNode.Parse(text)!["notes"]![0], StringComparison.Ordinal);
    }

    private static string Sample(int n) => JsonSerializer.Serialize(new[] { Enumerable.Range(0, Side).Select(y => Enumerable.Range(0, Side).Select(x => ((x * (n + 3)) + (y * 7)) % 256)) });

    private static string Body(int n) => $$"""{"inputs": [{{Sample(n)}}]}""";

    private static double[] Probabilities(JsonNode prediction) => [.. prediction["probabilities"]!.AsArray().Select(p => (double)p!)];

    private static string Values(JsonArray predictions) => string.Join(" ", predictions.Select(p => $"{p!["name"]} {p["probabilities"]!.ToJsonString()}"));
}
