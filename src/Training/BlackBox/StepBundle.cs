using System.Text.Json;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.BlackBox;

/// <summary>
/// The last steps of a run with all that they depend on: config, state, samples. As a folder it can be copied to another machine:
/// <code>
/// model.json   the config, the scaling of the data
/// steps.json   number, learning rate and batches of each step
/// state.npz    parameters, optimizer, running statistics before the first step
/// samples.npz  the samples of the batches, raw
/// </code>
/// </summary>
public sealed record StepBundle
{
    private const int MostSteps = 2 * FlightRecorder.MostRecords;
    private const int MostBytes = 256 << 20;
    private const long MostNumber = 1L << 53;
    private const string StepsFile = "steps.json", StateFile = "state.npz", SamplesFile = "samples.npz";

    public required ModelCard Card { get; init; }

    /// <summary>Number of samples in the training data.</summary>
    public required int Count { get; init; }

    /// <summary>The samples of all batches, in order.</summary>
    public required SampleSet Samples { get; init; }

    public required IReadOnlyList<StepRecord> Steps { get; init; }

    /// <summary>State by slot name.</summary>
    public required IReadOnlyDictionary<string, NumberArray> State { get; init; }

    /// <summary>Id of the device that they ran on.</summary>
    public required string Device { get; init; }

    public RunConfig Config => CardConfig.Of(Card, ModelCard.FileName).Config;

    public static StepBundle Of(ModelCard card, SampleSet train, IReadOnlyList<StepRecord> steps, Snapshot state, string device) => new()
    {
        Card = card,
        Count = train.Count,
        Samples = train.Pick([.. steps.SelectMany(s => s.Batches).SelectMany(b => b.Samples.ToArray())]),
        Steps = steps,
        State = state.ToArrays(),
        Device = device,
    };

    /// <param name="folder">A subfolder of the run's.</param>
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
            if (Samples.PositionLabels is not null)
                npz.Add("position-labels", [Samples.Count, .. Samples.AnswerShape!.Value.Sizes], Samples.PositionLabels);
            if (Samples.Lengths is not null)
                npz.Add("lengths", [Samples.Count], Samples.Lengths);
            if (Samples.Mask is not null)
                npz.Add("masks", [Samples.Count, .. Samples.AnswerShape!.Value.Sizes], Samples.Mask);
            if (Samples.Targets is not null)
                npz.Add("targets", [Samples.Count, Samples.TargetSize], Samples.Targets);
        });
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is not such a folder, or damaged.</exception>
    public static StepBundle Load(string folder)
    {
        string path = Path.Combine(folder, StepsFile);
        if (!File.Exists(path))
            throw new GpuGradException(Fault.Data, $"{folder}: no {StepsFile} here; expected a folder nonfinite-step-N that a stopped run left");
        ModelCard card = ModelCard.Read(folder);
        RunConfig config = CardConfig.Of(card, Path.Combine(folder, ModelCard.FileName)).Config;
        Document document = ReadDocument(path);
        if (Problem(document, config, card.Shape) is string wrong)
            throw new GpuGradException(Fault.Data, $"{path}: {wrong}");
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(Path.Combine(folder, SamplesFile));
        NumberArray x = arrays.GetValueOrDefault("x") ?? throw new GpuGradException(Fault.Data, $"{folder}/{SamplesFile}: no array 'x'");
        int samples = document.Steps.Sum(s => s.Batches.Sum(b => b.Samples.Count));
        if (x.Count != (long)samples * card.Shape.Shape.Count || !Answers(arrays, config, card.Shape, samples))
            throw new GpuGradException(Fault.Data, $"{folder}: {SamplesFile} and {StepsFile} do not belong together; expected {samples} samples {card.Shape.Shape} with what should come out for each");
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
                Mask = arrays.GetValueOrDefault("masks")?.AsBytes,
                PositionLabels = arrays.GetValueOrDefault("position-labels")?.ToInts(),
                Lengths = arrays.GetValueOrDefault("lengths")?.ToInts(),
                AnswerShape = card.Shape.Answer,
                TargetIsInput = config.Data.Target == TargetKind.Input,
            },
            Steps = [.. document.Steps.Select(s => new StepRecord(
                s.Step, s.Epoch, s.Rate, false, [.. s.Batches.Select(b => new BatchRecord(b.Number, [.. b.Samples], 0, b.Samples.Count))]))],
            State = Npz.Read(Path.Combine(folder, StateFile)),
            Device = document.Device,
        };
    }

    /// <summary>The samples at their positions in data of the original size, because random changes depend on the position.</summary>
    internal SampleSet Spread()
    {
        int bytes = Samples.Shape.Count * (Samples.Bytes is null ? sizeof(float) : 1);
        HostMemory.Require("the bundle's samples", checked(Count * ((long)bytes + sizeof(int) + (Samples.TargetSize * sizeof(float)))));
        int[] places = [.. Steps.SelectMany(s => s.Batches).SelectMany(b => b.Samples.ToArray())];
        return Samples with
        {
            Count = Count,
            Bytes = Spread(Samples.Bytes, places, Samples.Shape.Count),
            Reals = Spread(Samples.Reals, places, Samples.Shape.Count),
            Doubles = Spread(Samples.Doubles, places, Samples.Shape.Count),
            Labels = Spread(Samples.Labels, places, 1),
            Targets = Spread(Samples.Targets, places, Samples.TargetSize),
            Mask = Spread(Samples.Mask, places, Samples.AnswerShape?.Count ?? 0),
            PositionLabels = Spread(Samples.PositionLabels, places, Samples.AnswerShape?.Count ?? 0),
            Lengths = Spread(Samples.Lengths, places, 1),
        };
    }

    // Values that the program never writes; memory is allocated and kernels index by these numbers.
    private static string? Problem(Document document, RunConfig config, DataShape shape)
    {
        if (document.Steps.Count is 0 or > MostSteps || document.Steps.Any(s => s is null || s.Batches.Count == 0 || s.Batches.Count > config.Train.Accumulate))
            return $"expected 1 to {MostSteps} steps, each of 1 to {config.Train.Accumulate} batches";
        if (document.Steps.Any(s => s.Step is < 1 or > MostNumber || s.Epoch < 1 || !double.IsFinite(s.Rate) || s.Rate < 0))
            return "a step's number or epoch is below 1, or its rate is negative or not finite";
        BatchLine?[] batches = [.. document.Steps.SelectMany(s => s.Batches)];
        if (batches.Any(b => b is null || b.Number is < 0 or > MostNumber || b.Samples.Count == 0))
            return "a batch is null, negative or empty";
        // A batch has the size in the config, or is the last of an epoch.
        if (document.Count < 1 || batches.Any(b => b!.Samples.Count != config.Data.Batch && b.Samples.Count != document.Count % config.Data.Batch))
            return $"a batch has neither {config.Data.Batch} samples, as the config says, nor what is left of {document.Count}";
        if (batches.Any(b => b!.Samples.Any(i => i < 0 || i >= document.Count)))
            return $"a sample is not one of the {document.Count} that the data had";
        // The replay puts the samples at their positions in data of that size.
        return document.Count > Array.MaxLength / Math.Max(shape.Shape.Length, Math.Max(1, Math.Max(shape.Targets, shape.Answer?.Length ?? 0)))
            ? $"{document.Count} samples of {shape.Shape} are more than any training can have had in memory"
            : null;
    }

    private static bool Answers(IReadOnlyDictionary<string, NumberArray> arrays, RunConfig config, DataShape shape, int samples)
    {
        if (config.Data.Target == TargetKind.Input)
            return true;
        if (arrays.GetValueOrDefault("lengths") is { } lengths && (lengths.Count != samples || !Array.TrueForAll(lengths.ToDoubles(), l => l >= 1 && l <= shape.Shape[0])))
            return false;
        if (shape.HasPositionClasses)
            return arrays.GetValueOrDefault("position-labels") is NumberArray steps && steps.Count == samples * shape.Answer!.Value.Length && Array.TrueForAll(steps.ToDoubles(), l => l >= -1 && l < shape.Classes);
        if (shape.MaskShape is { } mask)
            return arrays.GetValueOrDefault("masks")?.AsBytes is byte[] masks && masks.Length == (long)samples * mask.Length && Array.TrueForAll(masks, c => c == SampleSet.Ignored || c < shape.Classes);
        if (shape.Classes > 0)
            return arrays.GetValueOrDefault("labels") is NumberArray labels && labels.Count == samples && labels.ToDoubles().All(l => l >= 0 && l < shape.Classes);
        return arrays.GetValueOrDefault("targets") is NumberArray targets && targets.Count == (long)samples * shape.Targets;
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
            return JsonSerializer.Deserialize<Document>(RegularFile.ReadAll(path, MostBytes), Options) ?? throw new JsonException("null");
        }
        catch (Exception e) when (JsonRecord.IsOfJson(e))
        {
            throw JsonRecord.Damaged(path, e);
        }
    }

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
    };

    private sealed record Document(string Device, int Count, IReadOnlyList<StepLine> Steps);

    private sealed record StepLine(long Step, int Epoch, double Rate, IReadOnlyList<BatchLine> Batches);

    private sealed record BatchLine(long Number, IReadOnlyList<int> Samples);
}
