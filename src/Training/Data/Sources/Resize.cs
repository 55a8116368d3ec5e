using System.Numerics;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>
/// Resizes a plane of numbers with a triangle filter whose width grows with the reduction, so that every source pixel counts when
/// a picture gets smaller, and with linear interpolation when it gets larger. At edges the weights are normalised over the existing
/// pixels. First horizontally, then vertically, rounded once.
/// </summary>
internal static class Resize
{
    /// <param name="source">Rows of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    /// <param name="width">Width of the picture.</param>
    /// <param name="frame">Which part of it is copied, and where to.</param>
    /// <param name="target">Rows of the result.</param>
    /// <param name="stride">Row stride of the result.</param>
    /// <param name="most">The largest value.</param>
    public static void Plane<T>(ReadOnlySpan<T> source, int height, int width, ResizeFrame frame, Span<T> target, int stride, int most)
        where T : unmanaged, IBinaryInteger<T>
    {
        (int First, double[] Weights)[] across = Filter(width, frame.FromLeft, frame.FromWidth, frame.Width), down = Filter(height, frame.FromTop, frame.FromHeight, frame.Height);
        var middle = new double[checked(height * frame.Width)];
        for (int y = down[0].First; y < down[^1].First + down[^1].Weights.Length; y++)
        {
            for (int x = 0; x < frame.Width; x++)
            {
                double sum = 0;
                (int first, double[] weights) = across[x];
                for (int i = 0; i < weights.Length; i++)
                    sum += weights[i] * double.CreateTruncating(source[(y * width) + first + i]);
                middle[(y * frame.Width) + x] = sum;
            }
        }
        for (int y = 0; y < frame.Height; y++)
        {
            (int first, double[] weights) = down[y];
            for (int x = 0; x < frame.Width; x++)
            {
                double sum = 0;
                for (int i = 0; i < weights.Length; i++)
                    sum += weights[i] * middle[((first + i) * frame.Width) + x];
                target[((frame.Top + y) * stride) + frame.Left + x] = T.CreateTruncating((int)Math.Clamp(Math.Floor(sum + 0.5), 0, most));
            }
        }
    }

    // Filter weights for resizing an axis.
    private static (int First, double[] Weights)[] Filter(int pixels, double begin, double length, int to)
    {
        double ratio = length / to, reach = Math.Max(1, ratio);
        var filter = new (int, double[])[to];
        for (int i = 0; i < to; i++)
        {
            double centre = begin + ((i + 0.5) * ratio);
            int first = Math.Max(0, (int)Math.Floor(centre - reach)), last = Math.Min(pixels, (int)Math.Ceiling(centre + reach));
            double[] weights = [.. Enumerable.Range(first, last - first).Select(j => Math.Max(0, 1 - (Math.Abs(j + 0.5 - centre) / reach)))];
            double sum = weights.Sum();
            filter[i] = (first, Array.ConvertAll(weights, w => w / sum));
        }
        return filter;
    }
}
