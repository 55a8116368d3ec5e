using System.Text.Json;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A number, text, boolean or null in a line of metrics.</summary>
public readonly struct MetricValue
{
    private readonly object? value;

    private MetricValue(object? value) => this.value = value;

    public static implicit operator MetricValue(long value) => new(value);

    public static implicit operator MetricValue(double value) => new(value);

    public static implicit operator MetricValue(double? value) => new(value);

    public static implicit operator MetricValue(bool value) => new(value);

    public static implicit operator MetricValue(string? value) => new(value);

    /// <summary>The number; null for anything else.</summary>
    internal double? Number => value switch { double d => d, long l => l, _ => null };

    /// <summary>The text; null for anything else.</summary>
    internal string? Text => value as string;

    /// <summary>JSON has no non-finite numbers: they become the strings NaN, Infinity and -Infinity, which most languages' own parsers read.</summary>
    internal void Write(Utf8JsonWriter writer, string name)
    {
        switch (value)
        {
            case long number:
                writer.WriteNumber(name, number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumber(name, number);
                break;
            case double number:
                writer.WriteString(name, double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                break;
            case bool yes:
                writer.WriteBoolean(name, yes);
                break;
            case string text:
                writer.WriteString(name, text);
                break;
            default:
                writer.WriteNull(name);
                break;
        }
    }
}
