using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Web.Hosting;

namespace GpuGrad.Web.Serving;

/// <summary>
/// Reads the body of a prediction request, <c>{"inputs": [sample, …]}</c>. A sample is a number or nested lists of numbers, a table row (an object keyed by column
/// name, or a list in column order), a picture file in base64, a text, or a sentence to tag. They are parsed by the same readers as the files of <c>predict</c>.
/// </summary>
internal static class JsonInputs
{
    private const int MostAxes = 6;
    private const string Inputs = "inputs";
    private const string Expected = """expected {"inputs": [sample, …]}""";

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 32 };

    /// <summary>The samples of a request: one set, but a set per picture, since pictures differ in size.</summary>
    /// <param name="body">The JSON.</param>
    /// <param name="pipeline">How the network's samples are read.</param>
    /// <param name="fitted">The preprocessing fitted on the training data.</param>
    /// <exception cref="Refusal">The body is not JSON of this form.</exception>
    /// <exception cref="GpuGradException">The samples do not fit the network's input.</exception>
    public static IReadOnlyList<SampleSet> Read(ReadOnlySpan<byte> body, InputPipeline pipeline, FittedInput fitted)
    {
        try
        {
            var reader = new Utf8JsonReader(body, Options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new Refusal(400, $"the body is not an object; {Expected}");
            IReadOnlyList<SampleSet>? samples = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (!reader.ValueTextEquals(Inputs))
                    throw new Refusal(400, $"the body has {Quoted(reader.GetString()!)}; {Expected}");
                if (samples is not null)
                    throw new Refusal(400, "the body has 'inputs' twice; expected it once");
                reader.Read();
                if (reader.TokenType != JsonTokenType.StartArray)
                    throw new Refusal(400, $"inputs: {Name(reader.TokenType)}; {Expected}");
                samples = ReadInputs(ref reader, body, pipeline, fitted);
            }
            _ = reader.Read(); // throws if anything follows the object
            return samples ?? throw new Refusal(400, $"the body has no 'inputs'; {Expected}");
        }
        catch (JsonException e)
        {
            throw new Refusal(400, string.Create(CultureInfo.InvariantCulture, $"the body is not JSON (line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1} of it); {Expected}"));
        }
        catch (InvalidOperationException)
        {
            throw new Refusal(400, $"the body is not valid UTF-8; {Expected}");
        }
    }

    private static IReadOnlyList<SampleSet> ReadInputs(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, InputPipeline pipeline, FittedInput fitted)
    {
        Utf8JsonReader ahead = reader;
        ahead.Read();
        switch (ahead.TokenType)
        {
            case JsonTokenType.EndArray:
                throw new Refusal(400, "inputs: no samples; expected one or more");
            case JsonTokenType.String when pipeline.TakesSentences:
                return [pipeline.ReadSentences(Texts(ref reader), Inputs)];
            case var other when pipeline.TakesSentences:
                throw Mixed(0, other, "a sentence as a string, with spaces between its tokens");
            case JsonTokenType.StartObject:
                using (MemoryStream rows = Rows(ref reader, body))
                    return [pipeline.ReadTable(rows, pipeline.TakesTexts ? Inputs + ".jsonl" : Inputs)];
            case JsonTokenType.StartArray when fitted.Columns is { Named: true } columns:
                using (MemoryStream rows = Lists(ref reader, columns.Features))
                    return [pipeline.ReadTable(rows, Inputs)];
            case JsonTokenType.String when pipeline.TakesTexts:
                return [pipeline.ReadTexts(Texts(ref reader), Inputs)];
            case JsonTokenType.String:
                return Pictures(ref reader, pipeline);
            default:
                return [pipeline.ReadArray(Shaped(Numbers(ref reader), fitted.Shape.Shape), Inputs)];
        }
    }

    // Writes one object per line. JSON allows line feeds only as whitespace, so they become spaces.
    private static MemoryStream Rows(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        var lines = new MemoryStream();
        for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Mixed(i, reader.TokenType, "an object like the others");
            int begin = (int)reader.TokenStartIndex;
            reader.Skip();
            foreach (byte b in body[begin..(int)reader.BytesConsumed])
                lines.WriteByte(b is (byte)'\n' or (byte)'\r' ? (byte)' ' : b);
            lines.WriteByte((byte)'\n');
        }
        lines.Position = 0;
        return lines;
    }

    // Turns each list of values into an object keyed by feature name, one per line.
    private static MemoryStream Lists(ref Utf8JsonReader reader, IReadOnlyList<string> features)
    {
        var lines = new MemoryStream();
        using var line = new Utf8JsonWriter(lines);
        for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
                throw Mixed(i, reader.TokenType, "a list like the others");
            int count = 0;
            line.WriteStartObject();
            for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
            {
                if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                    throw Mixed(i, reader.TokenType, $"values of the columns {string.Join(", ", features.Take(10))}");
                if (count == features.Count)
                    throw Width(i, "more values", features);
                line.WritePropertyName(features[count]);
                if (reader.TokenType == JsonTokenType.String)
                    line.WriteStringValue(reader.GetString());
                else
                    line.WriteRawValue(reader.ValueSpan);
            }
            if (count < features.Count)
                throw Width(i, string.Create(CultureInfo.InvariantCulture, $"{count} values"), features);
            line.WriteEndObject();
            line.Flush();
            line.Reset();
            lines.WriteByte((byte)'\n');
        }
        lines.Position = 0;
        return lines;
    }

    private static Refusal Width(int at, string found, IReadOnlyList<string> features) =>
        new(400, string.Create(CultureInfo.InvariantCulture, $"{Place(at)}: {found}; expected {features.Count}: {string.Join(", ", features.Take(10))}{(features.Count > 10 ? ", …" : "")}"));

    // A flat list of pixels takes the picture's shape, as a table row does.
    private static NumberArray Shaped(NumberArray x, Shape shape) =>
        shape.Rank > 1 && x.Sizes is [int samples, int size] && size == shape.Length ? x with { Sizes = [samples, .. shape.Sizes] } : x;

    private static List<byte[]> Texts(ref Utf8JsonReader reader)
    {
        var texts = new List<byte[]>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
                throw Mixed(texts.Count, reader.TokenType, "a string like the others");
            texts.Add(Encoding.UTF8.GetBytes(reader.GetString()!));
        }
        return texts;
    }

    private static List<SampleSet> Pictures(ref Utf8JsonReader reader, InputPipeline pipeline)
    {
        var pictures = new List<SampleSet>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
                throw Mixed(pictures.Count, reader.TokenType, "a string like the others");
            string name = Place(pictures.Count);
            pictures.Add(pipeline.ReadPicture(Base64(ref reader) ?? throw new Refusal(400, $"{name}: not base64; expected a picture file in base64"), name));
        }
        return pictures;
    }

    // Browsers put the type in front: data:image/png;base64,…
    private static byte[]? Base64(ref Utf8JsonReader reader)
    {
        if (reader.TryGetBytesFromBase64(out byte[]? bytes))
            return bytes;
        string text = reader.GetString()!;
        int comma = text.StartsWith("data:", StringComparison.Ordinal) ? text.IndexOf(',', StringComparison.Ordinal) : -1;
        var buffer = new byte[text.Length];
        return comma >= 0 && Convert.TryFromBase64Chars(text.AsSpan(comma + 1), buffer, out int count) ? buffer[..count] : null;
    }

    private static NumberArray Numbers(ref Utf8JsonReader reader)
    {
        var numbers = new ArrayBufferWriter<double>();
        var sizes = new List<int>(); // of each axis, known once its first list ends
        Span<int> counts = stackalloc int[MostAxes];
        int depth = 1, leaves = 0; // nesting depth of the numbers, set by the first one
        counts[0] = 0;
        while (depth > 0)
        {
            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray:
                    if (depth == MostAxes || (leaves != 0 && depth >= leaves))
                        throw Ragged(counts[..depth], "a list", leaves != 0 ? "a number" : "fewer nested lists");
                    counts[depth++] = 0;
                    break;
                case JsonTokenType.EndArray:
                    End(sizes, counts[..depth], ref leaves);
                    if (--depth > 0)
                        counts[depth - 1]++;
                    break;
                case JsonTokenType.Number:
                    leaves = leaves == 0 ? depth : leaves;
                    if (depth != leaves)
                        throw Ragged(counts[..depth], "a number", "a list like the others");
                    numbers.GetSpan(1)[0] = reader.TryGetDouble(out double value) && double.IsFinite(value) ? value
                        : throw Ragged(counts[..depth], "a number beyond 1e308", "a smaller one");
                    numbers.Advance(1);
                    counts[depth - 1]++;
                    break;
                default:
                    throw Ragged(counts[..depth], Name(reader.TokenType), leaves == depth ? "a number" : "a number or a list");
            }
        }
        sizes.Reverse();
        return NumberArray.Of([.. sizes], numbers.WrittenSpan.ToArray());
    }

    // Inner lists end first, so the sizes are found from the last axis to the first.
    private static void End(List<int> sizes, ReadOnlySpan<int> counts, ref int leaves)
    {
        if (leaves == 0)
            throw Ragged(counts[..^1], "an empty list", "numbers");
        int axis = leaves - counts.Length, count = counts[^1];
        if (axis == sizes.Count)
            sizes.Add(count);
        else if (sizes[axis] != count)
            throw Ragged(counts[..^1], string.Create(CultureInfo.InvariantCulture, $"{count} values"), string.Create(CultureInfo.InvariantCulture, $"{sizes[axis]} as before"));
    }

    private static Refusal Ragged(ReadOnlySpan<int> at, string found, string expected)
    {
        string place = Inputs;
        foreach (int i in at)
            place += string.Create(CultureInfo.InvariantCulture, $"[{i}]");
        return new Refusal(400, $"{place}: {found}; expected {expected}");
    }

    private static Refusal Mixed(int at, JsonTokenType found, string expected) => new(400, $"{Place(at)}: {Name(found)}; expected {expected}");

    private static string Place(int at) => string.Create(CultureInfo.InvariantCulture, $"inputs[{at}]");

    private static string Quoted(string text) => $"'{string.Concat(text.Take(40).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}'";

    private static string Name(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };
}
