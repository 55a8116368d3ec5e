using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Texts;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>A range of a set's samples.</summary>
/// <param name="Samples">Raw samples in memory, like the training data.</param>
/// <param name="First">Index of the first.</param>
/// <param name="Count">Number of samples.</param>
public readonly record struct SamplePart(SampleSet Samples, int First, int Count);

/// <summary>
/// A trained network that stays on its device and predicts batches of any size up to a limit. Results have the same bits as
/// those of <see cref="Predictor"/> for as many samples. Only one thread at a time may use it.
/// </summary>
public sealed class PredictionSession : IDisposable
{
    private readonly Model model;
    private readonly PredictionReader reader;
    private readonly BatchSource numbers;
    private readonly BatchSource? bytes;
    private readonly Dictionary<(bool AreBytes, int Size), BoundGraph> plans = [];

    /// <param name="trained">The network.</param>
    /// <param name="device">The device; not disposed.</param>
    /// <param name="mostAtOnce">Size of the largest batch.</param>
    public PredictionSession(TrainedModel trained, Device device, int mostAtOnce)
    {
        MostAtOnce = mostAtOnce;
        RunConfig config = trained.Config;
        ModelCard card = trained.Card;
        reader = new PredictionReader(config, card);
        int length = checked(mostAtOnce * card.Shape.Shape.Count);
        bool padded = config.Data.Dataset is TextConfig { Context: null } or TagsConfig or SeriesConfig;
        int[]? lengths = padded ? [.. Enumerable.Repeat(card.Shape.Shape[0], mostAtOnce)] : null;
        numbers = Source(new SampleSet { Shape = card.Shape.Shape, Count = mostAtOnce, Reals = new float[length], Lengths = lengths }, card);
        // Bytes are scaled by other code than numbers, with other rounding.
        bytes = card.Input.Bytes == true ? Source(new SampleSet { Shape = card.Shape.Shape, Count = mostAtOnce, Bytes = new byte[length] }, card) : null;
        model = new Model(config, Network.Build(config.Model, card.Shape), device);
        try
        {
            trained.Load(model);
            BatchSource[] sources = bytes is null ? [numbers] : [numbers, bytes];
            foreach (BatchSource source in sources)
                source.Upload(model.DeviceMemory);
            model.Prepare(null, sources, mostAtOnce);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        plans[(false, mostAtOnce)] = model.Evaluation(numbers, mostAtOnce);
        if (bytes is not null)
            plans[(true, mostAtOnce)] = model.Evaluation(bytes, mostAtOnce);
    }

    /// <summary>Size of the largest batch.</summary>
    public int MostAtOnce { get; }

    /// <summary>Whether samples are computed as bytes; those that are and those that are not need separate batches.</summary>
    public bool TakesAsBytes(SampleSet samples) => bytes is not null && samples.Bytes is not null;

    /// <summary>Predicts all samples of some parts, in order, in one batch.</summary>
    /// <param name="parts">All as bytes (<see cref="TakesAsBytes"/>), or none; at most <see cref="MostAtOnce"/> samples in total.</param>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<SamplePart> parts)
    {
        bool areBytes = TakesAsBytes(parts[0].Samples);
        BatchSource source = areBytes ? bytes! : numbers;
        int count = 0;
        foreach (SamplePart part in parts)
        {
            source.Write(model.DeviceMemory, areBytes ? part.Samples : AsNumbers(part.Samples), part.First, part.Count, count);
            count += part.Count;
        }
        model.SetClock(0, 0, 0);
        BoundGraph bound = PlanOf(source, areBytes, count);
        bound.Plan.Run();
        double[] output = bound.Plan.Read(bound.Graph.Output);
        IEnumerable<(SampleSet Samples, int Sample)> asked = parts.SelectMany(p => Enumerable.Range(p.First, p.Count).Select(i => (p.Samples, i)));
        return [.. output.Chunk(output.Length / bound.Graph.BatchSize).Zip(asked, (scores, a) => reader.Of(scores).Of(a.Samples, a.Sample))];
    }

    public void Dispose() => model.Dispose();

    private static BatchSource Source(SampleSet room, ModelCard card) => new(room.Bytes is null ? "numbers" : "bytes", room, card.Normalization);

    // A source of numbers would misread bytes.
    private static SampleSet AsNumbers(SampleSet samples) =>
        samples.Bytes is byte[] bytes ? samples with { Bytes = null, Reals = Array.ConvertAll(bytes, b => (float)b) } : samples;

    private BoundGraph PlanOf(BatchSource source, bool areBytes, int count)
    {
        if (!plans.TryGetValue((areBytes, count), out BoundGraph? bound))
            plans[(areBytes, count)] = bound = model.AddInference(source, count) ?? plans[(areBytes, MostAtOnce)];
        return bound;
    }
}
