using System.Text.RegularExpressions;

namespace GpuGrad.Training.Diagnostics.AdviceTrials;

/// <summary>Settings that an alarm advises, as <c>--set</c> takes them.</summary>
/// <param name="Alarm">Its id.</param>
/// <param name="Settings">Each <c>a.b.c=value</c>; they belong together.</param>
public sealed partial record Advice(string Alarm, IReadOnlyList<string> Settings)
{
    /// <summary>The options to type.</summary>
    public string Line => string.Join(' ', Settings.Select(s => $"--set {s}"));

    /// <summary>The advice in the text of an alarm's remedy, the most promising first; text without <c>--set</c> is left out.</summary>
    public static IEnumerable<Advice> In(string alarm, string remedy) =>
        SetLine().Matches(remedy).Select(m => new Advice(alarm, m.Value.Split("--set ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));

    // Consecutive settings belong together; ", or" separates alternatives.
    [GeneratedRegex(@"--set \S+=(\[[^\]]*\]|[^\s,;]+)( --set \S+=(\[[^\]]*\]|[^\s,;]+))*")]
    private static partial Regex SetLine();
}
