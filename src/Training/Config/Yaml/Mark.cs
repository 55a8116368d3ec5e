using System.Globalization;

namespace GpuGrad.Training.Config.Yaml;

/// <summary>A place in a config file; line and column count from 1.</summary>
public readonly record struct Mark(string File, int Line, int Column)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}

/// <summary>An error in a config. The message is one line: <c>file:line:col: what; expected; did you mean …?</c></summary>
public sealed class ConfigException(Mark mark, string message) : GpuGradException(Fault.Config, $"{mark}: {message}")
{
    public Mark Mark { get; } = mark;

    /// <summary>An error with its place if that is known: a config may also be made by a program.</summary>
    public static GpuGradException At(Mark? place, string message) =>
        place is Mark mark ? new ConfigException(mark, message) : new GpuGradException(Fault.Config, message);
}

/// <summary>Thrown for a value that a config record refuses; the binder adds the place.</summary>
public sealed class ConfigValueException(string found, string expected) : ArgumentException($"{found}; expected {expected}")
{
    public string Expected { get; } = expected;
}
