namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>A derivative computed from function values only, with an error estimate.</summary>
/// <param name="Value">(f(x+h) - f(x-h)) / 2h, refined; NaN if no step gave a value.</param>
/// <param name="Step">h.</param>
/// <param name="Error">Difference between two ways to compute it, plus the rounding of f divided by h.</param>
/// <param name="Kink">Whether every step crossed a kink.</param>
public readonly record struct Difference(double Value, double Step, double Error, bool Kink);

/// <summary>
/// Central differences of a circuit. A large step errs by curvature, a small one by rounding; so several are tried,
/// each refined by one Richardson extrapolation (which cancels the h² term), and the one with the smallest error is kept.
/// </summary>
public static class CentralDifference
{
    private const double Epsilon = 2.220446049250313e-16;

    // Relative to the size of x: 10^-1 … 10^-7, two per decade.
    private static readonly double[] Steps = [.. Enumerable.Range(2, 13).Select(i => Math.Pow(10, -i / 2.0))];

    /// <summary>The derivative of the output with respect to a variable.</summary>
    public static Difference Of(CircuitRun run, int variable)
    {
        var sampler = new Sampler(run, variable);
        double x = run.Point[variable], scale = Math.Max(1, Math.Abs(x));
        var best = new Difference(double.NaN, double.NaN, double.PositiveInfinity, false);
        bool kink = false;
        foreach (double relative in Steps)
        {
            double h = relative * scale;
            if (sampler.Slope(h) is not double wide || sampler.Slope(h / 2) is not double narrow)
            {
                kink |= sampler.CrossedKink;
                continue;
            }
            double refined = ((4 * narrow) - wide) / 3;
            double error = Math.Abs(refined - narrow) + (2 * Epsilon * sampler.Largest / h);
            if (error < best.Error)
                best = new Difference(refined, h, error, false);
        }
        return best with { Kink = double.IsNaN(best.Value) && kink };
    }

    /// <summary>Evaluates a circuit with one variable changed.</summary>
    private sealed class Sampler
    {
        private readonly Circuit circuit;
        private readonly int variable;
        private readonly double[] point;
        private readonly double[] values;
        private readonly long[] pieces;
        private readonly long[] home;

        public Sampler(CircuitRun run, int variable)
        {
            circuit = run.Circuit;
            this.variable = variable;
            point = [.. run.Point];
            values = new double[circuit.Gates.Count];
            pieces = new long[circuit.Gates.Count];
            CircuitRun.Evaluate(circuit, point, values, pieces);
            home = [.. pieces];
            Largest = values.Max(Math.Abs);
        }

        /// <summary>The largest value of any gate, which rounding is relative to.</summary>
        public double Largest { get; }

        /// <summary>Whether the last slope was rejected because a gate changed its piece.</summary>
        public bool CrossedKink { get; private set; }

        /// <summary>The central difference, or null if the function has no value or is not smooth between the two points.</summary>
        public double? Slope(double h)
        {
            CrossedKink = false;
            double x = point[variable], above = x + h, below = x - h;
            double? up = At(above), down = up is null ? null : At(below);
            point[variable] = x;
            return (up - down) / (above - below);
        }

        private double? At(double x)
        {
            point[variable] = x;
            double value = CircuitRun.Evaluate(circuit, point, values, pieces);
            if (!double.IsFinite(value))
                return null;
            CrossedKink = !pieces.AsSpan().SequenceEqual(home);
            return CrossedKink ? null : value;
        }
    }
}
