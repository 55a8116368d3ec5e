using System.Text.RegularExpressions;

namespace GpuGrad.Training.Diagnostics.AdviceTrials;

/// <summary>Settings that an alarm advises, as <c>--set</c> takes them.</summary>
/// <param name="Alarm">Its id.</param>
/// <param name="Settings">Each <c>a.b.c=value</c>; they belong together.</param>
public sealed partial record Advice(string Alarm, IReadOnlyList<string> Settings)
{
    /// <summary>What is typed to follow it.</summary>
    public string Line => string.Join(' ', Settings.Select(s => $"--set {s}"));

    /// <summary>The lines in an alarm's remedy, the likeliest first; words without a line are left out.</summary>
    public static IEnumerable<Advice> In(string alarm, string remedy) =>
        SetLine().Matches(remedy).Select(m => new Advice(alarm, m.Value.Split("--set ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));

    // Settings that follow each other are one line; ", or" comes before another way out.
    [GeneratedRegex(@"--set \S+=(\[[^\]]*\]|[^\s,;]+)( --set \S+=(\[[^\]]*\]|[^\s,;]+))*")]
    private static partial Regex SetLine();
}
