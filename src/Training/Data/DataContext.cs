using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data;

/// <summary>Context for loading a data set.</summary>
/// <param name="Folder">Relative paths in the config are relative to this folder (that of the config file).</param>
/// <param name="Seed">Of the run: for generated data and random splits.</param>
/// <param name="Progress">Told what is being done, and how far it is from 0 to 1 (null when unknown).</param>
public sealed record DataContext(string Folder, ulong Seed, Action<string, double?>? Progress = null)
{
    /// <summary>Where samples are kept: in memory or on disk.</summary>
    public SampleCache Cache { get; init; }

    /// <summary>What an earlier training fitted to the data (columns, classes, scaling), to be reused; null for a new training.</summary>
    public FittedInput? Fitted { get; init; }

    /// <summary>The value in masks whose pixels do not count; null for none.</summary>
    public int? IgnoreIndex { get; init; }

    /// <summary>Whether the samples are their own targets, so that none are wanted.</summary>
    public bool WithoutAnswers { get; init; }

    /// <summary>Cancelled when the data are not wanted any more.</summary>
    public CancellationToken Stop { get; init; }
}
