using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// PNG with 16 bits per channel. Skia decodes it to 8 bits, or to floats with 11. Gray ones keep all 16: two bytes of gray are stored
/// exactly as a byte of gray and a byte of alpha, including filters, so with another header Skia returns both; those with alpha likewise as four
/// channels. Colours are decoded as floats, which keep 11 of their bits.
/// </summary>
internal static class DeepPng
{
    private const int Type = 12, Bits = 24, Colour = 25, Checksum = 29;
    private const byte Gray = 0, GrayAlpha = 4, RgbAlpha = 6;

    public static DecodedPicture Decode(SKCodec codec, PictureHeader header, byte[] file, string name)
    {
        (int width, int height, byte colour) = (codec.Info.Width, codec.Info.Height, file[Colour]);
        bool opaque = codec.Info.AlphaType == SKAlphaType.Opaque;
        if (colour is not (Gray or GrayAlpha))
        {
            ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(PictureReader.Pixels(codec, SKColorType.RgbaF16, opaque, name));
            var words = new ushort[halves.Length];
            for (int i = 0; i < words.Length; i++)
                words[i] = (ushort)Math.Clamp(MathF.Round((float)halves[i] * ushort.MaxValue), 0, ushort.MaxValue);
            return new DecodedPicture(width, height, header, 4, !opaque, Bytes(words));
        }
        using SKCodec other = PictureReader.Open(WithHeader(file, colour == Gray ? GrayAlpha : RgbAlpha), name);
        byte[] pixels = PictureReader.Pixels(other, SKColorType.Rgba8888, opaque: false, name);
        return colour == Gray
            ? new DecodedPicture(width, height, header, 1, false, Bytes(Join(pixels, 0, 3)))
            : new DecodedPicture(width, height, header, 4, true, Bytes(Spread(Join(pixels, 0, 1), Join(pixels, 2, 3))));
    }

    private static byte[] WithHeader(byte[] file, byte colour)
    {
        byte[] copy = [.. file];
        (copy[Bits], copy[Colour]) = (8, colour);
        BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(Checksum), Crc32.HashToUInt32(copy.AsSpan(Type, Checksum - Type)));
        return copy;
    }

    private static ushort[] Join(byte[] pixels, int high, int low)
    {
        var words = new ushort[pixels.Length / 4];
        for (int i = 0; i < words.Length; i++)
            words[i] = (ushort)((pixels[(4 * i) + high] << 8) | pixels[(4 * i) + low]);
        return words;
    }

    private static ushort[] Spread(ushort[] gray, ushort[] alpha)
    {
        var words = new ushort[checked(4 * gray.Length)];
        for (int i = 0; i < gray.Length; i++)
            (words[4 * i], words[(4 * i) + 1], words[(4 * i) + 2], words[(4 * i) + 3]) = (gray[i], gray[i], gray[i], alpha[i]);
        return words;
    }

    private static byte[] Bytes(ushort[] words) => MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
}
