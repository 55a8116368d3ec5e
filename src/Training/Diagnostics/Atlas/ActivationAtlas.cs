using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics.Atlas;

/// <summary>An activation layer with the distribution of its inputs.</summary>
/// <param name="Path">The layer's path.</param>
/// <param name="Function">Its function.</param>
/// <param name="Parameter">The function's slope, alpha or beta.</param>
/// <param name="Edges">Bin edges of the histogram of its inputs.</param>
/// <param name="Counts">Counts of the histogram.</param>
public sealed record AtlasEntry(string Path, Activation Function, double Parameter, double[] Edges, double[] Counts)
{
    /// <summary>Mean of the inputs.</summary>
    public required double Mean { get; init; }

    public required double Deviation { get; init; }

    /// <summary>E[f′²]: the factor by which the layer scales the mean square of the gradient in the backward pass.</summary>
    public required double Gain { get; init; }

    /// <summary>Share of inputs where the slope is less than a twentieth of its maximum, so that hardly any gradient passes.</summary>
    public required double Flat { get; init; }

    /// <summary>Product of the gains of this layer and all later ones: the factor on the gradient's mean square between the loss and this layer.</summary>
    public double ProductToLoss { get; init; } = 1;
}

/// <summary>Shows each activation function of a network over the histogram of its own inputs.</summary>
public static class ActivationAtlas
{
    private const int Bins = 60;
    private const int CurvePoints = 200;

    /// <summary>Runs a batch forward and records the inputs of every activation.</summary>
    public static IReadOnlyList<AtlasEntry> Of(RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, Action<Model> weights)
    {
        using var probe = new LossProbe(config, network, device, samples, normalization);
        weights(probe.Model);
        probe.Evaluate();
        var entries = new List<AtlasEntry>();
        foreach (ActivationLayer layer in network.AllLayers.OfType<ActivationLayer>())
            entries.Add(Entry(layer, probe.Bound.Plan.Read(probe.Bound.Graph.Activations[layer.Path].Producer!.Inputs[0])));
        double product = 1;
        for (int i = entries.Count - 1; i >= 0; i--)
        {
            product *= entries[i].Gain;
            entries[i] = entries[i] with { ProductToLoss = product };
        }
        return entries;
    }

    /// <summary>Plots the function and its derivative over the histogram.</summary>
    public static LineChart Chart(AtlasEntry entry) => Curves(entry.Function, entry.Parameter, entry.Edges[0], entry.Edges[^1]) with
    {
        Title = $"{entry.Path}: {entry.Function.Name}",
        Background = new Bars("inputs of this layer", entry.Edges, entry.Counts),
        Remark = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"E[f′²] = {entry.Gain:0.###}; {entry.Flat * 100:0.#} % of the inputs are where hardly any gradient passes."),
    };

    /// <summary>Plots every activation function with its derivative; from -3 to 3, those of the relu kind from -1.5 to 1.5.</summary>
    public static IEnumerable<LineChart> Functions() => Activation.All.Select(f =>
    {
        double reach = f.Name is "relu" or "leaky-relu" ? 1.5 : f.Kinks.Select(Math.Abs).DefaultIfEmpty(0).Max() is >= 3 and double last ? 1.5 * last : 3;
        double peak = Enumerable.Range(0, 6001).Max(i => f.Derivative((i - 3000) / 1000.0, f.Default));
        return Curves(f, f.Default, -reach, reach) with { Title = f.Name, Remark = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Largest slope {peak:0.####}.") };
    });

    private static LineChart Curves(Activation function, double parameter, double low, double high)
    {
        double[] x = [.. Enumerable.Range(0, CurvePoints + 1).Select(i => low + ((high - low) * i / CurvePoints))];
        return new LineChart
        {
            Title = function.Name,
            X = new Axis("x", Min: low, Max: high),
            Series =
            [
                new Series("f(x)", x, [.. x.Select(v => function.Value(v, parameter))]),
                new Series("f′(x)", x, [.. x.Select(v => function.Derivative(v, parameter))]) { Style = LineStyle.Dashed },
            ],
        };
    }

    private static AtlasEntry Entry(ActivationLayer layer, double[] inputs)
    {
        double[] sorted = [.. inputs.Order()];
        double mean = inputs.Average();
        // A thousandth at either end is left out, so that a single outlier does not flatten the chart.
        double low = sorted[sorted.Length / 1000], high = sorted[^((sorted.Length / 1000) + 1)];
        (double[] edges, double[] counts) = Histogram.Bin(inputs, Bins, Math.Min(low, -1), Math.Max(high, 1));
        double[] slopes = [.. inputs.Select(x => layer.Function.Derivative(x, layer.Parameter))];
        double steepest = Math.Max(slopes.Max(Math.Abs), Math.Abs(layer.Function.Derivative(1e-3, layer.Parameter)));
        return new AtlasEntry(layer.Path, layer.Function, layer.Parameter, edges, counts)
        {
            Mean = mean,
            Deviation = Math.Sqrt(inputs.Average(x => (x - mean) * (x - mean))),
            Gain = slopes.Average(s => s * s),
            Flat = slopes.Count(s => Math.Abs(s) < 0.05 * steepest) / (double)slopes.Length,
        };
    }
}
