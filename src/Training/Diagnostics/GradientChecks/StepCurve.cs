namespace GpuGrad.Training.Diagnostics.GradientChecks;

/// <summary>Relative error of finite differences with one step size.</summary>
/// <param name="Step">h.</param>
/// <param name="Forward">(L(x+h) - L(x)) / h; the median over several elements.</param>
/// <param name="Central">(L(x+h) - L(x-h)) / 2h.</param>
public sealed record StepError(double Step, double Forward, double Central);

/// <summary>
/// The V curve: a large step errs by the curvature of the loss (h for forward differences, h² for central ones), a small one
/// by the rounding of the loss, which is divided by h.
/// </summary>
internal sealed class StepCurve(LossProbe probe)
{
    private static readonly double[] Steps = [.. Enumerable.Range(1, 12).Select(i => Math.Pow(10, -i))];

    private readonly List<(double Forward, double Central)[]> curves = [];

    /// <summary>The median of the curves so far, one point per step.</summary>
    public IReadOnlyList<StepError> Errors => curves.Count == 0 ? [] :
        [.. Steps.Select((h, i) => new StepError(h, Middle(curves.Select(c => c[i].Forward)), Middle(curves.Select(c => c[i].Central))))];

    public void Add(Movable movable, int index, double gradient)
    {
        if (gradient == 0)
            return;
        double x = probe.Read(movable)[index], scale = Math.Max(1, Math.Abs(x)), here = probe.EvaluateFrom(movable);
        var curve = new (double, double)[Steps.Length];
        for (int i = 0; i < Steps.Length; i++)
        {
            double above = x + (Steps[i] * scale), below = x - (Steps[i] * scale);
            double up = At(movable, index, above), down = At(movable, index, below);
            curve[i] = (Error((up - here) / (above - x), gradient), Error((up - down) / (above - below), gradient));
        }
        At(movable, index, x);
        curves.Add(curve);
    }

    private double At(Movable movable, int index, double value)
    {
        probe.Write(movable, index, new ReadOnlySpan<double>(in value));
        return probe.EvaluateFrom(movable);
    }

    // Two numbers that agree to the last bit still have a rounding error.
    private static double Error(double found, double expected) => Math.Max(Math.Abs(found - expected) / Math.Abs(expected), 1e-16);

    private static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
