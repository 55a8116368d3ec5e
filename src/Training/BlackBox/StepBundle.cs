using System.Text.Json;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.BlackBox;

/// <summary>
/// The last steps of a run with all that they compute from: config, state, samples. As a folder it can be taken to another machine:
/// <code>
/// model.json   the config, the scaling of the data
/// steps.json   number, learning rate and batches of each step
/// state.npz    parameters, optimizer, running statistics as the first step found them
/// samples.npz  the samples of the batches, raw
/// </code>
/// </summary>
public sealed record StepBundle
{
    private const string StepsFile = "steps.json", StateFile = "state.npz", SamplesFile = "samples.npz";

    public required ModelCard Card { get; init; }

    /// <summary>Samples in the training data.</summary>
    public required int Count { get; init; }

    /// <summary>The samples of all batches, one after the other.</summary>
    public required SampleSet Samples { get; init; }

    public required IReadOnlyList<StepRecord> Steps { get; init; }

    /// <summary>State by the names of its slots.</summary>
    public required IReadOnlyDictionary<string, NumberArray> State { get; init; }

    /// <summary>The id of the device that they ran on.</summary>
    public required string Device { get; init; }

    public RunConfig Config => ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(Card.Config, "model.json (config)"), "the config");

    public static StepBundle Of(ModelCard card, SampleSet train, IReadOnlyList<StepRecord> steps, Snapshot state, string device) => new()
    {
        Card = card,
        Count = train.Count,
        Samples = train.Pick([.. steps.SelectMany(s => s.Batches).SelectMany(b => b.Samples.ToArray())]),
        Steps = steps,
        State = state.ToArrays(),
        Device = device,
    };

    /// <param name="folder">A folder of its own, in the run's.</param>
    public void Save(WorkFolder folder)
    {
        Card.Write(folder);
        var document = new Document(Device, Count, [.. Steps.Select(s => new StepLine(
            s.Step, s.Epoch, s.Rate, [.. s.Batches.Select(b => new BatchLine(b.Number, b.Samples.ToArray()))]))]);
        DurableFile.WriteText(folder, StepsFile, JsonSerializer.Serialize(document, Options) + "\n");
        NpzWriter.Save(folder, StateFile, npz =>
        {
            foreach ((string name, NumberArray array) in State)
            {
                if (array.Values is float[] floats)
                    npz.Add(name, array.Sizes, floats);
                else
                    npz.Add(name, array.Sizes, array.ToDoubles());
            }
        });
        NpzWriter.Save(folder, SamplesFile, npz =>
        {
            int[] sizes = [Samples.Count, .. Samples.Shape.Sizes];
            if (Samples.Bytes is not null)
                npz.Add("x", sizes, Samples.Bytes);
            else if (Samples.Doubles is not null)
                npz.Add("x", sizes, Samples.Doubles);
            else
                npz.Add("x", sizes, Samples.Reals);
            if (Samples.Labels is not null)
                npz.Add("labels", [Samples.Count], Samples.Labels);
            if (Samples.Targets is not null)
                npz.Add("targets", [Samples.Count, Samples.TargetSize], Samples.Targets);
        });
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: not such a folder, or damaged.</exception>
    public static StepBundle Load(string folder)
    {
        string path = Path.Combine(folder, StepsFile);
        if (!File.Exists(path))
            throw new GpuGradException(Fault.Data, $"{folder}: no {StepsFile} here; expected a folder nonfinite-step-N that a stopped run left");
        ModelCard card = ModelCard.Read(folder);
        Document document = ReadDocument(path);
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(Path.Combine(folder, SamplesFile));
        NumberArray x = arrays.GetValueOrDefault("x") ?? throw new GpuGradException(Fault.Data, $"{folder}/{SamplesFile}: no array 'x'");
        int samples = document.Steps.Sum(s => s.Batches.Sum(b => b.Samples.Count));
        if (x.Count != (long)samples * card.Shape.Shape.Count || document.Steps.Any(s => s.Batches.Any(b => b.Samples.Any(i => i < 0 || i >= document.Count))))
            throw new GpuGradException(Fault.Data, $"{folder}: {SamplesFile} and {StepsFile} do not belong together; expected {samples} samples {card.Shape.Shape}");
        return new StepBundle
        {
            Card = card,
            Count = document.Count,
            Samples = new SampleSet
            {
                Shape = card.Shape.Shape,
                Count = samples,
                Bytes = x.AsBytes,
                Reals = x.AsBytes is null && x.IsFloats ? x.ToFloats() : null,
                Doubles = x.IsFloats ? null : x.ToDoubles(),
                Labels = arrays.GetValueOrDefault("labels")?.ToInts(),
                Targets = arrays.GetValueOrDefault("targets")?.ToFloats(),
                TargetSize = card.Shape.Targets,
            },
            Steps = [.. document.Steps.Select(s => new StepRecord(
                s.Step, s.Epoch, s.Rate, false, [.. s.Batches.Select(b => new BatchRecord(b.Number, [.. b.Samples], 0, b.Samples.Count))]))],
            State = Npz.Read(Path.Combine(folder, StateFile)),
            Device = document.Device,
        };
    }

    /// <summary>The samples at their places in data of the size they come from, because random changes go by that place.</summary>
    internal SampleSet Spread()
    {
        int[] places = [.. Steps.SelectMany(s => s.Batches).SelectMany(b => b.Samples.ToArray())];
        return Samples with
        {
            Count = Count,
            Bytes = Spread(Samples.Bytes, places, Samples.Shape.Count),
            Reals = Spread(Samples.Reals, places, Samples.Shape.Count),
            Doubles = Spread(Samples.Doubles, places, Samples.Shape.Count),
            Labels = Spread(Samples.Labels, places, 1),
            Targets = Spread(Samples.Targets, places, Samples.TargetSize),
        };
    }

    private T[]? Spread<T>(T[]? values, int[] places, int size)
    {
        if (values is null)
            return null;
        var all = new T[checked((long)Count * size)];
        for (int i = 0; i < places.Length; i++)
            Array.Copy(values, (long)i * size, all, (long)places[i] * size, size);
        return all;
    }

    private static Document ReadDocument(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Document>(File.ReadAllText(path), Options) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new GpuGradException(Fault.Data, $"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private sealed record Document(string Device, int Count, IReadOnlyList<StepLine> Steps);

    private sealed record StepLine(long Step, int Epoch, double Rate, IReadOnlyList<BatchLine> Batches);

    private sealed record BatchLine(long Number, IReadOnlyList<int> Samples);
}
