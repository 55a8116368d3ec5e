using System.Globalization;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data;

/// <summary>A data set prepared for training: limited, split, with scaling and augmentation.</summary>
public sealed record TrainingData
{
    /// <summary>Random stream of the limit, the test part and the validation part.</summary>
    private const uint LimitStream = 0, TestStream = 1, ValidationStream = 2;

    public required DataShape Shape { get; init; }

    public required SampleSet Train { get; init; }

    public SampleSet? Validation { get; init; }

    public SampleSet? Test { get; init; }

    /// <summary>Scaling of raw values, fitted on <see cref="Train"/> only.</summary>
    public required Normalization Normalization { get; init; }

    /// <summary>Augmentation of <see cref="Train"/>; null for none.</summary>
    public Augmentations? Augmentation { get; init; }

    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Names of the targets; null if they have none.</summary>
    public IReadOnlyList<string>? TargetNames { get; init; }

    public required string Origin { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>Columns of the training table; null if it is not a table.</summary>
    public TableColumns? Columns { get; init; }

    /// <summary>The vocabulary of texts; null for other data.</summary>
    public TextVocabulary? Text { get; init; }

    /// <summary>Notes for the user about how the data were read.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The share of each class among the training samples (pixels for masks); empty without classes.</summary>
    public IReadOnlyList<double> ClassShares => Health.GuessLoss.SharesOf(Train, Shape.Classes);

    /// <summary>The same; for multi-label data, the share of the training samples that have each label.</summary>
    public IReadOnlyList<double> AnswerShares => Shape.Classes > 0 || Train.Targets is null || Train.AnswerShape is not null
        ? ClassShares
        : [.. Enumerable.Range(0, Train.TargetSize).Select(t => Enumerable.Range(0, Train.Count).Average(i => (double)Train.Targets[((long)i * Train.TargetSize) + t]))];

    /// <summary>Loads the data set of an experiment and prepares it for its network.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/> for a broken file, <see cref="Fault.Config"/> for parts that don't fit.</exception>
    public static TrainingData Load(RunConfig config, DataContext context)
    {
        DataSet data = LoadSet(config.Data, context with { IgnoreIndex = config.Loss.Ignored });
        TargetCheck.Run(config, data);
        AugmentConfig.CheckTargets(config, data.Shape);
        if (LabelCheck.Run(config, data) is string note)
            data = data with { Notes = [.. data.Notes, note] };
        return Prepare(config.Data, data, context.Seed, config, context.Fitted);
    }

    internal static DataSet LoadSet(DataConfig config, DataContext context)
    {
        DatasetConfig source = config.Dataset ?? throw ConfigException.At(config.Source, "data: no 'dataset' to train on; expected one, e.g. 'dataset: digits'");
        if (source.KnownShape is DataShape known)
            AugmentConfig.Check(config, known);
        DataSet data = source.Load(context with { Cache = config.Cache, WithoutAnswers = config.Target is not null });
        if (data is { Columns: null, Text: null })
            SettingsWithoutEffect.RefuseOtherShape(config, data.Shape);
        if (data.Text is not null && config.Target is not null)
            throw ConfigException.At(config.Source, "data.target: input is for pictures and arrays, the data set is text; leave it out");
        AugmentConfig.Check(config, data.Shape, data.Train.AreBytes);
        if (data.Shape.Answer is { } answer && config.Augmentation?.MovesPixels == true && !answer.Sizes[^2..].SequenceEqual(data.Shape.Shape.Sizes[^2..]))
            throw ConfigException.At(config.Source, $"augment moves pictures {data.Shape.Shape}, and what is said of their pixels is {answer}; expected both of one height and width");
        if (data.Train.Rows is not null && data.Text is null && config.Cache == SampleCache.Auto)
            data = data with { Notes = [.. data.Notes, $"{data.Origin}: {data.Train.Count} samples stay on disk and are read ahead of each step; 'cache: memory' keeps them in memory"] };
        return config.Target is null ? data : AsTarget(config, data);
    }

    // Labels in the data are dropped.
    private static DataSet AsTarget(DataConfig config, DataSet data)
    {
        if (data.Columns is not null)
            throw ConfigException.At(config.Source, "data.target: input is for pictures and arrays, the data set is a table; expected 'targets' in the data set's settings");
        DataShape shape = DataConfig.AsTarget(data.Shape);
        SampleSet train = Itself(data.Train);
        SampleSet? test = data.Test is null ? null : Itself(data.Test), validation = data.Validation is null ? null : Itself(data.Validation);
        return data with { Shape = shape, Train = train, Test = test, Validation = validation, ClassNames = null, TargetNames = null };

        SampleSet Itself(SampleSet samples) => samples.WithoutAnswers() with { TargetIsInput = true, TargetSize = shape.Targets, AnswerShape = shape.Answer };
    }

    /// <summary>Splits a loaded data set and fits its scaling.</summary>
    /// <param name="config">The data section.</param>
    /// <param name="data">The data set.</param>
    /// <param name="seed">Seed of the run, which decides the split.</param>
    /// <param name="run">The experiment, whose network may take raw rows of a table and whose loss may take scaled targets; null for neither.</param>
    /// <param name="fitted">Scaling and categories of an earlier training; null for a new one.</param>
    internal static TrainingData Prepare(DataConfig config, DataSet data, ulong seed, RunConfig? run = null, FittedInput? fitted = null)
    {
        SampleSet train = data.Train;
        SampleSet? test = data.Test, validation = data.Validation;
        if (config.Validation is not null && validation is not null)
            throw ConfigException.At(config.Source, "data: 'validation' holds training samples back, but the data set has its own validation set; expected one of the two");
        bool isSeries = data.Columns?.Window is not null || data.Text?.IsStream == true;
        TextVocabulary? vocabulary = null;
        if (config.Limit is int limit && limit < train.Count && !isSeries)
        {
            int[] chosen = new RandomStream(seed, Purpose.Split, LimitStream).Permutation(train.Count)[..limit];
            Array.Sort(chosen);
            train = train.Part(chosen);
        }
        if (config.Test is not null && test is not null)
            throw ConfigException.At(config.Source, "data: 'test' holds training samples back, but the data set has its own test set; expected one of the two");
        if (config.Test is not null && !isSeries)
            (train, test) = HoldBack(config, train, config.Test, "test", new RandomStream(seed, Purpose.Split, TestStream));
        if (config.Validation is not null && !isSeries)
            (train, validation) = HoldBack(config, train, config.Validation, "validation", new RandomStream(seed, Purpose.Split, ValidationStream));
        if (data.Columns is { Window: not null } series)
        {
            var notes = new List<string>(data.Notes);
            SeriesParts parts = SeriesParts.Of(config, data, fitted?.Columns ?? series, fitted is not null, notes.Add);
            (train, validation, test) = (parts.Train, parts.Validation, parts.Test);
            data = data with { Columns = parts.Columns, Shape = new DataShape(train.Shape, train.Labels is null ? 0 : data.Shape.Classes, train.TargetSize), Notes = notes };
            SettingsWithoutEffect.RefuseOtherShape(config, data.Shape);
        }
        else if (data.Columns is { } read)
        {
            TableColumns columns = fitted?.Columns ?? TableFitting.Fit(read, train);
            var notes = new List<string>(data.Notes);
            (train, validation, test) = Encode(new TableEncoder(columns), train, validation, test, notes.Add);
            data = data with { Columns = columns, Shape = data.Shape with { Shape = train.Shape, Embeddings = columns.Embeddings() }, Notes = notes };
            if (data.Shape.Embeddings is not null && config.Augment.Count > 0)
                throw ConfigException.At(config.Augment[0].Source, "augment: samples hold ids of categories ('embedding' of a column), which random changes would make others; expected no 'augment', or columns without 'embedding'");
            SettingsWithoutEffect.RefuseOtherShape(config, data.Shape);
        }
        else if (data.Text is { } texts)
        {
            var notes = new List<string>(data.Notes);
            TextParts parts = texts.Make(config, seed, (train, validation, test), fitted, notes.Add);
            (train, validation, test, vocabulary) = (parts.Train, parts.Validation, parts.Test, parts.Vocabulary);
            data = data with { Shape = parts.Shape, Notes = notes };
            SettingsWithoutEffect.RefuseOtherShape(config, data.Shape);
        }
        return Finish(config, data, run, fitted, new TrainingData
        {
            Shape = fitted is null ? data.Shape : Same(data, fitted),
            Train = train,
            Validation = validation,
            Test = test,
            Normalization = Normalization.None(1),
            Augmentation = config.Augmentation,
            ClassNames = fitted is null ? data.ClassNames : fitted.ClassNames,
            TargetNames = fitted is null ? data.TargetNames : fitted.TargetNames,
            Columns = data.Columns,
            Text = vocabulary,
            Notes = fitted?.Fingerprint is { Length: > 0 } trained && trained != data.Fingerprint
                ? [.. data.Notes, $"{data.Origin}: not the data that the network was trained on (fingerprint {data.Fingerprint[..8]}, then {Short(trained)})"]
                : data.Notes,
            Origin = data.Origin,
            Fingerprint = data.Fingerprint,
        });
    }

    // Everything is fitted on the training part only.
    private static TrainingData Finish(DataConfig config, DataSet data, RunConfig? run, FittedInput? fitted, TrainingData prepared)
    {
        IdRange? ids = run is null ? null : IdRange.Of(run, data.Shape.Shape);
        if (prepared.Text is { } vocabulary)
            ids?.Check(vocabulary, config);
        foreach (SampleSet? part in prepared.Text is null ? new[] { prepared.Train, prepared.Validation, prepared.Test } : [])
        {
            if (part is not null)
                ids?.Check(part);
        }
        if ((ids is not null || prepared.Text is not null) && config.Augment.FirstOrDefault(a => a is MixConfig) is { } mixed)
            throw ConfigException.At(mixed.Source, $"augment: {mixed.Name} adds up numbers, the data has rows of an embedding's table (words, categories); leave it out");
        if (fitted is not null)
            return prepared with { Normalization = fitted.Normalization };
        Normalization scaling = ids is null && prepared.Text is null ? NormalizationOf(config.Normalize, prepared.Train, data.Columns) : Normalization.None(prepared.Train.Shape[0]);
        return prepared with
        {
            Normalization = scaling with { Targets = run is null ? null : TargetScaling.Of(run, data, prepared.Train) },
            Notes = [.. prepared.Notes, .. SettingsWithoutEffect.Remarks(config, data.Text is { IsStream: true } ? prepared.Train.Count : data.Train.Count, ids is not null)],
        };
    }

    private static (SampleSet Train, SampleSet? Validation, SampleSet? Test) Encode(TableEncoder encoder, SampleSet train, SampleSet? validation, SampleSet? test, Action<string> note)
    {
        Shape? shape = train.Shape.Rank == 1 ? null : train.Shape;
        return (
            encoder.Encode(train, shape, "the training part", note),
            validation is null ? null : encoder.Encode(validation, shape, "the validation part", note),
            test is null ? null : encoder.Encode(test, shape, "the test part", note));
    }

    private static string Short(string fingerprint) => fingerprint[..Math.Min(8, fingerprint.Length)];

    // Other data may contain fewer classes.
    private static DataShape Same(DataSet data, FittedInput fitted)
    {
        (DataShape found, DataShape wanted) = (data.Shape, fitted.Shape);
        if (found.Shape != wanted.Shape || found.Targets != wanted.Targets || found.Answer != wanted.Answer || found.Classes > wanted.Classes || found.Classes == 0 != (wanted.Classes == 0))
            throw DataFault.In(data.Origin, $"samples {found.Shape} with {Answers(found)}", $"{wanted.Shape} with {Answers(wanted)} as in training");
        return wanted;

        static string Answers(DataShape shape) => shape.Answer is { } map ? $"{(shape.Classes > 0 ? $"{shape.Classes} classes on " : "targets ")}{map}" : shape.Classes > 0 ? $"{shape.Classes} classes" : $"{shape.Targets} targets";
    }

    /// <summary>Scale and centre of each channel.</summary>
    /// <param name="kind">The kind of scaling.</param>
    /// <param name="train">The training part.</param>
    /// <param name="columns">Columns of its table, whose booleans and categories stay 0 and 1; null for other data.</param>
    public static Normalization NormalizationOf(Normalize kind, SampleSet train, TableColumns? columns = null)
    {
        if (train is { Lengths: not null, Shape.Rank: 2 })
            return StepScaling.Of(kind, train);
        int channels = train.Shape[0];
        if (kind == Normalize.None)
            return Normalization.None(channels);
        if (kind == Normalize.Unit && train.AreBytes)
            return new Normalization([.. Enumerable.Repeat(1 / 255.0, channels)], [.. Enumerable.Repeat(0.0, channels)]);
        IReadOnlyList<ChannelStatistics> statistics = ChannelStatistics.Of(train);
        (double Centre, double Width)[] ranges = [.. statistics.Select(s => kind == Normalize.Unit ? (s.Minimum, s.Maximum - s.Minimum) : (s.Mean, s.Deviation))];
        bool[]? scaled = train.Shape.Rank == 1 || columns?.Window is not null ? columns?.Scaled() : null;
        if (scaled is not null)
            ranges = [.. ranges.Select((r, i) => scaled[i] ? r : (0, 1))];
        // A constant channel becomes 0 instead of a division by 0.
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
