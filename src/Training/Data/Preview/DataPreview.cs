using GpuGrad.Training.Data.Augmenting;

namespace GpuGrad.Training.Data.Preview;

/// <summary>Draws samples of a data set.</summary>
public static class DataPreview
{
    /// <summary>
    /// A PNG file: pictures [C, H, W] in a grid with the names of their classes, alternating between classes; samples of two
    /// features, or of one with one target, as a plot. Null for samples that cannot be drawn.
    /// </summary>
    /// <param name="data">The data set; its training part is drawn.</param>
    /// <param name="count">Number of samples.</param>
    public static byte[]? Sheet(TrainingData data, int count = 100) => Draw(data, count, null, 0, 0);

    /// <summary>The same with each picture followed by augmented versions of it, as in training.</summary>
    /// <param name="data">The data set with its augmentation.</param>
    /// <param name="count">Number of samples, one row each.</param>
    /// <param name="versions">Number of versions beside each.</param>
    /// <param name="seed">Seed of the run.</param>
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
