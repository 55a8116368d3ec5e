using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>A network's prediction for one sample.</summary>
/// <param name="Label">The most likely class; null for regression.</param>
/// <param name="Name">Its name.</param>
/// <param name="Values">
/// A probability per class (a score, for losses without probabilities), or the predicted numbers (probabilities for bce-with-logits); for masks
/// the class of each pixel, NaN if the network's scores are not finite.
/// </param>
public sealed record Prediction(int? Label, string? Name, IReadOnlyList<double> Values)
{
    /// <summary>[H, W] if the values are a class per pixel, [C, H, W] if they are an image; null otherwise.</summary>
    public Shape? Map { get; init; }

    /// <summary>The class of each real step of a sequence, by name; the values are then their numbers, NaN if the network's scores are not finite. Null otherwise.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>The tokens that have the tags; null if unknown.</summary>
    public IReadOnlyList<string>? Tokens { get; init; }

    /// <summary>The prediction without that for padding.</summary>
    internal Prediction Of(SampleSet samples, int sample)
    {
        if (Tags is null)
            return this;
        int length = samples.Lengths?[sample] ?? Tags.Count;
        return this with { Values = [.. Values.Take(length)], Tags = [.. Tags.Take(length)], Tokens = samples.Tokens?[sample][..length] };
    }
}

/// <summary>Predicts with a trained network.</summary>
public sealed class Predictor
{
    private const int MostAtOnce = 256;

    private readonly RunConfig config;
    private readonly Network network;
    private readonly Action<Model> load;
    private readonly ModelCard card;

    /// <param name="config">The experiment it was trained in.</param>
    /// <param name="card">Scaling of raw values, names of the classes.</param>
    /// <param name="load">Sets the weights.</param>
    public Predictor(RunConfig config, ModelCard card, Action<Model> load)
    {
        this.config = config;
        this.card = card;
        this.load = load;
        network = Network.Build(config.Model, card.Shape);
    }

    /// <summary>Probability above which a pixel is of the second of two classes; null for the likelier one.</summary>
    public double? MaskThreshold { get; init; }

    /// <summary>Predicts all samples of a set, in order; they are raw, like the training data.</summary>
    public IReadOnlyList<Prediction> Predict(SampleSet samples, Device device)
    {
        using var model = new Model(config, network, device);
        load(model);
        var source = new BatchSource("samples", samples.WithoutAnswers(), card.Normalization, batch: MostAtOnce);
        source.Upload(model.DeviceMemory);
        int batch = Math.Min(MostAtOnce, samples.Count);
        model.Prepare(null, [source], batch);
        var reader = new PredictionReader(config, card, MaskThreshold);
        var predictions = new List<Prediction>(samples.Count);
        for (int cursor = 0; cursor < samples.Count; cursor += batch)
        {
            int size = Math.Min(batch, samples.Count - cursor);
            model.SetClock(0, 0, cursor);
            source.Provide(model.DeviceMemory, cursor, size);
            BoundGraph bound = model.Evaluation(source, size);
            bound.Plan.Run();
            double[] output = bound.Plan.Read(bound.Graph.Output);
            predictions.AddRange(output.Chunk(output.Length / size).Select((scores, i) => reader.Of(scores).Of(samples, cursor + i)));
        }
        return predictions;
    }
}
