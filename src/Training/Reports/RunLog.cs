using System.Text.Json;

namespace GpuGrad.Training.Reports;

/// <summary>A line of the log: numbers by name, and texts.</summary>
public sealed record LogLine(long Step, IReadOnlyDictionary<string, double> Numbers, IReadOnlyDictionary<string, string> Texts)
{
    public double this[string name] => Numbers.GetValueOrDefault(name, double.NaN);
}

/// <summary>What <c>metrics.jsonl</c> holds, by kind of line.</summary>
public sealed record RunLog
{
    /// <summary>A line every few steps: loss, learning rate, norm of the gradients.</summary>
    public IReadOnlyList<LogLine> Steps { get; private init; } = [];

    /// <summary>A line every epoch.</summary>
    public IReadOnlyList<LogLine> Epochs { get; private init; } = [];

    /// <summary>A line every watched step: figures of the layers.</summary>
    public IReadOnlyList<LogLine> Health { get; private init; } = [];

    public IReadOnlyList<LogLine> Alarms { get; private init; } = [];

    /// <summary>What was noticed and is usual, such as a few dead units.</summary>
    public IReadOnlyList<LogLine> Remarks { get; private init; } = [];

    /// <summary>Reads the log of a run, also of one that is going on; a last line that is not whole is left out.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a line is not JSON.</exception>
    public static RunLog Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GpuGradException(Fault.Data, $"{path}: {e.Message}", e);
        }
        var all = new List<LogLine>();
        for (int i = 0; i < lines.Length; i++)
        {
            if (Parse(lines[i]) is LogLine line)
                all.Add(line);
            else if (i < lines.Length - 1)
                throw new GpuGradException(Fault.Data, $"{path}:{i + 1}: not a line of metrics; expected a JSON object with a step");
        }
        return new RunLog
        {
            Alarms = [.. all.Where(l => l.Texts.ContainsKey("alarm"))],
            Remarks = [.. all.Where(l => l.Texts.ContainsKey("remark"))],
            Epochs = [.. all.Where(l => l.Numbers.ContainsKey("train_loss"))],
            Steps = [.. all.Where(l => l.Numbers.ContainsKey("loss"))],
            Health = [.. all.Where(l => l.Numbers.Keys.Any(k => k.Contains('/', StringComparison.Ordinal)))],
        };
    }

    /// <summary>Names of the layers or parameters that have a figure, in network order.</summary>
    public IReadOnlyList<string> NamesOf(string figure) =>
        [.. Health.Take(1).SelectMany(l => l.Numbers.Keys).Where(k => k.EndsWith("/" + figure, StringComparison.Ordinal)).Select(k => k[..^(figure.Length + 1)])];

    private static LogLine? Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("step", out JsonElement step) || !step.TryGetInt64(out long number))
                return null;
            var numbers = new Dictionary<string, double>();
            var texts = new Dictionary<string, string>();
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Number)
                    numbers[property.Name] = property.Value.GetDouble();
                else if (property.Value.ValueKind == JsonValueKind.String)
                    texts[property.Name] = property.Value.GetString()!;
            }
            // What is not finite stands as a text.
            foreach (string name in texts.Where(t => t.Value is "NaN" or "Infinity" or "-Infinity").Select(t => t.Key))
                numbers[name] = double.NaN;
            return new LogLine(number, numbers, texts);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
