using System.Text.Json;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Reports;

/// <summary>A line of the log: numbers by name, and texts.</summary>
public sealed record LogLine(long Step, IReadOnlyDictionary<string, double> Numbers, IReadOnlyDictionary<string, string> Texts)
{
    public double this[string name] => Numbers.GetValueOrDefault(name, double.NaN);
}

/// <summary>Contents of <c>metrics.jsonl</c>, by kind of line.</summary>
public sealed record RunLog
{
    // A line of a network with a thousand layers has half a million bytes.
    private const int MostBytes = 256 << 20, MostLine = 1 << 20;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>One line every few steps: loss, learning rate, norm of the gradients.</summary>
    public IReadOnlyList<LogLine> Steps { get; private init; } = [];

    /// <summary>One line per epoch.</summary>
    public IReadOnlyList<LogLine> Epochs { get; private init; } = [];

    /// <summary>One line per watched step: measurements of the layers.</summary>
    public IReadOnlyList<LogLine> Health { get; private init; } = [];

    public IReadOnlyList<LogLine> Alarms { get; private init; } = [];

    /// <summary>Findings that are not alarms, such as a few dead units.</summary>
    public IReadOnlyList<LogLine> Remarks { get; private init; } = [];

    /// <summary>What the run did about dead units, each time.</summary>
    public IReadOnlyList<LogLine> Actions { get; private init; } = [];

    /// <summary>Reads the log of a run, which may be active; an incomplete last line is left out.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is too large, or a line does not hold metrics.</exception>
    public static RunLog Read(string path)
    {
        var all = new List<LogLine>();
        ReadOnlyMemory<byte> rest = BytesOf(path);
        for (int number = 1; !rest.IsEmpty; number++)
        {
            int end = rest.Span.IndexOf((byte)'\n');
            LogLine? line = Parse(rest[..(end < 0 ? rest.Length : end)]);
            if (line is null && end >= 0)
                throw new GpuGradException(Fault.Data, $"{path}:{number}: not a line of metrics; expected a JSON object with a whole step of 0 or more, and numbers or texts, each name once");
            if (line is not null)
                all.Add(line);
            rest = end < 0 ? default : rest[(end + 1)..];
        }
        return new RunLog
        {
            Alarms = [.. all.Where(l => l.Texts.ContainsKey("alarm"))],
            Remarks = [.. all.Where(l => l.Texts.ContainsKey("remark") && !l.Texts.ContainsKey("action"))],
            Actions = [.. all.Where(l => l.Texts.ContainsKey("action"))],
            Epochs = [.. all.Where(l => l.Numbers.ContainsKey("train_loss"))],
            Steps = [.. all.Where(l => l.Numbers.ContainsKey("loss"))],
            Health = [.. all.Where(l => l.Numbers.Keys.Any(k => k.Contains('/', StringComparison.Ordinal)))],
        };
    }

    /// <summary>Names of the layers or parameters that have a figure, in network order.</summary>
    public IReadOnlyList<string> NamesOf(string figure) =>
        [.. Health.Take(1).SelectMany(l => l.Numbers.Keys).Where(k => k.EndsWith("/" + figure, StringComparison.Ordinal)).Select(k => k[..^(figure.Length + 1)])];

    private static byte[] BytesOf(string path)
    {
        try
        {
            return RegularFile.ReadAll(path, MostBytes);
        }
        catch (MissingFileException)
        {
            return [];
        }
    }

    private static LogLine? Parse(ReadOnlyMemory<byte> line)
    {
        if (line.Length > MostLine)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, Strict);
            return Parse(document.RootElement);
        }
        catch (Exception e) when (JsonRecord.IsOfJson(e))
        {
            return null;
        }
    }

    private static LogLine? Parse(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object || !line.TryGetProperty("step", out JsonElement step) || step.ValueKind != JsonValueKind.Number
            || !step.TryGetInt64(out long number) || number < 0)
        {
            return null;
        }
        var numbers = new Dictionary<string, double>();
        var texts = new Dictionary<string, string>();
        foreach (JsonProperty property in line.EnumerateObject())
        {
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Number when property.Value.TryGetDouble(out double value) && double.IsFinite(value):
                    numbers[property.Name] = value;
                    break;
                case JsonValueKind.String:
                    texts[property.Name] = property.Value.GetString()!;
                    // Values that are not finite are stored as text.
                    if (texts[property.Name] is "NaN" or "Infinity" or "-Infinity")
                        numbers[property.Name] = double.NaN;
                    break;
                case JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null:
                    break;
                default:
                    return null;
            }
        }
        return new LogLine(number, numbers, texts);
    }
}
