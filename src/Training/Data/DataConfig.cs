using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Augmenting;

namespace GpuGrad.Training.Data;

/// <summary>The <c>data:</c> section: the data set, and its splits, scaling and batches.</summary>
public sealed record DataConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>The data set. Without one, <see cref="Shape"/> is required, and tools generate random data.</summary>
    public DatasetConfig? Dataset { get; init; }

    /// <summary>Shape of a sample, [C, H, W] or [features], if there is no data set.</summary>
    [DefaultText("the data set's")]
    public IReadOnlyList<int>? Shape { get; init => field = value?.Select(Require.Positive).ToArray(); }

    /// <summary>Number of classes, if there is no data set.</summary>
    [DefaultText("the data set's")]
    public int? Classes { get; init => field = value is int v ? Require.Positive(v) : null; }

    /// <summary>Number of regression targets per sample, if there is no data set.</summary>
    [DefaultText("the data set's")]
    public int? Targets { get; init => field = value is int v ? Require.Positive(v) : null; }

    /// <summary>`input`: the target is the input itself, as for autoencoders; noise and erasing of `augment` affect the input only.</summary>
    [DefaultText("what the data set says")]
    public TargetKind? Target { get; init; }

    /// <summary>Shape of the target, if there is no data set: [T] for a class per position of a sequence, [H, W] for a class per pixel, [C, H, W] for target images; by default one class or a row of numbers.</summary>
    [DefaultText("that of the data set")]
    public IReadOnlyList<int>? TargetShape { get; init => field = value?.Select(Require.Positive).ToArray(); }

    /// <summary>Samples per step.</summary>
    public int Batch { get; init => field = Require.Positive(value); } = 32;

    /// <summary>Reshuffle the samples each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>How the samples of an epoch are drawn: each once (<c>uniform</c>), or each class equally often (<c>balanced</c>).</summary>
    public Sampling Sampling { get; init; }

    /// <summary>Skip the last batch of an epoch if it is smaller than the others.</summary>
    public bool DropLast { get; init; }

    /// <summary>Scaling of the inputs, in training and wherever the network is used later.</summary>
    public Normalize Normalize { get; init; } = Normalize.Standard;

    /// <summary>
    /// How regression targets are scaled for training; predictions, and all metrics except the loss, are in the original unit.
    /// Default: <c>standard</c> for columns of a table with mse, mae, huber or squared-error, else <c>none</c>.
    /// </summary>
    public Normalize? NormalizeTargets { get; init; }

    /// <summary>Random augmentation of the training samples.</summary>
    public IReadOnlyList<AugmentConfig> Augment
    {
        get;
        init
        {
            field = value;
            Augmentation = AugmentConfig.Join(value);
        }
    } = [];

    /// <summary>Training samples held out to evaluate each epoch; the same share of every class.</summary>
    public SplitSize? Validation { get; init; }

    /// <summary>Training samples held out for the final evaluation, if the data set has no test set of its own.</summary>
    public SplitSize? Test { get; init; }

    /// <summary>Use only this many random samples; the validation and test parts are split off from them.</summary>
    [DefaultText("all samples")]
    public int? Limit { get; init => field = value is int v ? Require.Positive(v) : null; }

    /// <summary>
    /// Keep samples in memory, or on disk (pictures, IDX and npy), read ahead of each step. auto: in memory up to 384 MiB and a quarter of the free memory. The
    /// trained network is bit-identical either way.
    /// </summary>
    public SampleCache Cache { get; init; }

    /// <summary>The merged augmentations; null for none.</summary>
    [NotConfig]
    public Augmentations? Augmentation { get; private init; }

    /// <summary>Whether the windows of a text continue from batch to batch.</summary>
    [NotConfig]
    internal bool InStreams => Dataset is Texts.TextConfig { Streams: true };

    /// <summary>The shape found when reading the data; null if nothing has been read.</summary>
    [NotConfig]
    public DataShape? FoundShape { get; init; }

    /// <summary>The shape as far as it is known before reading; null if the file must be read.</summary>
    [NotConfig]
    public DataShape? KnownShape
    {
        get
        {
            if (FoundShape is not null)
                return FoundShape;
            DataShape? known = Dataset?.KnownShape ?? (Shape is null ? null : MadeUp(new Shape([.. Shape])));
            return known is null || Target is null ? known : AsTarget(known);
        }
    }

    /// <summary>The shape with the samples as their own targets.</summary>
    internal static DataShape AsTarget(DataShape data) => new(data.Shape, 0, data.Shape.Count) { Answer = data.Shape.Rank == 3 ? data.Shape : null };

    private DataShape MadeUp(Shape shape)
    {
        Shape? answer = TargetShape is null ? null : new Shape([.. TargetShape]);
        return new DataShape(shape, Classes ?? 0, Targets ?? (Classes is null ? answer?.Count ?? 0 : 0)) { Answer = answer };
    }
}

/// <summary>Target of the prediction if it is not in the data set.</summary>
public enum TargetKind
{
    Input,
}

/// <summary>How the samples of an epoch are drawn: each once (<c>uniform</c>), or each class equally often (<c>balanced</c>).</summary>
public enum Sampling
{
    /// <summary>Every training sample once.</summary>
    Uniform,

    /// <summary>As many samples as there are training samples, with the same number of each class: samples of rare classes are repeated, and some of common ones left out.</summary>
    Balanced,
}

/// <summary>Scaling of raw values.</summary>
public enum Normalize
{
    /// <summary>
    /// Standardise: each channel (or column) of the training samples gets mean 0 and standard deviation 1; other samples are scaled the same way. Of more
    /// than 2²⁸ numbers, evenly spaced samples are measured.
    /// </summary>
    Standard,

    /// <summary>Scale to 0 to 1: bytes are divided by 255, each channel of other numbers is scaled by its smallest and largest training value.</summary>
    Unit,

    /// <summary>No scaling: bytes are from 0 to 255.</summary>
    None,
}
