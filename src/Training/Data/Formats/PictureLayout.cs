using System.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Treatment of pictures whose aspect ratio differs from the target size.</summary>
public enum ResizeMethod
{
    /// <summary>Each side is scaled separately: the whole picture is kept, but distorted.</summary>
    Stretch,

    /// <summary>The longer side is cropped on both ends.</summary>
    Crop,

    /// <summary>The whole picture, with borders in the background colour.</summary>
    Pad,
}

/// <summary>Colour behind transparent parts and around padded pictures.</summary>
public enum Background
{
    Black,
    White,
}

/// <summary>Turns a decoded picture into a sample: planes [C, H, W] of bytes, or of 16 bits.</summary>
/// <param name="Shape">One channel (gray) or three.</param>
/// <param name="Bits">Bits per value.</param>
internal sealed record PictureLayout(Shape Shape, int Bits)
{
    public ResizeMethod Method { get; init; }

    public Background Background { get; init; }

    public void Place(DecodedPicture picture, Span<byte> target) => Place<byte>(picture, target);

    public void Place(DecodedPicture picture, Span<double> target)
    {
        if (Bits == 8)
        {
            var bytes = new byte[target.Length];
            Place<byte>(picture, bytes);
            for (int i = 0; i < bytes.Length; i++)
                target[i] = bytes[i];
            return;
        }
        var words = new ushort[target.Length];
        Place<ushort>(picture, words);
        for (int i = 0; i < words.Length; i++)
            target[i] = words[i];
    }

    private int Most => (1 << Bits) - 1;

    private void Place<T>(DecodedPicture picture, Span<T> target) where T : unmanaged, IBinaryInteger<T>
    {
        (int width, int height) = (picture.Header.Width, picture.Header.Height);
        if (height == Shape[1] && width == Shape[2])
        {
            ToPlanes(picture, target);
            return;
        }
        int size = checked(width * height), plane = Shape[1] * Shape[2];
        var planes = new T[checked(Shape[0] * size)];
        ToPlanes<T>(picture, planes);
        target.Fill(T.CreateTruncating(Background == Background.White ? Most : 0));
        ResizeFrame frame = ResizeFrame.Of(Method, height, width, Shape[1], Shape[2]);
        for (int c = 0; c < Shape[0]; c++)
            Sources.Resize.Plane<T>(planes.AsSpan(c * size, size), height, width, frame, target.Slice(c * plane, plane), Shape[2], Most);
    }

    private void ToPlanes<T>(DecodedPicture picture, Span<T> target) where T : unmanaged, IBinaryInteger<T>
    {
        if (picture.Header.Bits == 16)
            ToPlanes(picture, picture.Words, target);
        else
            ToPlanes(picture, picture.Bytes, target);
    }

    /// <summary>
    /// Transparent pixels are blended with the background; colours become gray with the weights of ITU-R BT.601:
    /// 0.299 R + 0.587 G + 0.114 B.
    /// </summary>
    private void ToPlanes<S, T>(DecodedPicture picture, ReadOnlySpan<S> pixels, Span<T> target)
        where S : unmanaged, IBinaryInteger<S>
        where T : unmanaged, IBinaryInteger<T>
    {
        (int width, int height) = (picture.Header.Width, picture.Header.Height);
        int plane = checked(width * height), channels = picture.Channels, most = (1 << picture.Header.Bits) - 1;
        int behind = Background == Background.White ? most : 0;
        (int origin, int stepX, int stepY) = Steps(picture);
        for (int y = 0; y < height; y++)
        {
            int at = origin + (y * stepY);
            for (int x = 0; x < width; x++, at += stepX)
            {
                ReadOnlySpan<S> pixel = pixels.Slice(at * channels, channels);
                int alpha = picture.HasAlpha ? int.CreateTruncating(pixel[3]) : most, i = (y * width) + x;
                if (channels == 1)
                {
                    target[i] = Scaled<T>(int.CreateTruncating(pixel[0]), most);
                    for (int c = 1; c < Shape[0]; c++)
                        target[(c * plane) + i] = target[i];
                    continue;
                }
                (int r, int g, int b) = (int.CreateTruncating(pixel[0]), int.CreateTruncating(pixel[1]), int.CreateTruncating(pixel[2]));
                if (Shape[0] == 1)
                {
                    target[i] = Scaled<T>(Over(r == g && g == b ? r : ((299 * r) + (587 * g) + (114 * b) + 500) / 1000, alpha, most, behind), most);
                    continue;
                }
                target[i] = Scaled<T>(Over(r, alpha, most, behind), most);
                target[plane + i] = Scaled<T>(Over(g, alpha, most, behind), most);
                target[(2 * plane) + i] = Scaled<T>(Over(b, alpha, most, behind), most);
            }
        }
    }

    // Index of the stored pixel that is displayed at the top left, and strides to its neighbours on the right and below.
    private static (int Origin, int StepX, int StepY) Steps(DecodedPicture picture)
    {
        (int w, int h) = (picture.StoredWidth, picture.StoredHeight);
        return (int)picture.Header.Origin switch
        {
            2 => (w - 1, -1, w),
            3 => ((w * h) - 1, -1, -w),
            4 => ((h - 1) * w, 1, -w),
            5 => (0, w, 1),
            6 => ((h - 1) * w, -w, 1),
            7 => ((w * h) - 1, -w, -1),
            8 => (w - 1, w, -1),
            _ => (0, 1, w),
        };
    }

    private static int Over(int value, int alpha, int most, int behind) =>
        alpha == most ? value : (int)((((long)value * alpha) + ((long)behind * (most - alpha)) + (most / 2)) / most);

    // Scales from the picture's bits to those of the samples.
    private T Scaled<T>(int value, int most) where T : unmanaged, IBinaryInteger<T> =>
        T.CreateTruncating(most == Most ? value : most < Most ? value * 257 : ((value * 255L) + 32767) / 65535);
}

/// <summary>Which part of a picture is copied, and where to.</summary>
/// <param name="Top">First filled row of the target.</param>
/// <param name="Left">First filled column of the target.</param>
/// <param name="Height">Number of filled rows.</param>
/// <param name="Width">Number of filled columns.</param>
/// <param name="FromTop">Top of the source's part, in its pixels.</param>
/// <param name="FromLeft">Left side of the source's part.</param>
/// <param name="FromHeight">Height of the source's part.</param>
/// <param name="FromWidth">Width of the source's part.</param>
internal readonly record struct ResizeFrame(int Top, int Left, int Height, int Width, double FromTop, double FromLeft, double FromHeight, double FromWidth)
{
    /// <param name="method">Treatment of another aspect ratio.</param>
    /// <param name="height">Height of the source.</param>
    /// <param name="width">Width of the source.</param>
    /// <param name="toHeight">Height of the target.</param>
    /// <param name="toWidth">Width of the target.</param>
    public static ResizeFrame Of(ResizeMethod method, int height, int width, int toHeight, int toWidth)
    {
        double down = (double)toHeight / height, across = (double)toWidth / width;
        switch (method)
        {
            case ResizeMethod.Crop:
                double scale = Math.Max(down, across), fromHeight = Math.Min(height, toHeight / scale), fromWidth = Math.Min(width, toWidth / scale);
                return new ResizeFrame(0, 0, toHeight, toWidth, (height - fromHeight) / 2, (width - fromWidth) / 2, fromHeight, fromWidth);
            case ResizeMethod.Pad:
                double least = Math.Min(down, across);
                int newHeight = Math.Clamp((int)Math.Round(height * least), 1, toHeight), newWidth = Math.Clamp((int)Math.Round(width * least), 1, toWidth);
                return new ResizeFrame((toHeight - newHeight) / 2, (toWidth - newWidth) / 2, newHeight, newWidth, 0, 0, height, width);
            default:
                return new ResizeFrame(0, 0, toHeight, toWidth, 0, 0, height, width);
        }
    }
}
