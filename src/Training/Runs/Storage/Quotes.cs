using System.Text.RegularExpressions;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Shortens names and values from untrusted files in messages, to what is needed to find the place.</summary>
internal static partial class Quotes
{
    private const int Most = 60;

    /// <summary>The message with each quoted text and each long word shortened.</summary>
    public static string Shortened(string message) => Long.Replace(message, m => m.Value[..(Most + 1)] + "…" + (m.Value[^1] == '\'' ? "'" : ""));

    [GeneratedRegex(@"'[^']{61,}'|[^\s']{62,}")]
    private static partial Regex Long { get; }
}
