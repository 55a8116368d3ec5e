using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data;

/// <summary>A loaded data set.</summary>
public sealed record DataSet
{
    public required DataShape Shape { get; init; }

    public required SampleSet Train { get; init; }

    /// <summary>Samples held out for the final evaluation; null if the source has none.</summary>
    public SampleSet? Test { get; init; }

    /// <summary>Samples to evaluate each epoch; null if the source has none.</summary>
    public SampleSet? Validation { get; init; }

    /// <summary>Names of the classes in the order of their labels; null if they have none.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Names of the targets (labels of multi-label data, columns); null if they have none.</summary>
    public IReadOnlyList<string>? TargetNames { get; init; }

    /// <summary>Columns of the training table; null if it is not a table.</summary>
    public TableColumns? Columns { get; init; }

    /// <summary>Texts that samples are made of after splitting; null for other data.</summary>
    internal TextSource? Text { get; init; }

    /// <summary>Notes for the user about how it was read.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Description of its origin: files, sizes, or the generator and its seed.</summary>
    public required string Origin { get; init; }

    /// <summary>Hash of everything above that affects training: a resumed run refuses other data.</summary>
    public required string Fingerprint { get; init; }
}
