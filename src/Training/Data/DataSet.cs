using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data;

/// <summary>A loaded data set.</summary>
public sealed record DataSet
{
    public required DataShape Shape { get; init; }

    public required SampleSet Train { get; init; }

    /// <summary>Held-out samples for the final figure; null when the source has none.</summary>
    public SampleSet? Test { get; init; }

    /// <summary>Samples to judge each epoch; null when the source has none.</summary>
    public SampleSet? Validation { get; init; }

    /// <summary>Names of the classes in order of their labels; null when they have none.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Names of the numbers to predict: labels that are there or not, columns; null where they have none.</summary>
    public IReadOnlyList<string>? TargetNames { get; init; }

    /// <summary>Columns of the training table; null where there is none.</summary>
    public TableColumns? Columns { get; init; }

    /// <summary>Texts that samples are made of once they are parted; null for other data.</summary>
    internal TextSource? Text { get; init; }

    /// <summary>What the user should know of how it was read.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Where it came from, in words: files, sizes, or the generator and its seed.</summary>
    public required string Origin { get; init; }

    /// <summary>A hash of everything above that changes a training: a resumed run refuses other data.</summary>
    public required string Fingerprint { get; init; }
}
