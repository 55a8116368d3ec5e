using GpuGrad.Kernels.Ops.Batches;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>Source of a pixel: (x, y) is taken from (Xx·x + Xy·y + X0, Yx·x + Yy·y + Y0).</summary>
public readonly record struct PixelMap(double Xx, double Xy, double X0, double Yx, double Yy, double Y0)
{
    /// <summary>A linear map around the centre of a picture, then a translation.</summary>
    public static PixelMap Around(double xx, double xy, double yx, double yy, int height, int width, double moveX = 0, double moveY = 0)
    {
        (double x, double y) = ((width - 1) / 2.0, (height - 1) / 2.0);
        return new(xx, xy, x - (xx * x) - (xy * y) + moveX, yx, yy, y - (yx * x) - (yy * y) + moveY);
    }

    /// <summary>Maps the whole picture to a rectangle of it, pixel areas to pixel areas.</summary>
    public static PixelMap OfRectangle(int top, int left, int rectangleHeight, int rectangleWidth, int height, int width)
    {
        (double x, double y) = ((double)rectangleWidth / width, (double)rectangleHeight / height);
        return new(x, 0, left + (x / 2) - 0.5, 0, y, top + (y / 2) - 0.5);
    }

    public (double X, double Y) At(int x, int y) => ((Xx * x) + (Xy * y) + X0, (Yx * x) + (Yy * y) + Y0);
}

/// <summary>
/// A picture that is being augmented on the host, with its mask and target images. Numbers are raw; if the picture has bytes they stay
/// within 0 … 255 and are rounded at the end.
/// </summary>
/// <param name="channels">C.</param>
/// <param name="height">H.</param>
/// <param name="width">W.</param>
/// <param name="outside">The raw value of each channel that serves as its mean.</param>
public sealed class ChangingPicture(int channels, int height, int width, IReadOnlyList<double> outside)
{
    private float[] pixels = new float[channels * height * width];
    private float[] spare = new float[channels * height * width];

    public int Channels => channels;

    public int Height => height;

    public int Width => width;

    /// <summary>C × H × W values.</summary>
    public Span<float> Pixels => pixels;

    /// <summary>Values per channel.</summary>
    public int Plane => height * width;

    /// <summary>A class for each pixel, H × W; empty for none.</summary>
    public byte[] Mask { get; set; } = [];

    /// <summary>Target images of the same height and width, one after the other; empty for none.</summary>
    public float[] Targets { get; set; } = [];

    /// <summary>A buffer of the picture's size with undefined contents, for a change that reads neighbours; <see cref="TakeSpare"/> makes it the picture.</summary>
    public Span<float> Spare => spare;

    public void TakeSpare() => (pixels, spare) = (spare, pixels);

    /// <summary>Samples every pixel from the position given by a map: bilinear, and nearest for classes.</summary>
    /// <param name="map">The map to source positions.</param>
    /// <param name="fill">Values outside; classes there are unknown, except with <see cref="Outside.Reflect"/>.</param>
    /// <param name="within">First and last row and column to read, for a map into a rectangle: beyond it, the pixel at its edge counts.</param>
    public void Resample(PixelMap map, Outside fill, (int Top, int Left, int Bottom, int Right)? within = null)
    {
        for (int c = 0; c < channels; c++)
        {
            float around = fill == Outside.Mean ? (float)outside[c] : 0;
            Plane2D(pixels.AsSpan(c * Plane, Plane), spare.AsSpan(c * Plane, Plane), map, fill, around, within);
        }
        TakeSpare();
        if (Targets.Length > 0)
        {
            var moved = new float[Targets.Length];
            for (int first = 0; first < moved.Length; first += Plane)
                Plane2D(Targets.AsSpan(first, Plane), moved.AsSpan(first, Plane), map, fill, 0, within);
            Targets = moved;
        }
        if (Mask.Length > 0)
            Mask = Nearest(map, fill, within);
    }

    private void Plane2D(ReadOnlySpan<float> from, Span<float> to, PixelMap map, Outside fill, float around, (int Top, int Left, int Bottom, int Right)? within)
    {
        for (int i = 0; i < to.Length; i++)
        {
            (double x, double y) = Clamped(map.At(i % width, i / width), within);
            int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
            float p = (float)(x - left), q = (float)(y - top);
            float above = ((1 - p) * At(from, top, left, fill, around)) + (p * At(from, top, left + 1, fill, around));
            float below = ((1 - p) * At(from, top + 1, left, fill, around)) + (p * At(from, top + 1, left + 1, fill, around));
            to[i] = ((1 - q) * above) + (q * below);
        }
    }

    private float At(ReadOnlySpan<float> from, int row, int column, Outside fill, float around)
    {
        if (fill == Outside.Reflect)
            (row, column) = (Augmentation.Mirrored(row, height), Augmentation.Mirrored(column, width));
        return (uint)row < (uint)height && (uint)column < (uint)width ? from[(row * width) + column] : around;
    }

    private byte[] Nearest(PixelMap map, Outside fill, (int Top, int Left, int Bottom, int Right)? within)
    {
        var moved = new byte[Mask.Length];
        for (int i = 0; i < moved.Length; i++)
        {
            (double x, double y) = Clamped(map.At(i % width, i / width), within);
            (int row, int column) = ((int)Math.Floor(y + 0.5), (int)Math.Floor(x + 0.5));
            if (fill == Outside.Reflect)
                (row, column) = (Augmentation.Mirrored(row, height), Augmentation.Mirrored(column, width));
            moved[i] = (uint)row < (uint)height && (uint)column < (uint)width ? Mask[(row * width) + column] : SampleSet.Ignored;
        }
        return moved;
    }

    private static (double X, double Y) Clamped((double X, double Y) at, (int Top, int Left, int Bottom, int Right)? within) => within is { } edge
        ? (Math.Clamp(at.X, edge.Left, edge.Right), Math.Clamp(at.Y, edge.Top, edge.Bottom))
        : at;
}
