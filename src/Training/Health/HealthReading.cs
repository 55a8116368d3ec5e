using GpuGrad.Kernels.Ops.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>The output of a layer over a batch.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Mean">Mean of its elements.</param>
/// <param name="Deviation">Their standard deviation.</param>
/// <param name="Zeros">Share of its elements that are exactly 0.</param>
/// <param name="Largest">Largest absolute value.</param>
/// <param name="Idle">Per unit, the share of elements in which it is off or saturated.</param>
public sealed record LayerReading(WatchedLayer Layer, double Mean, double Deviation, double Zeros, double Largest, double[] Idle)
{
    /// <summary>Number of units that were off, or saturated, for the whole batch.</summary>
    public int IdleUnits => Idle.Count(share => share >= 1);
}

/// <summary>Measurements of a parameter in a step.</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="Gradient">Norm of its gradient, before clipping.</param>
/// <param name="Weight">Norm of its values before the step.</param>
/// <param name="Update">Norm of the update.</param>
public sealed record ParameterReading(Parameter Parameter, double Gradient, double Weight, double Update)
{
    /// <summary>Norm of the update relative to the norm of the weights; about 0.001 is healthy.</summary>
    public double Ratio => Weight > 0 ? Update / Weight : Update > 0 ? double.PositiveInfinity : 0;

    /// <summary>
    /// The update relative to the norm that such a weight usually has, if its own is smaller: a weight that starts at or near 0 moves by many
    /// times its norm in its first steps, which is harmless.
    /// </summary>
    public double Move => Update / Math.Max(Weight, Math.Sqrt((double)Parameter.Shape.Count / Parameter.FanIn));

    /// <summary>Root mean square of the gradient's elements: comparable between layers of different sizes.</summary>
    public double GradientRms => Gradient / Math.Sqrt(Parameter.Shape.Count);
}

/// <summary>The gradient of a recurrent layer's pass over time, by time step.</summary>
/// <param name="Time">The pass.</param>
/// <param name="Norms">Norm of the gradient of the gates' inputs at each time step, over the batch.</param>
public sealed record TimeReading(WatchedTime Time, double[] Norms)
{
    /// <summary>The norm at the first step of the pass, relative to the largest.</summary>
    public double Left => Norms.Max() is > 0 and var largest ? Norms[Time.Reverse ? ^1 : 0] / largest : 1;
}

/// <summary>The heads of an attention layer over a batch.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Outputs">Norm of each head's output, before the output projection.</param>
/// <param name="Gradients">Norm of the gradient with respect to it.</param>
public sealed record HeadReading(WatchedHeads Layer, double[] Outputs, double[] Gradients)
{
    /// <summary>
    /// Whether a head neither gives anything nor learns to: without output its columns of the output projection get no gradient, and where these are 0
    /// no gradient reaches its values, keys and queries. A head that lacks only one of the two still learns.
    /// </summary>
    public bool IsDead(int head) => IsSmall(Outputs, head) && IsSmall(Gradients, head);

    /// <summary>Share of the heads that are dead in this batch.</summary>
    public double Dead => (double)Enumerable.Range(0, Layer.Heads).Count(IsDead) / Layer.Heads;

    private static bool IsSmall(double[] norms, int head) => norms[head] <= WatchedHeads.DeadBelow * norms.Max();
}

/// <summary>The measurements of a watched step.</summary>
public sealed record HealthReading(int BatchSize, IReadOnlyList<LayerReading> Layers, IReadOnlyList<ParameterReading> Parameters)
{
    public IReadOnlyList<TimeReading> Times { get; init; } = [];

    public IReadOnlyList<HeadReading> Heads { get; init; } = [];

    /// <summary>Reads the measurements of the last watched step from the device.</summary>
    public static HealthReading Of(Model model, HealthProbe probe, int batchSize)
    {
        var figures = new double[probe.Slot.Length];
        model.DeviceMemory.Read(probe.Slot, 0, figures.AsSpan());
        return new HealthReading(
            batchSize,
            [.. probe.Layers.Select(l => Of(l, figures, batchSize))],
            [.. probe.Parameters.Select((p, i) => new ParameterReading(
                p, figures[probe.GradientsAt + i], figures[probe.WeightsAt + i], figures[probe.UpdatesAt + i]))])
        {
            Times = [.. probe.Times.Select(t => new TimeReading(t, figures[t.Offset..(t.Offset + t.Steps)]))],
            Heads = [.. probe.Heads.Select(h => new HeadReading(h, Norms(h, figures, 0), Norms(h, figures, 1)))],
        };
    }

    private static LayerReading Of(WatchedLayer layer, double[] figures, int batchSize)
    {
        double perUnit = (double)batchSize * layer.PerUnit, all = perUnit * layer.Units;
        ReadOnlySpan<double> Row(int figure) => figures.AsSpan(layer.Offset + (figure * layer.Units), layer.Units);
        double sum = Total(Row(UnitStatistics.Sum)), squares = Total(Row(UnitStatistics.Squares)), mean = sum / all;
        var idle = new double[layer.Units];
        for (int u = 0; u < idle.Length; u++)
            idle[u] = layer.Fault == UnitFault.None ? 0 : ((double.IsInfinity(layer.Low) ? 0 : Row(UnitStatistics.Lows)[u]) + (double.IsInfinity(layer.High) ? 0 : Row(UnitStatistics.Highs)[u])) / perUnit;
        double largest = 0;
        foreach (double size in Row(UnitStatistics.Largest))
            largest = Math.Max(largest, size);
        return new LayerReading(layer, mean, Math.Sqrt(Math.Max(0, (squares / all) - (mean * mean))), Total(Row(UnitStatistics.Zeros)) / all, largest, idle);
    }

    // From the sums of squares of a head's columns; the first block is that of outputs, the second that of gradients.
    private static double[] Norms(WatchedHeads layer, double[] figures, int block)
    {
        int columns = layer.Heads * layer.Width, squares = layer.Offset + (((block * UnitStatistics.Figures) + UnitStatistics.Squares) * columns);
        return [.. Enumerable.Range(0, layer.Heads).Select(h => Math.Sqrt(Total(figures.AsSpan(squares + (h * layer.Width), layer.Width))))];
    }

    private static double Total(ReadOnlySpan<double> values)
    {
        double total = 0;
        foreach (double value in values)
            total += value;
        return total;
    }
}
