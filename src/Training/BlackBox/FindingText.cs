using System.Globalization;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.BlackBox;

/// <summary>Describes a finding.</summary>
public static class FindingText
{
    private const double Huge = 1e18; // its square is near the largest float32

    /// <summary>Lines of text: the position, the op's inputs, and the tensor in the step before.</summary>
    public static IEnumerable<string> Lines(Finding finding)
    {
        yield return $"{finding}.";
        yield return string.Create(CultureInfo.InvariantCulture, $"  {finding.Count:N0} of {finding.Shape.Length:N0} of its numbers are not finite; {finding.Op} computed them{(finding.Sample is int s ? $", for sample {s} of the training data" : "")}");
        foreach (TensorFigures input in finding.Inputs)
            yield return $"  read    {input.Name}: {input}";
        if (finding.Before is TensorFigures before)
            yield return $"  before  {before}  (the same tensor in the step before)";
    }

    internal static Alarm Alarm(NonFiniteException e, Finding? finding, Remedies remedies, double? longestStep, string bundle)
    {
        string numbers = finding is null ? e.What : finding.ToString();
        if (finding?.Inputs.MaxBy(i => i.Largest) is TensorFigures largest)
            numbers += string.Create(CultureInfo.InvariantCulture, $"; {finding.Op} read {largest.Name} with {largest}");
        if (finding?.Before is TensorFigures before)
            numbers += $"; in the step before it had {before}";
        return new Alarm(AlarmCatalog.NonFinite, e.Step, finding?.Layer ?? "", numbers, Cause(finding), $"{Remedies.Either(HugeInput(finding) is double size ? [remedies.Normalise(size) ?? "smaller numbers in the data"] : [remedies.LowerRate(longestStep), Remedies.Clip(1)])}; gpugrad replay {bundle}");
    }

    // The largest input of the batch, if no update is to blame.
    private static double? HugeInput(Finding? finding) =>
        finding?.Inputs.MaxBy(i => i.Largest) is { Largest: > Huge } largest && largest.Name.StartsWith("the batch", StringComparison.Ordinal) ? largest.Largest : null;

    private static string Cause(Finding? finding) => finding switch
    {
        null => "A replay of the last steps found every number finite.",
        { Direction: Direction.Input } => "The data hold a value that is not a number.",
        _ when HugeInput(finding) is double => "The data hold numbers so large that float32 cannot hold what is computed from them.",
        { Inputs: var inputs } when inputs.Any(i => i.Largest > Huge) => "Numbers grew until float32 could not hold what was computed from them.",
        { Direction: Direction.Update } => "The update computed it from finite gradients: the optimizer's settings or its memory.",
        _ => "The op computed it from finite numbers: a division by 0, a logarithm or root of a negative number, or an overflow.",
    };
}
