using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Makes masks from arrays of integers.</summary>
internal static class MaskArray
{
    /// <summary>Largest number of classes in a mask.</summary>
    public const int MostClasses = SampleSet.Ignored;

    /// <summary>The class of each pixel, one byte.</summary>
    /// <param name="y">[N, H, W] or [N, 1, H, W].</param>
    /// <param name="mask">Shape [H, W].</param>
    /// <param name="classes">Number of classes; null to infer it from the array.</param>
    /// <param name="ignored">The value of ignored pixels; null for none.</param>
    /// <param name="name">Name of the array, for messages.</param>
    public static byte[] Of(NumberArray y, Shape mask, int? classes, int? ignored, string name)
    {
        int[]? labels = y.IsWhole && y.Sizes.Length is 3 or 4 && (y.Sizes.Length == 3 || y.Sizes[1] == 1) && y.Sizes.AsSpan(^2).SequenceEqual(mask.Sizes) ? y.ToInts() : null;
        if (labels is null)
            throw DataFault.In(name, $"an array of shape {new Shape(y.Sizes)}{(y.IsWhole ? "" : " of numbers with fractions")}", $"a class for each pixel, whole numbers [N, {mask[0]}, {mask[1]}]");
        int most = Math.Min(classes ?? MostClasses, MostClasses);
        var bytes = new byte[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] == ignored)
                bytes[i] = SampleSet.Ignored;
            else if (labels[i] >= 0 && labels[i] < most)
                bytes[i] = (byte)labels[i];
            else
                throw DataFault.In(name, $"the class {labels[i]} in sample {i / mask.Count}", $"classes from 0 to {most - 1}{(ignored is null ? "; pixels of no class can be left out with the loss's 'ignore-index'" : "")}");
        }
        return bytes;
    }
}
