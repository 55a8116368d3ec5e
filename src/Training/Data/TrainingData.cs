using System.Globalization;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data;

/// <summary>A data set made ready for training: limited, parted, with its scaling and its random changes.</summary>
public sealed record TrainingData
{
    /// <summary>Split number of the limit, the test part and the validation part: each has chances of its own.</summary>
    private const uint LimitStream = 0, TestStream = 1, ValidationStream = 2;

    public required DataShape Shape { get; init; }

    public required SampleSet Train { get; init; }

    public SampleSet? Validation { get; init; }

    public SampleSet? Test { get; init; }

    /// <summary>From raw values to what the network sees, measured on <see cref="Train"/> alone.</summary>
    public required Normalization Normalization { get; init; }

    /// <summary>Random changes of <see cref="Train"/>; null for none.</summary>
    public Augmentation? Augmentation { get; init; }

    public IReadOnlyList<string>? ClassNames { get; init; }

    public required string Origin { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>Columns of the training table; null where the data is none.</summary>
    public TableColumns? Columns { get; init; }

    /// <summary>What the user should know of how the data were read.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Loads the data set of an experiment and prepares it for its network.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/> for a broken file, <see cref="Fault.Config"/> for parts that do not fit.</exception>
    public static TrainingData Load(RunConfig config, DataContext context)
    {
        DataSet data = LoadSet(config.Data, context);
        TargetCheck.Run(config, data);
        if (LabelCheck.Run(config, data) is string note)
            data = data with { Notes = [.. data.Notes, note] };
        return Prepare(config.Data, data, context.Seed, IdRange.Of(config, data.Shape.Shape), context.Fitted);
    }

    internal static DataSet LoadSet(DataConfig config, DataContext context)
    {
        DatasetConfig source = config.Dataset ?? throw ConfigException.At(config.Source, "data: no 'dataset' to train on; expected one, e.g. 'dataset: digits'");
        if (source.KnownShape is DataShape known)
            AugmentConfig.Check(config.Augment, known.Shape);
        DataSet data = source.Load(context with { Cache = config.Cache });
        SettingsWithoutEffect.RefuseOtherShape(config, data.Shape);
        AugmentConfig.Check(config.Augment, data.Shape.Shape);
        return data;
    }

    /// <summary>Parts a loaded data set and measures its scaling.</summary>
    /// <param name="config">What is asked for.</param>
    /// <param name="data">The data set.</param>
    /// <param name="seed">Of the run: decides which samples fall into which part.</param>
    /// <param name="ids">Of the network that takes rows of a table; null for others.</param>
    /// <param name="fitted">What a training learned before; null for a new one.</param>
    internal static TrainingData Prepare(DataConfig config, DataSet data, ulong seed, IdRange? ids = null, FittedInput? fitted = null)
    {
        SampleSet train = data.Train;
        SampleSet? test = data.Test, validation = null;
        ids?.Check(train);
        if (test is not null)
            ids?.Check(test);
        if (config.Limit is int limit && limit < train.Count)
        {
            int[] chosen = new RandomStream(seed, Purpose.Split, LimitStream).Permutation(train.Count)[..limit];
            Array.Sort(chosen);
            train = train.Part(chosen);
        }
        if (config.Test is not null && test is not null)
            throw ConfigException.At(config.Source, "data: 'test' holds training samples back, but the data set has a test set of its own; expected one of the two");
        if (config.Test is not null)
            (train, test) = HoldBack(config, train, config.Test, "test", new RandomStream(seed, Purpose.Split, TestStream));
        if (config.Validation is not null)
            (train, validation) = HoldBack(config, train, config.Validation, "validation", new RandomStream(seed, Purpose.Split, ValidationStream));
        return new TrainingData
        {
            Shape = fitted is null ? data.Shape : Same(data, fitted),
            Train = train,
            Validation = validation,
            Test = test,
            Normalization = fitted?.Normalization ?? (ids is null ? NormalizationOf(config.Normalize, train) : Normalization.None(train.Shape[0])),
            Augmentation = config.Augmentation,
            ClassNames = fitted is null ? data.ClassNames : fitted.ClassNames,
            Columns = data.Columns,
            Notes = fitted?.Fingerprint is { Length: > 0 } trained && trained != data.Fingerprint
                ? [.. data.Notes, $"{data.Origin}: not the data that the network was trained on (fingerprint {data.Fingerprint[..8]}, then {Short(trained)})"]
                : data.Notes,
            Origin = data.Origin,
            Fingerprint = data.Fingerprint,
        };
    }

    private static string Short(string fingerprint) => fingerprint[..Math.Min(8, fingerprint.Length)];

    // Fewer classes may occur in other data.
    private static DataShape Same(DataSet data, FittedInput fitted)
    {
        (DataShape found, DataShape wanted) = (data.Shape, fitted.Shape);
        if (found.Shape != wanted.Shape || found.Targets != wanted.Targets || found.Classes > wanted.Classes || found.Classes == 0 != (wanted.Classes == 0))
            throw DataFault.In(data.Origin, $"samples {found.Shape} with {Answers(found)}", $"{wanted.Shape} with {Answers(wanted)} as in training");
        return wanted;

        static string Answers(DataShape shape) => shape.Classes > 0 ? $"{shape.Classes} classes" : $"{shape.Targets} targets";
    }

    /// <summary>Scale and shift of each channel so that x·scale + shift is what is asked for.</summary>
    public static Normalization NormalizationOf(Normalize kind, SampleSet train)
    {
        int channels = train.Shape[0];
        if (kind == Normalize.None)
            return Normalization.None(channels);
        if (kind == Normalize.Unit && train.AreBytes)
            return new Normalization([.. Enumerable.Repeat(1 / 255.0, channels)], [.. Enumerable.Repeat(0.0, channels)]);
        IReadOnlyList<ChannelStatistics> statistics = ChannelStatistics.Of(train);
        (double Centre, double Width)[] ranges = [.. statistics.Select(s => kind == Normalize.Unit ? (s.Minimum, s.Maximum - s.Minimum) : (s.Mean, s.Deviation))];
        // A channel that is the same everywhere becomes 0, not a division by nothing.
        return new Normalization([.. ranges.Select(r => r.Width > 0 && double.IsFinite(1 / r.Width) ? 1 / r.Width : 1)], [.. ranges.Select(r => r.Centre)]);
    }

    private static (SampleSet Kept, SampleSet Held) HoldBack(DataConfig config, SampleSet train, SplitSize size, string key, RandomStream random)
    {
        int held = size.Of(train.Count);
        if (held >= train.Count)
            throw ConfigException.At(config.Source, string.Create(CultureInfo.InvariantCulture, $"data: '{key}: {size}' of {train.Count} training samples leaves none to train on; expected fewer"));
        (int[] kept, int[] heldBack) = Splitter.Split(train, held, random);
        return (train.Part(kept), train.Part(heldBack));
    }
}
