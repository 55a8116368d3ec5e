using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
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
/// <param name="Alike">Whether the same gradient arrives at its first two units, for every sample.</param>
public sealed record AuditedLayer(string Path, string Kind, double Deviation, double Gradient, double Idle, bool Alike = false);

/// <summary>A network before its first step: how signals and gradients grow or shrink, and whether its loss is what it should be.</summary>
public sealed record InitAudit
{
    private const int MostSamples = 32;

    /// <summary>The layers that compute something, in network order.</summary>
    public required IReadOnlyList<AuditedLayer> Layers { get; init; }

    /// <summary>Standard deviation of what comes in.</summary>
    public required double InputDeviation { get; init; }

    /// <summary>Root mean square of what comes in.</summary>
    public required double InputSize { get; init; }

    public required double Loss { get; init; }

    /// <summary>The loss of a network that knows nothing; null where that cannot be said.</summary>
    public double? ExpectedLoss { get; init; }

    public required IReadOnlyList<Alarm> Alarms { get; init; }

    /// <summary>
    /// Measures a network with the weights that its initialisers and the seed give, on samples drawn at random: the first of a file may all
    /// be of one class. Small batches are run several times, for one sample says little.
    /// </summary>
    public static InitAudit Run(
        RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, DataShape shape, Remedies? remedies = null)
    {
        int count = Math.Min(Math.Min(MostSamples, config.Data.Batch), samples.Count), rounds = Math.Min(MostSamples, samples.Count) / count;
        int[] drawn = new RandomStream(config.Seed, Purpose.Shuffle, 0).Permutation(samples.Count)[..(count * rounds)];
        var source = new BatchSource("audit", samples.Pick(drawn), normalization);
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
        var (input, loss) = (new Spread(), 0.0);
        AuditedOutput[] outputs = [.. network.AllLayers.Where(l => l is not ReshapeLayer && graph.Activations.ContainsKey(l.Path)).Select(l => new AuditedOutput(l))];
        for (int round = 0; round < rounds; round++)
        {
            model.SetStep(config.Seed, round, round * count, 0, 0);
            plan.Run();
            input.Add(plan.Read(graph.Batch.X));
            loss += plan.Read(graph.Loss!)[0] / rounds;
            foreach (AuditedOutput output in outputs)
                output.Add(plan.Read(graph.Activations[output.Layer.Path]), gradients.TryGetValue(output.Layer.Path, out Tensor? g) ? plan.Read(g) : null, count);
        }
        double? expected = config.Loss.ExpectedAtStart(shape);
        var audit = new InitAudit
        {
            Layers = [.. outputs.Select(o => o.ToLayer())],
            InputDeviation = input.Deviation,
            InputSize = input.Size,
            Loss = loss,
            ExpectedLoss = expected,
            Alarms = [],
        };
        return audit with { Alarms = [.. new InitRules(network, model, audit, remedies).Judge()] };
    }
}

/// <summary>Sums over numbers, from which their mean and deviation come.</summary>
internal sealed class Spread
{
    private double sum;
    private double squares;
    private double count;

    public double Size => count == 0 ? double.NaN : Math.Sqrt(squares / count);

    public double Deviation => Math.Sqrt(Math.Max(0, (squares / count) - (sum / count * (sum / count))));

    // Plain loops: hundreds of thousands of numbers pass here before the first step.
    public void Add(double[] values)
    {
        foreach (double v in values)
        {
            sum += v;
            squares += v * v;
        }
        count += values.Length;
    }
}

/// <summary>What was measured behind a layer.</summary>
internal sealed class AuditedOutput(Layer layer)
{
    private readonly WatchedLayer watched = new(layer.Path, layer.Kind, 1, 1, 1);
    private readonly Spread values = new(), gradients = new();
    private double idle;
    private double seen;
    private bool alike = true;

    public Layer Layer { get; } = layer;

    /// <param name="output">Its output.</param>
    /// <param name="gradient">The loss's gradient in it; null where none arrives.</param>
    /// <param name="samples">Samples in the batch: the loss is a mean over them, one sample's gradient is as many times as large.</param>
    public void Add(double[] output, double[]? gradient, int samples)
    {
        values.Add(output);
        foreach (double v in output)
            idle += v <= watched.Low || v >= watched.High ? 1 : 0;
        seen += output.Length;
        if (gradient is null)
            return;
        alike &= IsAlike(gradient, samples);
        gradients.Add([.. gradient.Select(g => g * samples)]);
    }

    public AuditedLayer ToLayer() =>
        new(Layer.Path, Layer.Kind, values.Deviation, gradients.Size, watched.Fault == UnitFault.None ? double.NaN : idle / seen, alike);

    // The first two units: numbers of the last axis behind a dense layer, channels else.
    private bool IsAlike(double[] gradient, int samples)
    {
        int perSample = gradient.Length / samples;
        bool last = WatchedLayer.UnitsAreLast(Layer.Kind);
        int units = last ? Layer.Output[^1] : Layer.Output[0], inner = last ? 1 : perSample / units;
        if (units < 2)
            return false;
        for (int row = 0; row < gradient.Length; row += units * inner)
        {
            if (!gradient.AsSpan(row, inner).SequenceEqual(gradient.AsSpan(row + inner, inner)))
                return false;
        }
        return true;
    }
}
