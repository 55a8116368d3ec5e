namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>Moves, turns, erases and normalises one picture on the CPU.</summary>
internal static unsafe class CpuMove
{
    /// <param name="source">The data set.</param>
    /// <param name="move">What happens to the picture.</param>
    /// <param name="sample">Its index.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="turned">False when no picture of the batch is turned: then pixels come whole.</param>
    /// <param name="y">C × H × W floats.</param>
    public static void Run(CpuSamples source, in SampleMove move, int sample, int height, int width, bool turned, float* y)
    {
        if (turned)
            Turn(source, move, sample, height, width, y);
        else
            Shift(source, move, sample, height, width, y);
        for (int c = 0; c < source.Channels && move.EraseHeight > 0; c++)
        {
            for (int row = move.EraseTop; row < move.EraseTop + move.EraseHeight; row++)
                new Span<float>(y + (((((long)c * height) + row) * width) + move.EraseLeft), move.EraseWidth).Fill(source.Zero(c));
        }
    }

    // Row by row: the part that comes from within the picture in one run, zeros beside it, then the mirror.
    private static void Shift(CpuSamples source, in SampleMove move, int sample, int height, int width, float* y)
    {
        int first = Math.Clamp(move.ShiftX, 0, width), last = Math.Clamp(width + move.ShiftX, 0, width);
        for (int c = 0; c < source.Channels; c++)
        {
            long plane = (((long)sample * source.Channels) + c) * height;
            for (int row = 0; row < height; row++)
            {
                var target = new Span<float>(y + ((((long)c * height) + row) * width), width);
                int from = (move.MirrorY ? height - 1 - row : row) - move.ShiftY;
                if (from < 0 || from >= height || first >= last)
                {
                    target.Fill(source.Zero(c));
                    continue;
                }
                target[..first].Fill(source.Zero(c));
                target[last..].Fill(source.Zero(c));
                source.Normalise(c, ((plane + from) * width) + first - move.ShiftX, last - first, y + (((((long)c * height) + row) * width) + first));
                if (move.MirrorX)
                    target.Reverse();
            }
        }
    }

    // Positions in double: a float's rounding, times the width of a picture, would show in the fifth digit.
    private static void Turn(CpuSamples source, in SampleMove move, int sample, int height, int width, float* y)
    {
        double middleX = (width - 1) / 2.0, middleY = (height - 1) / 2.0;
        long plane = (long)height * width, picture = (long)sample * source.Channels * plane;
        for (int row = 0; row < height; row++)
        {
            double v = (move.MirrorY ? height - 1 - row : row) - move.ShiftY - middleY;
            for (int column = 0; column < width; column++)
            {
                double u = (move.MirrorX ? width - 1 - column : column) - move.ShiftX - middleX;
                double sourceX = (u * move.Cos) + (v * move.Sin) + middleX, sourceY = (-u * move.Sin) + (v * move.Cos) + middleY;
                int left = (int)Math.Floor(sourceX), top = (int)Math.Floor(sourceY);
                float p = (float)(sourceX - left), q = (float)(sourceY - top);
                bool hasLeft = left >= 0 && left < width, hasRight = left + 1 >= 0 && left + 1 < width;
                bool hasTop = top >= 0 && top < height, hasBottom = top + 1 >= 0 && top + 1 < height;
                long at = ((long)top * width) + left;
                float* target = y + ((long)row * width) + column;
                for (int c = 0; c < source.Channels; c++)
                {
                    long corner = picture + (c * plane) + at;
                    float a = hasTop && hasLeft ? source.Raw(corner) : 0, b = hasTop && hasRight ? source.Raw(corner + 1) : 0;
                    float d = hasBottom && hasLeft ? source.Raw(corner + width) : 0, e = hasBottom && hasRight ? source.Raw(corner + width + 1) : 0;
                    float raw = ((1 - q) * (((1 - p) * a) + (p * b))) + (q * (((1 - p) * d) + (p * e)));
                    target[c * plane] = source.Normal(c, raw);
                }
            }
        }
    }
}
