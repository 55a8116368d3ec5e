using SkiaSharp;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Writes pictures as PNG: 8 bits, gray or RGB, with or without alpha. The same pixels give the same bytes.</summary>
public static class PngWriter
{
    public static byte[] Write(Picture picture)
    {
        (SKColorType type, SKAlphaType alpha) = picture.Channels switch
        {
            1 => (SKColorType.Gray8, SKAlphaType.Opaque),
            3 => (SKColorType.Rgba8888, SKAlphaType.Opaque),
            4 => (SKColorType.Rgba8888, SKAlphaType.Unpremul),
            _ => throw new ArgumentException($"A picture of {picture.Channels} channels; expected 1, 3 or 4."),
        };
        byte[] pixels = picture.Channels == 3 ? WithAlpha(picture.Pixels) : picture.Pixels;
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(picture.Width, picture.Height, type, alpha), pixels);
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static byte[] WithAlpha(byte[] rgb)
    {
        var pixels = new byte[checked(rgb.Length / 3 * 4)];
        for (int i = 0; i < rgb.Length / 3; i++)
        {
            rgb.AsSpan(3 * i, 3).CopyTo(pixels.AsSpan(4 * i));
            pixels[(4 * i) + 3] = byte.MaxValue;
        }
        return pixels;
    }
}
