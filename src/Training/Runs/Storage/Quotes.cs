using System.Text.RegularExpressions;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Names and values out of a stranger's file in a message: no more of one than it takes to find the place.</summary>
internal static partial class Quotes
{
    private const int Most = 60;

    /// <summary>The message with each quoted text and each long word cut.</summary>
    public static string Shortened(string message) => Long.Replace(message, m => m.Value[..(Most + 1)] + "…" + (m.Value[^1] == '\'' ? "'" : ""));

    [GeneratedRegex(@"'[^']{61,}'|[^\s']{62,}")]
    private static partial Regex Long { get; }
}
