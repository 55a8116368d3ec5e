using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data;

/// <summary>Context for loading a data set.</summary>
/// <param name="Folder">Relative paths in the config are relative to this folder (that of the config file).</param>
/// <param name="Seed">Seed of the run, for generated data and random splits.</param>
/// <param name="Progress">Receives the current task and its progress from 0 to 1 (null if unknown).</param>
public sealed record DataContext(string Folder, ulong Seed, Action<string, double?>? Progress = null)
{
    /// <summary>Where samples are kept: in memory or on disk.</summary>
    public SampleCache Cache { get; init; }

    /// <summary>Columns, classes and scaling fitted in an earlier training, to reuse; null for a new training.</summary>
    public FittedInput? Fitted { get; init; }

    /// <summary>The value of mask pixels that are ignored; null for none.</summary>
    public int? IgnoreIndex { get; init; }

    /// <summary>Whether the samples are their own targets, so that none are read.</summary>
    public bool WithoutAnswers { get; init; }

    /// <summary>Cancelled when the data are no longer needed.</summary>
    public CancellationToken Stop { get; init; }
}
