namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>Moves, rotates, erases and normalises one picture on the CPU.</summary>
internal static unsafe class CpuMove
{
    /// <param name="source">The data set.</param>
    /// <param name="move">The random draws for the picture.</param>
    /// <param name="sample">Its index.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="turned">False if no picture of the batch is rotated: pixels are then copied without interpolation.</param>
    /// <param name="outside">Treatment of pixels from outside.</param>
    /// <param name="y">C × H × W floats.</param>
    public static void Run(CpuSamples source, in SampleMove move, int sample, int height, int width, bool turned, Outside outside, float* y)
    {
        if (turned)
            Turn(source, move, sample, height, width, outside, y);
        else
            Shift(source, move, sample, height, width, outside, y);
        for (int c = 0; c < source.Channels && move.EraseHeight > 0; c++)
        {
            for (int row = move.EraseTop; row < move.EraseTop + move.EraseHeight; row++)
                new Span<float>(y + (((((long)c * height) + row) * width) + move.EraseLeft), move.EraseWidth).Fill(source.Zero(c));
        }
    }

    // Row by row: the part inside the picture as one run, then what is outside, then the flip.
    private static void Shift(CpuSamples source, in SampleMove move, int sample, int height, int width, Outside outside, float* y)
    {
        bool reflects = outside == Outside.Reflect;
        int first = Math.Clamp(move.ShiftX, 0, width), last = Math.Max(first, Math.Clamp(width + move.ShiftX, 0, width));
        for (int c = 0; c < source.Channels; c++)
        {
            long plane = (((long)sample * source.Channels) + c) * height;
            float around = outside == Outside.Mean ? 0 : source.Zero(c);
            for (int row = 0; row < height; row++)
            {
                var target = new Span<float>(y + ((((long)c * height) + row) * width), width);
                int from = (move.MirrorY ? height - 1 - row : row) - move.ShiftY;
                if (reflects)
                    from = Augmentation.Mirrored(from, height);
                if (from < 0 || from >= height)
                {
                    target.Fill(around);
                    continue;
                }
                long start = (plane + from) * width;
                if (reflects)
                {
                    Reflect(source, c, start, move.ShiftX, target[..first], 0);
                    Reflect(source, c, start, move.ShiftX, target[last..], last);
                }
                else
                {
                    target[..first].Fill(around);
                    target[last..].Fill(around);
                }
                if (last > first)
                    source.Normalise(c, start + first - move.ShiftX, last - first, y + (((((long)c * height) + row) * width) + first));
                if (move.MirrorX)
                    target.Reverse();
            }
        }

        void Reflect(CpuSamples source, int channel, long start, int shift, Span<float> part, int first)
        {
            for (int i = 0; i < part.Length; i++)
                part[i] = source.Normal(channel, source.Raw(start + Augmentation.Mirrored(first + i - shift, width)));
        }
    }

    // Positions in double: the rounding of a float, times the width of a picture, would show in the fifth digit.
    private static void Turn(CpuSamples source, in SampleMove move, int sample, int height, int width, Outside outside, float* y)
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
                Corners corners = new(top, left, height, width, outside == Outside.Reflect);
                float* target = y + ((long)row * width) + column;
                for (int c = 0; c < source.Channels; c++)
                {
                    long first = picture + (c * plane);
                    float around = outside == Outside.Mean ? source.RawOfZero(c) : 0;
                    float a = corners.A >= 0 ? source.Raw(first + corners.A) : around, b = corners.B >= 0 ? source.Raw(first + corners.B) : around;
                    float d = corners.D >= 0 ? source.Raw(first + corners.D) : around, e = corners.E >= 0 ? source.Raw(first + corners.E) : around;
                    float raw = ((1 - q) * (((1 - p) * a) + (p * b))) + (q * (((1 - p) * d) + (p * e)));
                    target[c * plane] = source.Normal(c, raw);
                }
            }
        }
    }

    /// <summary>Offsets in a channel of the four pixels around a position; -1 for one outside.</summary>
    private readonly struct Corners
    {
        public readonly long A, B, D, E;

        public Corners(int top, int left, int height, int width, bool reflects)
        {
            (int bottom, int right) = (top + 1, left + 1);
            if (reflects)
            {
                (top, bottom) = (Augmentation.Mirrored(top, height), Augmentation.Mirrored(bottom, height));
                (left, right) = (Augmentation.Mirrored(left, width), Augmentation.Mirrored(right, width));
            }
            bool hasTop = (uint)top < (uint)height, hasBottom = (uint)bottom < (uint)height, hasLeft = (uint)left < (uint)width, hasRight = (uint)right < (uint)width;
            long above = (long)top * width, below = (long)bottom * width;
            A = hasTop && hasLeft ? above + left : -1;
            B = hasTop && hasRight ? above + right : -1;
            D = hasBottom && hasLeft ? below + left : -1;
            E = hasBottom && hasRight ? below + right : -1;
        }
    }
}
