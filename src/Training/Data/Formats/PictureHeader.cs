using SkiaSharp;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Header of a picture file.</summary>
/// <param name="Width">Width as displayed, after applying the EXIF orientation.</param>
/// <param name="Height">Height as displayed.</param>
/// <param name="IsGray">Whether it has no colours.</param>
/// <param name="Bits">Bits per channel: 8 or 16.</param>
/// <param name="Origin">EXIF orientation: how the stored picture is rotated for display.</param>
internal sealed record PictureHeader(int Width, int Height, bool IsGray, int Bits, SKEncodedOrigin Origin)
{
    /// <summary>Largest number of pixels; larger pictures are refused before decompression.</summary>
    public const long MostPixels = 64L << 20;

    // Above this size, a file that claims to hold a thousand times its length is refused as a bomb.
    private const long BombBytes = 64L << 20, BombRatio = 1000;

    private const int PngBits = 24, PngColour = 25, PngHeaderEnd = 26;

    /// <summary>Whether rows are stored as columns.</summary>
    public bool Swaps => Origin >= SKEncodedOrigin.LeftTop;

    public static PictureHeader Of(SKCodec codec, ReadOnlySpan<byte> file, string name)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width <= 0 || height <= 0 || (long)width * height > MostPixels)
            throw DataFault.In(name, $"{width} × {height} pixels", $"at most {MostPixels} pixels, and at least one");
        (bool gray, int bits) = (codec.Info.ColorType == SKColorType.Gray8, 8);
        if (codec.EncodedFormat == SKEncodedImageFormat.Png && file.Length >= PngHeaderEnd)
            (gray, bits) = (file[PngColour] is 0 or 4, file[PngBits] == 16 ? 16 : 8);
        long bytes = (long)width * height * (gray ? 1 : 3) * (bits / 8);
        if (bytes > BombBytes && bytes / BombRatio > file.Length)
            throw DataFault.In(name, $"{file.Length} bytes that claim to be a picture of {width} × {height} pixels, {bytes} bytes", $"less than {BombRatio} times as many; convert it to another format if you trust it");
        SKEncodedOrigin origin = codec.EncodedOrigin;
        bool swaps = origin >= SKEncodedOrigin.LeftTop;
        return new PictureHeader(swaps ? height : width, swaps ? width : height, gray, bits, origin);
    }
}
