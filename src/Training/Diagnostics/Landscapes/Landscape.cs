using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Diagnostics.Landscapes;

/// <summary>The loss along a line through the weights: L(w + a·d).</summary>
/// <param name="Name">Name of the direction.</param>
/// <param name="Places">Values of a.</param>
/// <param name="Losses">Values of L.</param>
/// <param name="Kinks">Positions between which the loss has a kink: a ReLU, a maximum or a margin changes sides.</param>
public sealed record LandscapeSlice(string Name, double[] Places, double[] Losses, IReadOnlyList<double> Kinks);

/// <summary>The loss over a plane through the weights; rows in descending order of b.</summary>
public sealed record Plane(string Name, (double Low, double High) A, (double Low, double High) B, double[,] Losses);

/// <summary>The loss after a step along the negative gradient.</summary>
/// <param name="Step">Step size.</param>
/// <param name="Loss">The resulting loss.</param>
/// <param name="Predicted">L - step·‖g‖²: the loss predicted by the linear approximation.</param>
public sealed record StepRow(double Step, double Loss, double Predicted);

/// <summary>Evaluates the loss of a batch around the weights of a probe, and restores the weights.</summary>
public sealed class Landscape
{
    private readonly LossProbe probe;
    private readonly Movable[] movables;
    private readonly double[][] home;
    private readonly double[][] gradient;

    public Landscape(LossProbe probe)
    {
        this.probe = probe;
        movables = [.. probe.Movables.Where(m => m.Parameter is not null)];
        home = [.. movables.Select(probe.Read)];
        Loss = probe.Differentiate();
        gradient = [.. movables.Select(probe.Gradient)];
    }

    /// <summary>The loss at the weights themselves.</summary>
    public double Loss { get; }

    public double GradientNorm => Math.Sqrt(gradient.Sum(g => g.Sum(v => v * v)));

    /// <summary>
    /// A random direction in which each filter (row of a weight) has the norm of the filter itself, so that flat and sharp mean
    /// the same in every network; biases don't move (Li et al., 2018).
    /// </summary>
    public double[][] RandomDirection(uint index)
    {
        var random = new RandomStream(1, Purpose.Explore, 500 + index);
        return [.. movables.Select((m, t) => Normalised(m.Shape, home[t], [.. home[t].Select(_ => random.NextNormal())]))];
    }

    /// <summary>The negative gradient, with the norm of the weights.</summary>
    public double[][] Downhill()
    {
        double size = Math.Sqrt(home.Sum(w => w.Sum(v => v * v))), norm = Math.Max(GradientNorm, double.Epsilon);
        return [.. gradient.Select(g => Array.ConvertAll(g, v => -v * size / norm))];
    }

    /// <summary>The loss along a direction.</summary>
    public LandscapeSlice Along(string name, double[][] direction, double from, double to, int points)
    {
        double[] places = [.. Enumerable.Range(0, points).Select(i => from + ((to - from) * i / (points - 1)))], losses = new double[points];
        var kinks = new List<double>();
        ulong before = 0;
        for (int i = 0; i < points; i++)
        {
            Move((direction, places[i]));
            losses[i] = probe.Evaluate();
            ulong here = probe.Pattern();
            if (i > 0 && here != before)
                kinks.Add((places[i - 1] + places[i]) / 2);
            before = here;
        }
        Restore();
        return new LandscapeSlice(name, places, losses, kinks);
    }

    /// <summary>The loss over the plane of two directions.</summary>
    public Plane Over(string name, double[][] first, double[][] second, (double Low, double High) a, (double Low, double High) b, int points)
    {
        var losses = new double[points, points];
        for (int row = 0; row < points; row++)
        {
            for (int column = 0; column < points; column++)
            {
                Move((first, a.Low + ((a.High - a.Low) * column / (points - 1))), (second, b.High - ((b.High - b.Low) * row / (points - 1))));
                losses[row, column] = probe.Evaluate();
            }
        }
        Restore();
        return new Plane(name, a, b, losses);
    }

    /// <summary>Steps of 10⁻⁵, 10⁻⁴ … 10 along the negative gradient.</summary>
    public IReadOnlyList<StepRow> Steps()
    {
        double square = GradientNorm * GradientNorm;
        StepRow[] rows = [.. Enumerable.Range(-5, 7).Select(exponent =>
        {
            double step = Math.Pow(10, exponent);
            Move((gradient, -step));
            return new StepRow(step, probe.Evaluate(), Loss - (step * square));
        })];
        Restore();
        return rows;
    }

    /// <summary>
    /// The plane that contains most of a trajectory (its two principal components), and the trajectory in it; the weights
    /// of the probe are the origin.
    /// </summary>
    public (double[][] First, double[][] Second, double[] A, double[] B, double Share) PlaneOf(IReadOnlyList<double[][]> trajectory)
    {
        double[][] points = [.. trajectory.Select(p => p.SelectMany((t, i) => t.Select((v, j) => v - home[i][j])).ToArray())];
        (double[] first, double firstShare) = Principal(points, null);
        (double[] second, double secondShare) = Principal(points, first);
        return (Unflatten(first), Unflatten(second), [.. points.Select(p => Dot(p, first))], [.. points.Select(p => Dot(p, second))], firstShare + secondShare);
    }

    // The largest principal component by power iteration, after another one has been removed.
    private static (double[] Direction, double Share) Principal(double[][] points, double[]? without)
    {
        int length = points[0].Length;
        var random = new RandomStream(1, Purpose.Explore, 700);
        double[] direction = [.. Enumerable.Range(0, length).Select(_ => random.NextNormal())];
        for (int iteration = 0; iteration < 100; iteration++)
        {
            var next = new double[length];
            foreach (double[] point in points)
            {
                double along = Dot(point, direction);
                for (int i = 0; i < length; i++)
                    next[i] += along * point[i];
            }
            if (without is not null)
                Subtract(next, without, Dot(next, without));
            double norm = Math.Sqrt(Dot(next, next));
            if (norm == 0)
                break;
            direction = Array.ConvertAll(next, v => v / norm);
        }
        if (without is not null)
            Subtract(direction, without, Dot(direction, without));
        double size = Math.Sqrt(Dot(direction, direction)), total = points.Sum(p => Dot(p, p));
        direction = Array.ConvertAll(direction, v => v / Math.Max(size, double.Epsilon));
        return (direction, total > 0 ? points.Sum(p => Math.Pow(Dot(p, direction), 2)) / total : 0);
    }

    private static void Subtract(double[] from, double[] direction, double factor)
    {
        for (int i = 0; i < from.Length; i++)
            from[i] -= factor * direction[i];
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private double[][] Unflatten(double[] values)
    {
        int at = 0;
        return [.. home.Select(t => values[at..(at += t.Length)])];
    }

    private static double[] Normalised(Shape shape, double[] weights, double[] direction)
    {
        if (shape.Rank < 2)
            return new double[weights.Length];
        int row = weights.Length / shape[0];
        for (int begin = 0; begin < weights.Length; begin += row)
        {
            double own = Norm(weights.AsSpan(begin, row)), found = Norm(direction.AsSpan(begin, row));
            for (int i = begin; i < begin + row; i++)
                direction[i] *= own / Math.Max(found, double.Epsilon);
        }
        return direction;
    }

    private static double Norm(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double v in values)
            sum += v * v;
        return Math.Sqrt(sum);
    }

    private void Move(params ReadOnlySpan<(double[][] Direction, double Factor)> moves)
    {
        for (int t = 0; t < movables.Length; t++)
        {
            double[] values = [.. home[t]];
            foreach ((double[][] direction, double factor) in moves)
            {
                for (int i = 0; i < values.Length; i++)
                    values[i] += factor * direction[t][i];
            }
            probe.Write(movables[t], 0, values);
        }
    }

    private void Restore() => Move();
}
