using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics.Explanations;

/// <summary>A layer on one sample: values forward, gradients of the loss backward.</summary>
/// <param name="Path">The layer's path; <c>input</c> for the sample itself.</param>
/// <param name="Kind">Kind of the layer.</param>
/// <param name="Shape">Shape of its output for one sample.</param>
/// <param name="Values">Its output.</param>
/// <param name="Gradients">Gradient of the loss with respect to each of them; zeros if none reaches it.</param>
public sealed record LayerExplanation(string Path, string Kind, Shape Shape, double[] Values, double[] Gradients)
{
    /// <summary>Its weights with their gradients.</summary>
    public required IReadOnlyList<(Parameter Parameter, double[] Values, double[] Gradients)> Weights { get; init; }

    public double GradientNorm => Norm(Gradients);

    public double WeightGradientNorm => Norm(Weights.SelectMany(w => w.Gradients));

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));
}

/// <summary>A network on one sample, in double.</summary>
public sealed record NetworkExplanation(double Loss, string Answer, IReadOnlyList<LayerExplanation> Layers)
{
    /// <summary>What the attention heads attend to, layer by layer.</summary>
    public IReadOnlyList<AttentionReading> Attention { get; init; } = [];

    /// <summary>Runs a sample forward and its loss backward.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="network">Its network.</param>
    /// <param name="sample">One sample.</param>
    /// <param name="normalization">Scaling of the samples.</param>
    /// <param name="weights">Sets the weights.</param>
    public static NetworkExplanation Of(RunConfig config, Network network, SampleSet sample, Normalization normalization, Action<Model> weights)
    {
        using var device = new ReferenceDevice();
        using var probe = new LossProbe(config, network, device, sample, normalization);
        weights(probe.Model);
        double loss = probe.Differentiate();
        ModelGraph graph = probe.Bound.Graph;
        var layers = new List<LayerExplanation> { new("input", "sample", network.Input, Read(probe, graph.Batch.X), ReadOrZeros(probe, graph.InputGradient, network.Input)) { Weights = [] } };
        foreach (Layers.Layer layer in network.Layers)
        {
            layers.Add(new LayerExplanation(layer.Path, layer.Kind, layer.Output, Read(probe, graph.Activations[layer.Path]), ReadOrZeros(probe, graph.ActivationGradients[layer.Path], layer.Output))
            {
                Weights = [.. probe.Movables.Where(m => m.Parameter is not null && (m.Layer == layer.Path || m.Layer.StartsWith(layer.Path + ".", StringComparison.Ordinal)))
                    .Select(m => (m.Parameter!, probe.Read(m), probe.Gradient(m)))],
            });
        }
        string answer = sample.Labels is { } labels ? $"class {labels[0].ToString(System.Globalization.CultureInfo.InvariantCulture)}"
            : sample.Mask is { } mask ? $"a mask of classes {string.Join(", ", mask.Where(c => c != SampleSet.Ignored).Distinct().Order())}"
            : sample.PositionLabels is not null || sample.PositionLabelRows is not null ? "a class for each step"
            : sample.TargetIsInput ? "the sample itself"
            : sample.AnswerShape is { } image ? $"an image {image}"
            : string.Join(", ", sample.Targets!.Select(t => t.ToString("G4", System.Globalization.CultureInfo.InvariantCulture)));
        return new NetworkExplanation(loss, answer, layers) { Attention = AttentionReading.Of(probe.Model, probe.Bound.Plan) };
    }

    /// <summary>Whether the network is small enough to draw every unit.</summary>
    public bool IsTiny => Layers.All(l => l.Shape.Rank == 1 && l.Values.Length <= UnitPicture.MostUnits) && Layers.Count <= 16;

    private static double[] Read(LossProbe probe, Tensor tensor) => probe.Bound.Plan.Read(tensor);

    private static double[] ReadOrZeros(LossProbe probe, Tensor? tensor, Shape shape) => tensor is null ? new double[shape.Count] : Read(probe, tensor);
}
