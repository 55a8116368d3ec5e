using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>A layer before the first step.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Deviation">Standard deviation of its outputs.</param>
/// <param name="Gradient">Root mean square of the loss's gradient in its outputs, of one sample.</param>
/// <param name="Idle">Share of its outputs that are off or on a flat end of the curve; NaN for functions that have none.</param>
public sealed record AuditedLayer(string Path, string Kind, double Deviation, double Gradient, double Idle);

/// <summary>A network before its first step: how signals and gradients grow or shrink, and whether its loss is what it should be.</summary>
public sealed record InitAudit
{
    private const int MostSamples = 32;

    /// <summary>The layers that compute something, in network order.</summary>
    public required IReadOnlyList<AuditedLayer> Layers { get; init; }

    /// <summary>Standard deviation of what comes in.</summary>
    public required double InputDeviation { get; init; }

    public required double Loss { get; init; }

    /// <summary>The loss of a network that knows nothing; null where that cannot be said.</summary>
    public double? ExpectedLoss { get; init; }

    public required IReadOnlyList<Alarm> Alarms { get; init; }

    /// <summary>Measures a network with the weights that its initialisers and the seed give, on the first samples.</summary>
    public static InitAudit Run(RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, DataShape shape)
    {
        int count = Math.Min(Math.Min(MostSamples, config.Data.Batch), samples.Count);
        var source = new BatchSource("audit", samples.Pick([.. Enumerable.Range(0, count)]), normalization);
        using var model = new Model(config, network, device);
        model.Initialise(config.Seed);
        source.Upload(model.DeviceMemory);
        var graphs = new ModelGraphs(config, network, model.Memory);
        ModelGraph graph = graphs.Audit(source, count, out IReadOnlyDictionary<string, Tensor> gradients);
        using Plan plan = Plan.Of(graph.Graph, model.DeviceMemory, new PlanOptions
        {
            Keep = [graph.Loss!, graph.Batch.X, .. graph.Activations.Values, .. gradients.Values],
        });
        graphs.UploadConstants(model.DeviceMemory);
        model.SetStep(config.Seed, 0, 0, 0, 0);
        plan.Run();
        AuditedLayer[] layers = [.. network.AllLayers.Where(l => l is not ReshapeLayer && graph.Activations.ContainsKey(l.Path)).Select(l => Of(l, plan, graph, gradients, count))];
        double input = Deviation(plan.Read(graph.Batch.X)), loss = plan.Read(graph.Loss!)[0];
        double? expected = config.Loss.ExpectedAtStart(shape);
        return new InitAudit
        {
            Layers = layers,
            InputDeviation = input,
            Loss = loss,
            ExpectedLoss = expected,
            Alarms = [.. InitRules.Judge(network, model, layers, input, loss, expected)],
        };
    }

    private static AuditedLayer Of(Layer layer, Plan plan, ModelGraph graph, IReadOnlyDictionary<string, Tensor> gradients, int count)
    {
        double[] output = plan.Read(graph.Activations[layer.Path]);
        // The loss is a mean over the batch: one sample's gradient is as many times as large.
        double gradient = gradients.TryGetValue(layer.Path, out Tensor? g) ? Math.Sqrt(MeanSquare(plan.Read(g), 0)) * count : double.NaN;
        var watched = new WatchedLayer(layer.Path, layer.Kind, 1, 1, 1);
        double idle = watched.Fault == UnitFault.None ? double.NaN : Idle(output, watched);
        return new AuditedLayer(layer.Path, layer.Kind, Deviation(output), gradient, idle);
    }

    // Plain loops: hundreds of thousands of numbers pass here before the first step.
    private static double Idle(double[] output, WatchedLayer watched)
    {
        (double low, double high, int idle) = (watched.Low, watched.High, 0);
        foreach (double v in output)
            idle += v <= low || v >= high ? 1 : 0;
        return (double)idle / output.Length;
    }

    private static double Deviation(double[] values)
    {
        double sum = 0;
        foreach (double v in values)
            sum += v;
        return Math.Sqrt(MeanSquare(values, sum / values.Length));
    }

    private static double MeanSquare(double[] values, double from)
    {
        double sum = 0;
        foreach (double v in values)
            sum += (v - from) * (v - from);
        return sum / values.Length;
    }
}
