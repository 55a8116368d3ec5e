using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>
/// What training fitted to its data and every later use must apply: columns, classes, scaling. It is stored with the
/// weights; <see cref="InputPipeline"/> reads files with it.
/// </summary>
public sealed record FittedInput
{
    /// <summary>Shape of a sample and of the targets.</summary>
    public required DataShape Shape { get; init; }

    /// <summary>Scaling of raw values.</summary>
    public required Normalization Normalization { get; init; }

    /// <summary>Names of the classes in order; null if they have none.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Names of the targets; null if they have none.</summary>
    public IReadOnlyList<string>? TargetNames { get; init; }

    /// <summary>Names of the classes or else of the targets; null if they have none.</summary>
    public IReadOnlyList<string>? AnswerNames => ClassNames ?? TargetNames;

    /// <summary>Whether the targets are labels of multi-label data rather than columns of a table.</summary>
    public bool AreTags => TargetNames is not null && (Columns is null || Columns.Tags is not null);

    /// <summary>Columns of the training table; null if the data were not a table.</summary>
    public TableColumns? Columns { get; init; }

    /// <summary>The vocabulary of the training texts; null if the data were not texts.</summary>
    public TextVocabulary? Text { get; init; }

    /// <summary>Whether the raw values were bytes; null if unknown (weights of earlier versions).</summary>
    public bool? Bytes { get; init; }

    /// <summary>Hash of the training data; null if unknown.</summary>
    public string? Fingerprint { get; init; }

    public static FittedInput Of(TrainingData data) => new()
    {
        Shape = data.Shape,
        Normalization = data.Normalization,
        ClassNames = data.ClassNames,
        TargetNames = data.TargetNames,
        Columns = data.Columns,
        Text = data.Text,
        Bytes = data.Train.AreBytes,
        Fingerprint = data.Fingerprint,
    };

    /// <summary>Describes an inconsistency, as in a file that was tampered with; null if there is none.</summary>
    internal string? Problem()
    {
        // For sequences each number may have its own.
        int channels = Shape.Shape is { Rank: 2 } steps && Normalization.Scale.Count == steps.Length ? steps.Count : Shape.Shape[0];
        if (Normalization.Scale.Count != channels || Normalization.Centre.Count != channels)
            return $"scaling of {Normalization.Scale.Count} channels, the samples have {channels}";
        if (!Normalization.Scale.Concat(Normalization.Centre).All(double.IsFinite))
            return "scaling that is not finite";
        if (Normalization.Targets is { } targets && (targets.Scale.Count != Shape.Targets || targets.Centre.Count != Shape.Targets || !targets.Scale.Concat(targets.Centre).All(double.IsFinite) || targets.Scale.Contains(0)))
            return "scaling of targets that is not a factor and a shift for each";
        if (Shape.Answer is { } answer && (Shape.HasPositionClasses ? answer[0] > Shape.Shape[0] : Shape.Classes > 0 ? answer.Rank != 2 || Shape.Classes > SampleSet.Ignored : answer.Length != Shape.Targets))
            return $"an answer of shape {answer} for {Shape.Classes} classes and {Shape.Targets} targets";
        if (ClassNames is not null && ClassNames.Count != Shape.Classes)
            return $"{ClassNames.Count} names of {Shape.Classes} classes";
        if (TargetNames is { } named && (named.Count != Shape.Targets || named.Any(n => n is null)))
            return $"{named.Count} names of {Shape.Targets} targets";
        if (Text is not null)
            return Text.Problem() ?? (Columns is not null || Shape.Shape.Rank != 1 || (Shape.HasPositionClasses && ClassNames is null && Shape.Classes != Text.Size) ? "a vocabulary that is not that of the samples" : null);
        if (Columns is null)
            return null;
        int count = Columns.Columns.Count;
        if (Columns.Columns.FirstOrDefault(c => c.Role == ColumnRole.Feature && c.Fit?.Problem() is not null) is { Fit: { } wrong })
            return wrong.Problem();
        if (Columns.Window?.Problem(Columns.Features) is string window)
            return window;
        if ((long)Columns.Width * (Columns.Window?.Past ?? 1) != Shape.Shape.Length || (Columns.Window?.Answers ?? Columns.Tags?.Count ?? Columns.Targets.Count) != Shape.Targets || Columns.Of(ColumnRole.Label).Count > 1)
            return "columns that are not those of the samples";
        return Columns.Targets.Distinct().Count() == Columns.Targets.Count && Columns.Targets.All(t => t >= 0 && t < count && Columns.Columns[t].Role == ColumnRole.Target) ? null : "targets that are no columns";
    }

    /// <summary>Shape of an array of samples, for messages: <c>[N, 1, 28, 28]</c>.</summary>
    internal string Sizes => $"[N, {string.Join(", ", Shape.Shape.Sizes.ToArray())}]";
}
