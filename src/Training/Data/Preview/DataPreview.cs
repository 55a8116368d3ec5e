using GpuGrad.Training.Data.Augmenting;

namespace GpuGrad.Training.Data.Preview;

/// <summary>A look at the samples of a data set, as a picture.</summary>
public static class DataPreview
{
    /// <summary>
    /// A PNG file: pictures [C, H, W] in a grid with the names of their classes, one of each class in turn; points of two
    /// features, or of one with one target, as a plot. Null for samples that cannot be drawn.
    /// </summary>
    /// <param name="data">What to show; its training part is drawn.</param>
    /// <param name="count">Samples shown.</param>
    public static byte[]? Sheet(TrainingData data, int count = 100) => Draw(data, count, null, 0, 0);

    /// <summary>The same with each picture followed by versions of itself as training will see them.</summary>
    /// <param name="data">What to show, with its random changes.</param>
    /// <param name="count">Samples shown, a row each.</param>
    /// <param name="versions">Versions beside each.</param>
    /// <param name="seed">Of the run.</param>
    public static byte[]? AugmentedSheet(TrainingData data, int count = 10, int versions = 9, ulong seed = 1) =>
        Draw(data, count, data.Augmentation ?? new Augmentations(), versions, seed);

    private static byte[]? Draw(TrainingData data, int count, Augmentations? augmentation, int versions, ulong seed)
    {
        SampleSet samples = data.Train;
        if (samples.Shape.Rank == 3)
            return PictureSheet.Draw(samples, data.ClassNames, count, data.Normalization, augmentation, versions, seed);
        bool drawable = (samples.Shape.Count == 2 && samples.TargetSize == 0) || (samples.Shape.Count == 1 && samples.TargetSize == 1);
        return drawable ? ScatterPlot.Draw(samples, data.ClassNames, Math.Max(count, 1000)) : null;
    }
}
