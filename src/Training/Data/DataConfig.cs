using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Data;

/// <summary>The <c>data:</c> section: what to train on and how it becomes batches.</summary>
public sealed record DataConfig
{
    /// <summary>The source; without one, <see cref="Shape"/> must be given, and tools make random data.</summary>
    public DatasetConfig? Dataset { get; init; }

    /// <summary>Shape of a sample, [C, H, W] or [features], where there is no data set.</summary>
    public IReadOnlyList<int>? Shape { get; init; }

    /// <summary>Number of classes, where there is no data set.</summary>
    public int? Classes { get; init => field = value is int v ? Require.Positive(v) : null; }

    /// <summary>Numbers to predict a sample (regression), where there is no data set.</summary>
    public int? Targets { get; init => field = value is int v ? Require.Positive(v) : null; }

    /// <summary>Samples a step.</summary>
    public int Batch { get; init => field = Require.Positive(value); } = 32;

    /// <summary>A new random order each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>What is known of the data's shape before anything is read; null when the file must be read to know.</summary>
    [NotConfig]
    public DataShape? KnownShape =>
        Dataset?.KnownShape ?? (Shape is null ? null : new DataShape(new Shape([.. Shape]), Classes ?? 0, Targets ?? 0));
}
