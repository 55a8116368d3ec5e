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

/// <summary>Measurements of a layer before the first step.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Deviation">Standard deviation of its outputs.</param>
/// <param name="Gradient">Root mean square of the gradient with respect to its outputs, per sample.</param>
/// <param name="Idle">Share of its outputs that are off or saturated; NaN for functions without such a range.</param>
/// <param name="Alike">Whether its first two units get the same gradient for every sample.</param>
public sealed record AuditedLayer(string Path, string Kind, double Deviation, double Gradient, double Idle, bool Alike = false);

/// <summary>Audit of a network before its first step: how signals and gradients grow or shrink, and whether its loss is as expected.</summary>
public sealed record InitAudit
{
    private const int MostSamples = 32, FewestSamples = 4;

    // Bytes that it may use even if training uses less.
    private const long LeastRoom = 64 << 20;

    /// <summary>The layers that compute something, in network order.</summary>
    public required IReadOnlyList<AuditedLayer> Layers { get; init; }

    /// <summary>Standard deviation of the inputs.</summary>
    public required double InputDeviation { get; init; }

    /// <summary>Root mean square of the inputs.</summary>
    public required double InputSize { get; init; }

    public required double Loss { get; init; }

    /// <summary>The expected loss of an untrained network; null if there is no formula.</summary>
    public double? ExpectedLoss { get; init; }

    public required IReadOnlyList<Alarm> Alarms { get; init; }

    /// <summary>
    /// Audits a network with its initial weights on random samples, since the first of a file may all
    /// be of one class. Small batches are run several times, as one sample says little.
    /// </summary>
    /// <param name="config">The experiment.</param>
    /// <param name="network">Its network.</param>
    /// <param name="device">The device.</param>
    /// <param name="samples">The samples to draw from.</param>
    /// <param name="normalization">Scaling of the samples.</param>
    /// <param name="shape">Shape of the samples.</param>
    /// <param name="remedies">Advice for this config; null for general advice.</param>
    /// <param name="trained">
    /// The model about to be trained: its weights are audited, and its memory is borrowed. Null to make one here.
    /// </param>
    public static InitAudit Run(
        RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, DataShape shape, Remedies? remedies = null, Model? trained = null)
    {
        using var model = new Model(config, network, device);
        var graphs = new ModelGraphs(config, network, model.Memory);
        int count = Math.Min(Math.Min(MostSamples, config.Data.Batch), samples.Count);
        long room = Math.Max(LeastRoom, trained?.DeviceMemory.ArenaBytes ?? 0);
        Prepared prepared = Prepare(count);
        // All activations are kept until they are read: for as many samples at a time as fit into the memory of training.
        while (prepared.Layout.ArenaBytes > room && count > FewestSamples)
            prepared = Prepare(count = Math.Max(FewestSamples, count / 2));
        (BatchSource source, ModelGraph graph, IReadOnlyDictionary<string, Tensor> gradients, PlanLayout layout, int rounds) = prepared;
        if (trained is not null)
            model.DeviceMemory.Borrow(model.Memory.Parameters, trained.DeviceMemory, trained.Memory.Parameters, layout.ArenaBytes);
        if (trained is null)
            model.Initialise(config.Seed);
        foreach (Parameter parameter in trained is null ? [] : model.Memory.Layout.State)
            model.Write(parameter, trained!.Read(parameter));
        source.Upload(model.DeviceMemory);
        using var plan = new Plan(layout);
        graphs.UploadConstants(model.DeviceMemory);
        var (input, loss) = (new ValueSums(), 0.0);
        AuditedOutput[] outputs = [.. network.AllLayers.Where(l => l is not ReshapeLayer && graph.Activations.ContainsKey(l.Path)).Select(l => new AuditedOutput(l))];
        for (int round = 0; round < rounds; round++)
        {
            model.SetStep(config.Seed, round, round * count, 0, 0);
            plan.Run();
            AuditedOutput.EachBlock(plan, graph.Batch.X, count, block => input.Add(block));
            loss += plan.Read(graph.Loss!)[0] / rounds;
            foreach (AuditedOutput output in outputs)
                output.Add(plan, graph.Activations[output.Layer.Path], gradients.GetValueOrDefault(output.Layer.Path), count);
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

        Prepared Prepare(int size)
        {
            int times = Math.Min(MostSamples, samples.Count) / size;
            int[] drawn = new RandomStream(config.Seed, Purpose.Shuffle, 0).Permutation(samples.Count)[..(size * times)];
            var from = new BatchSource("audit", samples.Pick(drawn), normalization);
            ModelGraph audited = graphs.Audit(from, size, out IReadOnlyDictionary<string, Tensor> found);
            var options = new PlanOptions { Keep = [audited.Loss!, audited.Batch.X, .. audited.Activations.Values, .. found.Values] };
            return new Prepared(from, audited, found, PlanLayout.Of(audited.Graph, model.DeviceMemory, options), times);
        }
    }

    private sealed record Prepared(BatchSource Source, ModelGraph Graph, IReadOnlyDictionary<string, Tensor> Gradients, PlanLayout Layout, int Rounds);
}

/// <summary>Mean and deviation of numbers, from their sums.</summary>
internal sealed class ValueSums
{
    private double sum;
    private double squares;
    private double count;

    public double Size => count == 0 ? double.NaN : Math.Sqrt(squares / count);

    public double Deviation => Math.Sqrt(Math.Max(0, (squares / count) - (sum / count * (sum / count))));

    // Plain loops: hundreds of thousands of numbers are added before the first step.
    public void Add(ReadOnlySpan<double> values)
    {
        foreach (double v in values)
        {
            sum += v;
            squares += v * v;
        }
        count += values.Length;
    }
}

/// <summary>Measurements after a layer.</summary>
internal sealed class AuditedOutput(Layer layer)
{
    private readonly WatchedLayer watched = new(layer.Path, layer.Kind, 1, 1, 1);
    private readonly ValueSums values = new(), gradients = new();
    private double idle;
    private double seen;
    private bool alike = true;

    public Layer Layer { get; } = layer;

    /// <param name="plan">The plan that computed it.</param>
    /// <param name="output">Its output.</param>
    /// <param name="gradient">Gradient of the loss with respect to it; null if there is none.</param>
    /// <param name="samples">Batch size: the loss is a mean, so one sample's gradient is this many times larger.</param>
    public void Add(Plan plan, Tensor output, Tensor? gradient, int samples)
    {
        EachBlock(plan, output, samples, Add);
        if (gradient is null)
            return;
        EachBlock(plan, gradient, samples, block =>
        {
            alike &= IsAlike(block, output.Shape.Count / samples);
            foreach (ref double g in block)
                g *= samples;
            gradients.Add(block);
        });
    }

    /// <summary>Reads a tensor [N, …] a few samples at a time: as doubles the whole may be a large part of the memory.</summary>
    public static void EachBlock(Plan plan, Tensor tensor, int samples, BlockAction action)
    {
        const int Piece = 1 << 18;
        int perSample = tensor.Shape.Count / samples, most = Math.Clamp(Piece / perSample, 1, samples);
        var values = new double[most * perSample];
        for (int first = 0; first < samples; first += most)
        {
            Span<double> block = values.AsSpan(0, Math.Min(most, samples - first) * perSample);
            plan.Read(tensor, (long)first * perSample, block);
            action(block);
        }
    }

    /// <summary>Receives some numbers, and may change them.</summary>
    public delegate void BlockAction(Span<double> block);

    private void Add(Span<double> output)
    {
        values.Add(output);
        foreach (double v in output)
            idle += v <= watched.Low || v >= watched.High ? 1 : 0;
        seen += output.Length;
    }

    public AuditedLayer ToLayer() =>
        new(Layer.Path, Layer.Kind, values.Deviation, gradients.Size, watched.Fault == UnitFault.None ? double.NaN : idle / seen, alike);

    // The first two units: elements of the last axis after a dense layer, else channels.
    private bool IsAlike(ReadOnlySpan<double> gradient, int perSample)
    {
        bool last = WatchedLayer.UnitsAreLast(Layer.Kind);
        int units = last ? Layer.Output[^1] : Layer.Output[0], inner = last ? 1 : perSample / units;
        if (units < 2)
            return false;
        for (int row = 0; row < gradient.Length; row += units * inner)
        {
            if (!gradient.Slice(row, inner).SequenceEqual(gradient.Slice(row + inner, inner)))
                return false;
        }
        return true;
    }
}
