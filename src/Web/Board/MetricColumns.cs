using System.Text;
using System.Text.Json;

namespace GpuGrad.Web.Board;

/// <summary>A metric over time, by increasing step, in the precision of a chart.</summary>
internal sealed class MetricColumn(string name)
{
    public string Name { get; } = name;

    public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(name);

    public List<long> Steps { get; } = [];

    public List<float> Values { get; } = [];
}

/// <summary>
/// The lines of <c>metrics.jsonl</c> as columns, filled as the file grows. Most lines have the same names in the same order, so a name is first
/// compared with the one that followed its predecessor in an earlier line, and looked up only if it differs.
/// </summary>
internal sealed class MetricColumns
{
    private const int MostColumns = 20_000, MostAlarms = 1_000;

    private readonly Dictionary<string, MetricColumn> byName = new(StringComparer.Ordinal);
    private readonly List<MetricColumn> order = [];
    private readonly Dictionary<MetricColumn, MetricColumn> followers = [];
    private readonly List<IReadOnlyDictionary<string, string>> alarms = [];
    private readonly List<(MetricColumn Column, float Value)> line = [];
    private readonly Dictionary<string, string> texts = new(StringComparer.Ordinal);

    /// <summary>All columns, in order of first appearance.</summary>
    public IReadOnlyList<MetricColumn> All => order;

    /// <summary>Alarms and remarks: the strings of their lines by key, and the step.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Alarms => alarms;

    public long LastStep { get; private set; }

    public int Lines { get; private set; }

    public MetricColumn? this[string name] => byName.GetValueOrDefault(name);

    /// <summary>Adds a line; one that is not JSON, or has no step, is ignored.</summary>
    public void Add(ReadOnlySpan<byte> json)
    {
        line.Clear();
        texts.Clear();
        try
        {
            if (Read(json) is not long step)
                return;
            foreach ((MetricColumn column, float value) in line)
            {
                column.Steps.Add(step);
                column.Values.Add(value);
            }
            LastStep = Math.Max(LastStep, step);
            Lines++;
            if (alarms.Count < MostAlarms && (texts.ContainsKey("alarm") || texts.ContainsKey("remark")))
                alarms.Add(new Dictionary<string, string>(texts) { ["step"] = FormattableString.Invariant($"{step}") });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not a line that a run wrote.
        }
    }

    private long? Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return null;
        long? step = null;
        MetricColumn? last = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("step"u8))
            {
                step = reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number) && number >= 0 ? number : null;
                if (step is null)
                    return null;
                continue;
            }
            MetricColumn? column = last is not null && followers.TryGetValue(last, out MetricColumn? next) && reader.ValueTextEquals(next.Utf8) ? next : null;
            string? name = column is null ? reader.GetString() : null;
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                Text(name ?? column!.Name, reader.GetString()!);
                continue;
            }
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out double value))
            {
                reader.Skip();
                continue;
            }
            if ((column ?? Of(name!)) is not { } found)
                continue;
            line.Add((found, (float)value));
            if (last is not null)
                followers[last] = found;
            last = found;
        }
        return step;
    }

    // JSON has no NaN or infinity, so runs log these as strings.
    private void Text(string name, string text)
    {
        if (text is not ("NaN" or "Infinity" or "-Infinity"))
            texts[name] = text;
        else if (Of(name) is { } column)
            line.Add((column, float.NaN));
    }

    private MetricColumn? Of(string name)
    {
        if (byName.TryGetValue(name, out MetricColumn? column))
            return column;
        if (order.Count == MostColumns)
            return null;
        order.Add(byName[name] = column = new MetricColumn(name));
        return column;
    }
}
