using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>What a config says of how the files of its data set are read; the same for other files later.</summary>
internal sealed record ReadingOptions
{
    /// <summary>Separator and header of tables.</summary>
    public CsvOptions Table { get; init; } = new();

    /// <summary>Whether any file is a table, whatever it is called.</summary>
    public bool IsTable { get; init; }

    /// <summary>How texts are read; null where the data are none.</summary>
    public TextConfig? Text { get; init; }

    /// <summary>How tagged sentences are read; null where the data are none.</summary>
    public TagsConfig? Tags { get; init; }

    /// <summary>Samples of a batch in training.</summary>
    public int Batch { get; init; }

    /// <summary>How series in files of their own are read; null where the data are none.</summary>
    public SeriesConfig? Series { get; init; }

    /// <summary>The array of inputs in an archive.</summary>
    public string X { get; init; } = "x";

    /// <summary>The array of labels or targets in an archive.</summary>
    public string Y { get; init; } = "y";

    /// <summary>Arrays of pictures are [N, H, W, C] where they could be both.</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Whether pictures of another size are scaled.</summary>
    public bool Resizes { get; init; }

    /// <summary>Whether training had pictures out of files.</summary>
    public bool ArePictures { get; init; }

    /// <summary>How pictures become samples; shape and bits are the trained network's.</summary>
    public PictureLayout Pictures { get; init; } = new(new Shape(1, 1, 1), 8);

    /// <summary>How pictures get labels; null where folders are classes.</summary>
    public PictureLabelling? Labelling { get; init; }

    /// <summary>From this gray value on a pixel of a mask is of class 1; null where each value is a class.</summary>
    public int? MaskThreshold { get; init; }

    /// <summary>The value in masks whose pixels do not count; null for none.</summary>
    public int? IgnoreIndex { get; init; }

    /// <summary>Labels of a record in CIFAR's files; 0 where there are no such files.</summary>
    public int CifarLabels { get; init; }

    /// <summary>Whether the classes are the first of two labels.</summary>
    public bool CoarseLabels { get; init; }
}
