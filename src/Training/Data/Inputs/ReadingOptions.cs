using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>Settings of a config for reading the files of its data set, and later files in the same way.</summary>
internal sealed record ReadingOptions
{
    /// <summary>Separator and header of tables.</summary>
    public CsvOptions Table { get; init; } = new();

    /// <summary>Whether every file is a table, whatever its name.</summary>
    public bool IsTable { get; init; }

    /// <summary>How texts are read; null if the data are not texts.</summary>
    public TextConfig? Text { get; init; }

    /// <summary>How tagged sentences are read; null for other data.</summary>
    public TagsConfig? Tags { get; init; }

    /// <summary>Batch size in training.</summary>
    public int Batch { get; init; }

    /// <summary>How series in separate files are read; null for other data.</summary>
    public SeriesConfig? Series { get; init; }

    /// <summary>The array of inputs in an archive.</summary>
    public string X { get; init; } = "x";

    /// <summary>The array of labels or targets in an archive.</summary>
    public string Y { get; init; } = "y";

    /// <summary>Whether ambiguous arrays of pictures are [N, H, W, C].</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Whether pictures of other sizes are resized.</summary>
    public bool Resizes { get; init; }

    /// <summary>Whether training used picture files.</summary>
    public bool ArePictures { get; init; }

    /// <summary>How pictures become samples, with shape and bits of the trained network.</summary>
    public PictureLayout Pictures { get; init; } = new(new Shape(1, 1, 1), 8);

    /// <summary>How pictures get labels; null if folders are classes.</summary>
    public PictureLabelling? Labelling { get; init; }

    /// <summary>Gray value from which a mask's pixel is of class 1; null if each value is a class.</summary>
    public int? MaskThreshold { get; init; }

    /// <summary>The value of mask pixels that are ignored; null for none.</summary>
    public int? IgnoreIndex { get; init; }

    /// <summary>Labels per record in CIFAR's files; 0 for other data.</summary>
    public int CifarLabels { get; init; }

    /// <summary>Whether classes are the first of two labels (coarse).</summary>
    public bool CoarseLabels { get; init; }
}
