using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Diagnostics.BatchFinding;

/// <summary>Settings of the search for a batch size.</summary>
public sealed record BatchFinderOptions
{
    /// <summary>Training steps before the gradients are compared: at initial weights they agree far more than they do later.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>Batches whose gradients are compared; fewer if the training set does not fill them.</summary>
    public int Batches { get; init; } = 32;

    /// <summary>Weights to measure at instead of training; a <c>.safetensors</c> file.</summary>
    public string? Weights { get; init; }

    /// <summary>Time to spend on each batch size, in seconds.</summary>
    public double Seconds { get; init; } = 0.5;

    /// <summary>Reports the current work, with the share that is done.</summary>
    public Action<string, double>? Progress { get; init; }
}

/// <summary>
/// Looks for a batch size: compares the gradients of several batches for their noise (McCandlish, Kaplan et al., "An Empirical Model of Large-Batch
/// Training", 2018), times steps of several sizes, and picks the size with the shortest predicted time to a given loss. The model holds for
/// SGD at its best learning rate; another batch size needs another rate. No run is changed.
/// </summary>
public sealed class BatchFinder
{
    private const int FewestBatches = 4;

    private static readonly double[] Sizes = [1 / 8.0, 1 / 4.0, 1 / 2.0, 1, 2, 4, 8];

    private readonly RunConfig config;
    private readonly Network network;
    private readonly Device device;
    private readonly TrainingData data;
    private readonly BatchFinderOptions options;

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: there are no independent batches to compare.</exception>
    public BatchFinder(RunConfig config, Network network, Device device, TrainingData data, BatchFinderOptions options)
    {
        if (config.Data.InStreams)
            throw ConfigException.At(config.Data.Dataset!.Source, "text has 'streams', so each batch continues the one before; expected independent batches: remove 'streams'");
        if (data.Train.Count < FewestBatches)
            throw new GpuGradException(Fault.Config, FormattableString.Invariant($"{data.Train.Count} training samples; expected at least {FewestBatches} to compare batches"));
        // A batch per step, no diagnostics, no target to reach.
        this.config = config.For(data) with { Target = null, Train = config.Train with { Accumulate = 1 }, Diagnostics = config.Diagnostics with { Every = 0 } };
        (this.network, this.device, this.data, this.options) = (network, device, data, options);
    }

    public BatchFinding Find()
    {
        (int steps, double[][]? weights) = options.Weights is null ? Train() : (0, null);
        using var model = new Model(config, network, device);
        int size = Math.Min(config.Data.Batch, data.Train.Count / FewestBatches), batches = Math.Min(options.Batches, data.Train.Count / size);
        var source = new BatchSource("train", data.Train, data.Normalization, data.Augmentation, size);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], size);
        SetWeights(model, weights);
        List<Parameter[]> layers = [.. network.Parameters.Where(model.Memory.Layout.IsTrained).GroupBy(p => p.Layer).Select(l => l.ToArray())];
        GradientMoments moments = Compare(model, source, batches, size, layers);
        return new BatchFinding(steps, batches, size, moments.OfAll(), moments.InverseError(), [.. layers.Select((l, i) => moments.Of(LabelOf(l[0].Layer), i))], [.. Times()]);
    }

    private string LabelOf(string path) => network.AllLayers.FirstOrDefault(l => l.Path == path) is { } layer ? $"{path} {layer.Kind}" : path;

    private void SetWeights(Model model, double[][]? trained)
    {
        if (options.Weights is not null)
            WeightFile.Load(options.Weights, model);
        for (int i = 0; i < trained?.Length; i++)
            model.Write(network.Parameters[i], trained[i]);
    }

    // The first steps of the training that the config asks for.
    private (int Steps, double[][]? Weights) Train()
    {
        using var enough = new CancellationTokenSource();
        using var trainer = new Trainer(config, data, device, new StepLimit(options.Steps, share => options.Progress?.Invoke("training", share), enough));
        if (options.Steps > 0)
            trainer.Run(enough.Token);
        return ((int)trainer.State.Step, [.. trainer.Network.Parameters.Select(p => trainer.Model.Read(p))]);
    }

    private GradientMoments Compare(Model model, BatchSource source, int batches, int size, List<Parameter[]> layers)
    {
        source.Shuffle(model.DeviceMemory, new RandomStream(config.Seed, Purpose.Explore, 900).Permutation(source.Count));
        float[][] room = [.. layers.Select(l => new float[l.Sum(p => p.Shape.Count)])];
        var moments = new GradientMoments(batches, size, source.Count, [.. room.Select(r => r.Length)]);
        BoundGraph bound = model.Training(size);
        foreach (Action<int, int, ReadOnlySpan<float>> take in new Action<int, int, ReadOnlySpan<float>>[] { moments.Add, moments.Compare })
        {
            for (int k = 0; k < batches; k++)
            {
                Differentiate(model, source, bound, k, size);
                for (int l = 0; l < layers.Count; l++)
                {
                    Read(model, layers[l], room[l]);
                    take(k, l, room[l]);
                }
                options.Progress?.Invoke("comparing gradients", (k + 1.0) / batches);
            }
        }
        return moments;
    }

    private void Differentiate(Model model, BatchSource source, BoundGraph bound, int batch, int size)
    {
        model.SetStep(config.Seed, batch, batch * size, 0, rate: 0);
        source.Provide(model.DeviceMemory, batch * size, size, new BatchTime(config.Seed, batch));
        bound.Plan.Run(Phase.Batch, Phase.Backward);
        bound.Plan.Synchronize();
        if (!double.IsFinite(bound.Loss))
            throw new GpuGradException(Fault.NonFinite, FormattableString.Invariant($"the loss of a batch is {bound.Loss}, so its gradient is meaningless; try fewer steps of training before (--steps) or a smaller learning rate"));
    }

    private static void Read(Model model, Parameter[] layer, float[] into)
    {
        int at = 0;
        foreach (Parameter parameter in layer)
        {
            model.ReadGradient(parameter, into.AsSpan(at, parameter.Shape.Count));
            at += parameter.Shape.Count;
        }
    }

    // Up to the largest that the training set fills and the memory holds.
    private IEnumerable<BatchTiming> Times()
    {
        int[] sizes = [.. Sizes.Select(s => (int)(s * config.Data.Batch)).Where(s => s >= 1 && s <= data.Train.Count).DefaultIfEmpty(data.Train.Count).Distinct()];
        for (int i = 0; i < sizes.Length; i++)
        {
            options.Progress?.Invoke("timing steps", (double)i / sizes.Length);
            BatchTiming timing;
            try
            {
                StepFigures figures = StepBenchmark.Run(
                    config with { Data = config.Data with { Batch = sizes[i] } }, network, device, data.Train.Pick([.. Enumerable.Range(0, sizes[i])]), data.Normalization, peak: null, options.Seconds);
                timing = new BatchTiming(sizes[i], figures.Step.Median);
            }
            catch (GpuGradException e) when (e.Fault == Fault.Memory && i > 0)
            {
                yield break;
            }
            yield return timing;
        }
    }
}
