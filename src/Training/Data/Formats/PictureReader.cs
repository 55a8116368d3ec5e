using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices.Host;
using SkiaSharp;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// Decodes pictures with Skia: JPEG (progressive and CMYK too), PNG, WebP, GIF (its first frame) and BMP. Colours are used as
/// stored; a colour profile is not applied. Every error is one line: too large is detected before decoding,
/// truncated or damaged after.
/// </summary>
internal static class PictureReader
{
    /// <summary>Longer files are refused before they are read.</summary>
    public const long MostBytes = 256L << 20;

    // Pictures with more pixels are decoded one at a time, so that memory does not grow with the number of threads.
    private const long LargePixels = 8L << 20;

    private static readonly Lock Large = new();

    private static readonly SKEncodedImageFormat[] Formats =
        [SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Png, SKEncodedImageFormat.Webp, SKEncodedImageFormat.Gif, SKEncodedImageFormat.Bmp];

    /// <summary>The bytes of a picture's file.</summary>
    public static byte[] Bytes(string path) => DataFile.ReadAll(path, MostBytes);

    public static PictureHeader Header(byte[] file, string name)
    {
        using SKCodec codec = Open(file, name);
        return PictureHeader.Of(codec, file, name);
    }

    /// <summary>The pixels in the orientation of display.</summary>
    public static DecodedPicture Decode(byte[] file, string name)
    {
        using SKCodec codec = Open(file, name);
        PictureHeader header = PictureHeader.Of(codec, file, name);
        if ((long)header.Width * header.Height <= LargePixels)
            return Decode(codec, header, file, name);
        lock (Large)
            return Decode(codec, header, file, name);
    }

    private static DecodedPicture Decode(SKCodec codec, PictureHeader header, byte[] file, string name)
    {
        // For Skia a gray picture with transparency has four channels.
        bool gray = codec.Info.ColorType == SKColorType.Gray8, opaque = gray || codec.Info.AlphaType == SKAlphaType.Opaque;
        if (header.Bits == 16)
            return DeepPng.Decode(codec, header, file, name);
        byte[] pixels = Pixels(codec, gray ? SKColorType.Gray8 : SKColorType.Rgba8888, opaque, name);
        if (codec.EncodedFormat == SKEncodedImageFormat.Jpeg && !JpegEnd.IsThere(file))
            throw DataFault.In(name, Problem(SKCodecResult.IncompleteInput), "a whole picture; the file is damaged");
        return new DecodedPicture(codec.Info.Width, codec.Info.Height, header, gray ? 1 : 4, !opaque, pixels);
    }

    /// <summary>The pixels as stored.</summary>
    internal static byte[] Pixels(SKCodec codec, SKColorType type, bool opaque, string name)
    {
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, type, opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        HostMemory.Require(name, info.BytesSize64);
        var pixels = new byte[info.BytesSize64];
        SKCodecResult result;
        unsafe
        {
            fixed (byte* target = pixels)
                result = codec.GetPixels(info, (nint)target, info.RowBytes, new SKCodecOptions(SKZeroInitialized.Yes));
        }
        return result == SKCodecResult.Success ? pixels : throw DataFault.In(name, Problem(result), "a whole picture; the file is damaged");
    }

    internal static SKCodec Open(byte[] file, string name)
    {
        using SKData data = SKData.CreateCopy(file);
        SKCodec codec = SKCodec.Create(data) ?? throw DataFault.In(name, $"no picture: it begins with {Beginning(file)}", "JPEG, PNG, WebP, GIF or BMP");
        if (Array.IndexOf(Formats, codec.EncodedFormat) >= 0)
            return codec;
        SKEncodedImageFormat format = codec.EncodedFormat;
        codec.Dispose();
        throw DataFault.In(name, $"a picture of type {format}", "JPEG, PNG, WebP, GIF or BMP");
    }

    private static string Beginning(byte[] file) => string.Join(' ', file.Take(8).Select(b => b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)));

    private static string Problem(SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput => "a picture that is cut off",
        SKCodecResult.ErrorInInput => "a picture that is broken inside",
        _ => $"a picture that cannot be decoded ({result})",
    };
}

/// <summary>Stored pixels, with the orientation of display.</summary>
/// <param name="StoredWidth">Pixels per stored row.</param>
/// <param name="StoredHeight">Number of stored rows.</param>
/// <param name="Header">Sizes as displayed.</param>
/// <param name="Channels">1 for gray, or 4: RGB and alpha.</param>
/// <param name="HasAlpha">Whether there may be transparency.</param>
/// <param name="Pixels">Values of <see cref="PictureHeader.Bits"/> bits.</param>
internal sealed record DecodedPicture(int StoredWidth, int StoredHeight, PictureHeader Header, int Channels, bool HasAlpha, byte[] Pixels)
{
    public ReadOnlySpan<byte> Bytes => Pixels;

    public ReadOnlySpan<ushort> Words => MemoryMarshal.Cast<byte, ushort>(Pixels);
}
