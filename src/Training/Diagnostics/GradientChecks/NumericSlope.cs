namespace GpuGrad.Training.Diagnostics.GradientChecks;

/// <summary>A derivative computed by perturbing one element (or a tensor along a direction) and evaluating the loss.</summary>
/// <param name="Value">(L(x+h) - L(x-h)) / 2h.</param>
/// <param name="Step">h.</param>
/// <param name="Noise">Bound on the error from the rounding of the loss.</param>
/// <param name="Kink">Whether the loss was on different smooth pieces at the two points for every step tried.</param>
/// <param name="Avoided">Whether a kink was within the first step, but not within a smaller one.</param>
internal readonly record struct NumericSlope(double Value, double Step, double Noise, bool Kink, bool Avoided);

/// <summary>A perturbation of a whole tensor.</summary>
/// <param name="Movable">The tensor.</param>
/// <param name="Values">Its values.</param>
/// <param name="Direction">Direction of the perturbation.</param>
/// <param name="Analytic">The gradient by reverse mode.</param>
internal sealed record Motion(Movable Movable, double[] Values, double[] Direction, double[] Analytic);

/// <summary>Central differences of the loss, with a smaller step if there is a kink within it.</summary>
internal sealed class SlopeFinder(LossProbe probe)
{
    // Truncation errs by h², rounding by 1e-16/h: they are equal near 1e-5, so smaller steps only serve to avoid kinks.
    private static readonly double[] Steps = [1e-5, 1e-6, 1e-7];

    // The loss is a sum of many rounded numbers; on ResNet-18 its measured error is up to some tens of ulps.
    private const double Rounding = 100 * 2.2e-16;

    /// <summary>The slope along one element of a tensor.</summary>
    /// <param name="movable">The tensor.</param>
    /// <param name="index">Index of the element.</param>
    /// <param name="values">The tensor's values.</param>
    /// <param name="agrees">Whether a slope is as expected: then no smaller step is tried to avoid a kink.</param>
    public NumericSlope At(Movable movable, int index, double[] values, Func<NumericSlope, bool> agrees)
    {
        double x = values[index];
        NumericSlope slope = Along(movable, Math.Max(1e-2, Math.Abs(x)), agrees, h =>
        {
            double moved = x + h;
            probe.Write(movable, index, new ReadOnlySpan<double>(in moved));
            return moved - x;
        });
        probe.Write(movable, index, new ReadOnlySpan<double>(in x));
        return slope;
    }

    /// <summary>The slope along a direction in some tensors.</summary>
    public NumericSlope Along(IReadOnlyList<Motion> motions, Func<NumericSlope, bool> agrees)
    {
        NumericSlope slope = Along(probe.Earliest(motions.Select(m => m.Movable)), 1, agrees, h =>
        {
            foreach (Motion motion in motions)
                probe.Write(motion.Movable, 0, [.. motion.Values.Zip(motion.Direction, (v, d) => v + (h * d))]);
            return h;
        });
        foreach (Motion motion in motions)
            probe.Write(motion.Movable, 0, motion.Values);
        return slope;
    }

    private NumericSlope Along(Movable movable, double scale, Func<NumericSlope, bool> agrees, Func<double, double> move)
    {
        NumericSlope last = default;
        foreach (double relative in Steps)
        {
            double h = relative * scale;
            double above = move(h), up = probe.EvaluateFrom(movable);
            ulong pattern = probe.PatternFrom(movable);
            double below = move(-h), down = probe.EvaluateFrom(movable);
            bool kink = pattern != probe.PatternFrom(movable);
            last = new NumericSlope((up - down) / (above - below), h, Rounding * Math.Max(Math.Abs(up), Math.Abs(down)) / h, kink, !kink && relative != Steps[0]);
            if (!kink || agrees(last))
                break;
        }
        return last;
    }
}
