namespace GpuGrad.Training.Data.Sources;

/// <summary>
/// Scales a plane of bytes by a triangle filter whose width grows with the reduction, so that every source pixel counts when
/// a picture gets smaller, and neighbours are joined linearly when it gets larger. Edges are weighted among the pixels that
/// are there. First across, then down, rounded once each.
/// </summary>
internal static class Resize
{
    public static byte[] Plane(ReadOnlySpan<byte> source, int height, int width, int newHeight, int newWidth)
    {
        (int First, double[] Weights)[] across = Filter(width, newWidth), down = Filter(height, newHeight);
        var middle = new double[checked(height * newWidth)];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < newWidth; x++)
            {
                double sum = 0;
                for (int i = 0; i < across[x].Weights.Length; i++)
                    sum += across[x].Weights[i] * source[(y * width) + across[x].First + i];
                middle[(y * newWidth) + x] = sum;
            }
        }
        var result = new byte[checked(newHeight * newWidth)];
        for (int y = 0; y < newHeight; y++)
        {
            for (int x = 0; x < newWidth; x++)
            {
                double sum = 0;
                for (int i = 0; i < down[y].Weights.Length; i++)
                    sum += down[y].Weights[i] * middle[((down[y].First + i) * newWidth) + x];
                result[(y * newWidth) + x] = (byte)Math.Clamp(Math.Floor(sum + 0.5), 0, 255);
            }
        }
        return result;
    }

    private static (int First, double[] Weights)[] Filter(int from, int to)
    {
        double ratio = (double)from / to, reach = Math.Max(1, ratio);
        var filter = new (int, double[])[to];
        for (int i = 0; i < to; i++)
        {
            double centre = (i + 0.5) * ratio;
            int first = Math.Max(0, (int)Math.Floor(centre - reach)), last = Math.Min(from, (int)Math.Ceiling(centre + reach));
            double[] weights = [.. Enumerable.Range(first, last - first).Select(j => Math.Max(0, 1 - (Math.Abs(j + 0.5 - centre) / reach)))];
            double sum = weights.Sum();
            filter[i] = (first, Array.ConvertAll(weights, w => w / sum));
        }
        return filter;
    }
}
