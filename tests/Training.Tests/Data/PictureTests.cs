using System.Buffers.Binary;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using SkiaSharp;

namespace GpuGrad.Training.Tests.Data;

/// <summary>
/// The pictures in <c>Files/</c> were written by Pillow and netpbm; beside each stand its pixels as Pillow reads them, at 8 bits a
/// channel.
/// </summary>
public sealed class PictureTests
{
    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "nothing", [], "no picture" },
        { "a text", [.. "<html>not found</html>"u8], "it begins with 3C 68 74" },
        { "a text-mode copy", [0x89, (byte)'P', (byte)'N', (byte)'G', 10, 26, 10, 0], "no picture" },
        { "signature alone", Png.Signature, "expected" },
        { "width 0", Png.Picture(0, 1, 8, 0, [0, 0]), "expected" },
        { "2³¹-1 squared", Png.Picture(int.MaxValue, int.MaxValue, 8, 6, [0, 0]), "expected" },
        { "65 megapixels", Png.Picture(8192, 8193, 1, 0, [0, 0]), "8192 × 8193 pixels; expected at most 67108864" },
        { "60 megapixels of nothing", Png.Picture(60 << 10, 1 << 10, 16, 6, [0, 0]), "bytes that claim to be a picture of 61440 × 1024 pixels" },
        { "60 megapixels of a BMP", Bmp(60 << 10, 1 << 10), "expected" },
        { "a GIF of 65535 squared", Gif(ushort.MaxValue, ushort.MaxValue), "expected" },
        { "no picture", Png.File(Png.Header(1, 1, 8, 0), Png.End), "expected" },
        { "a row missing", Png.Picture(1, 2, 8, 0, [0, 0]), "cut off" },
        { "colour type 1", Png.Picture(1, 1, 8, 1, [0, 0]), "expected" },
        { "an icon", [0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 24, 0, 48, 0, 0, 0, 22, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0, .. new byte[32]], "expected" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_picture_is_refused(string what, byte[] file, string says)
    {
        string message = Hostile.Refusal(file, b => PictureReader.Decode(b, "f"), what);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.StartsWith("f: ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gray1.png", "gray1", 1, 0)]
    [InlineData("gray2-interlaced.png", "gray2-interlaced", 1, 0)]
    [InlineData("gray8.png", "gray8", 1, 0)]
    [InlineData("gray16.png", "gray16", 1, 0)]
    [InlineData("rgb8.png", "rgb8", 3, 0)]
    [InlineData("rgb8-interlaced.png", "rgb8-interlaced", 3, 0)]
    [InlineData("rgb16.png", "rgb16", 3, 1)]
    [InlineData("palette4.png", "palette4", 3, 0)]
    [InlineData("rgb24.bmp", "rgb24", 3, 0)]
    [InlineData("palette.bmp", "palette-bmp", 3, 0)]
    [InlineData("animated.gif", "animated", 3, 0)]
    [InlineData("gray.jpg", "gray-jpg", 1, 1)]
    [InlineData("progressive.jpg", "progressive", 3, 3)]
    [InlineData("lossy.webp", "lossy", 3, 3)]
    [InlineData("cmyk.jpg", "cmyk", 3, 3)]
    public void Pictures_are_decoded_as_by_other_programs(string file, string pixels, int channels, int apart)
    {
        DecodedPicture picture = PictureReader.Decode(Hostile.File(file), file);
        Assert.Equal(channels == 1, picture.Header.IsGray);
        byte[] planes = Planes(picture, channels), wanted = Hostile.File(pixels + ".bin");
        int plane = planes.Length / channels;
        for (int i = 0; i < planes.Length; i++)
            Assert.InRange(planes[i] - wanted[(i % plane * channels) + (i / plane)], -apart, apart);
    }

    [Theory]
    [InlineData("rgb-alpha8.png", "rgb-alpha8", 4)]
    [InlineData("lossless.webp", "lossless", 4)]
    [InlineData("gray-alpha8.png", "gray-alpha8", 2)]
    public void Transparent_parts_show_the_background(string file, string pixels, int channels)
    {
        byte[] wanted = Hostile.File(pixels + ".bin");
        DecodedPicture picture = PictureReader.Decode(Hostile.File(file), file);
        foreach (Background background in Enum.GetValues<Background>())
        {
            byte[] planes = Planes(picture, channels - 1, background);
            int plane = planes.Length / (channels - 1), behind = background == Background.White ? 255 : 0;
            for (int i = 0; i < planes.Length; i++)
            {
                int value = wanted[(i % plane * channels) + (i / plane)], alpha = wanted[(i % plane * channels) + channels - 1];
                Assert.Equal(((value * alpha) + (behind * (255 - alpha)) + 127) / 255, planes[i]);
            }
        }
    }

    [Fact]
    public void A_transparent_colour_is_seen_through()
    {
        DecodedPicture picture = PictureReader.Decode(Hostile.File("gray4-transparent.png"), "f");
        byte[] black = Planes(picture, 1), white = Planes(picture, 1, Background.White);
        Assert.Contains((byte)17, Enumerable.Range(0, black.Length).Where(i => black[i] != white[i]).Select(_ => (byte)17));
        Assert.All(Enumerable.Range(0, black.Length), i => Assert.True(black[i] == white[i] || (black[i] == 0 && white[i] == 255)));
        Assert.DoesNotContain((byte)17, black);
    }

    [Fact]
    public void Of_sixteen_bits_all_are_kept_in_gray_and_eleven_in_colour()
    {
        // Every number of 16 bits, gray and in colour.
        byte[] gray = Rows(256, 256, 2, i => i), rgb = Rows(256, 256, 6, i => i / 3 * 40503 * (1 + (i % 3)));
        DecodedPicture one = PictureReader.Decode(Png.Picture(256, 256, 16, 0, gray), "f"), three = PictureReader.Decode(Png.Picture(256, 256, 16, 2, rgb), "f");
        Assert.Equal((16, true), (one.Header.Bits, one.Header.IsGray));
        var numbers = new double[256 * 256];
        new PictureLayout(new Shape(1, 256, 256), 16).Place(one, numbers);
        Assert.Equal(Enumerable.Range(0, numbers.Length).Select(i => (double)i), numbers);
        var colours = new double[3 * numbers.Length];
        new PictureLayout(new Shape(3, 256, 256), 16).Place(three, colours);
        for (int i = 0; i < colours.Length; i++)
        {
            double wanted = (ushort)(i % numbers.Length * 40503 * (1 + (i / numbers.Length)));
            // 11 bits of a colour, the last of them rounded.
            Assert.InRange(colours[i] - wanted, -1 - (wanted / 2048), 1 + (wanted / 2048));
        }
    }

    [Fact]
    public void Sixteen_bits_of_gray_with_alpha_are_kept_too()
    {
        byte[] rows = Rows(4, 1, 4, i => i % 2 == 0 ? 1000 + i : i == 1 ? 65535 : i == 3 ? 32768 : 0);
        var numbers = new double[4];
        new PictureLayout(new Shape(1, 1, 4), 16) { Background = Background.White }.Place(PictureReader.Decode(Png.Picture(4, 1, 16, 4, rows), "f"), numbers);
        Assert.Equal([1000, Math.Round(((1002 * 32768.0) + (65535.0 * 32767)) / 65535), 65535, 65535], numbers);
    }

    [Fact]
    public void Eight_bits_among_sixteen_become_as_bright()
    {
        var numbers = new double[4];
        new PictureLayout(new Shape(1, 1, 4), 16).Place(PictureReader.Decode(Png.Picture(4, 1, 8, 0, [0, 0, 1, 128, 255]), "f"), numbers);
        Assert.Equal([0, 257, 128 * 257, 65535], numbers);
    }

    [Theory]
    [InlineData(1, "abcd")]
    [InlineData(2, "badc")]
    [InlineData(3, "dcba")]
    [InlineData(4, "cdab")]
    [InlineData(5, "acbd")]
    [InlineData(6, "cadb")]
    [InlineData(7, "dbca")]
    [InlineData(8, "bdac")]
    public void A_photograph_is_rotated_by_its_EXIF_orientation(int orientation, string corners)
    {
        // 32 × 16 stored; a and b above, c and d below, each of a tone of its own.
        byte[] tones = [20, 90, 160, 230], pixels = new byte[32 * 16];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = tones[(i / 32 / 8 * 2) + (i % 32 / 16)];
        DecodedPicture picture = PictureReader.Decode(WithOrientation(Jpeg(32, 16, pixels), orientation), "f");
        (int width, int height) = orientation < 5 ? (32, 16) : (16, 32);
        Assert.Equal((width, height), (picture.Header.Width, picture.Header.Height));
        byte[] shown = Planes(picture, 1);
        for (int i = 0; i < 4; i++)
        {
            int at = ((height / 4) + (i / 2 * height / 2)) * width + (width / 4) + (i % 2 * width / 2);
            Assert.InRange(shown[at] - tones[corners[i] - 'a'], -3, 3);
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 33, 4)]
    [InlineData(257, 3, 3)]
    [InlineData(5, 7, 4)]
    public void What_is_written_is_read_again(int width, int height, int channels)
    {
        var random = new RandomStream(3, Purpose.Explore);
        var picture = new Picture(width, height, channels, [.. Enumerable.Range(0, width * height * channels).Select(i => channels == 4 && i % 4 == 3 ? (byte)255 : (byte)random.NextBits())]);
        DecodedPicture again = PictureReader.Decode(PngWriter.Write(picture), "f");
        Assert.Equal((width, height, channels == 1), (again.Header.Width, again.Header.Height, again.Header.IsGray));
        byte[] planes = Planes(again, Math.Min(channels, 3));
        for (int i = 0; i < planes.Length; i++)
            Assert.Equal(picture.Pixels[(i % (width * height) * channels) + (i / (width * height))], planes[i]);
        Assert.Equal(PngWriter.Write(picture), PngWriter.Write(picture));
    }

    [Fact]
    public void Colours_become_gray_by_weight()
    {
        byte[] file = Png.Picture(3, 1, 8, 2, [0, 255, 0, 0, 0, 255, 0, 9, 9, 9]);
        Assert.Equal([76, 150, 9], Planes(PictureReader.Decode(file, "f"), 1));
    }

    [Theory]
    [InlineData(ResizeMethod.Stretch, "000255255255|000255255255")]
    [InlineData(ResizeMethod.Crop, "255255|255255")]
    [InlineData(ResizeMethod.Pad, "77|000255255255|000255255255|77")]
    public void Crop_keeps_the_middle_pad_keeps_all_and_stretch_the_sides(ResizeMethod method, string what)
    {
        // 8 × 4: a quarter black at the left, the rest white but for the black last quarter.
        byte[] row = [0, 0, 0, 255, 255, 255, 255, 0, 0], rows = [.. Enumerable.Repeat(row, 4).SelectMany(r => r)];
        var layout = new PictureLayout(new Shape(1, 4, 4), 8) { Method = method, Background = Background.White };
        var target = new byte[16];
        layout.Place(PictureReader.Decode(Png.Picture(8, 4, 8, 0, rows), "f"), target);
        byte[] wanted = method switch
        {
            ResizeMethod.Crop => [.. Enumerable.Repeat(Crop, 4).SelectMany(r => r)],
            ResizeMethod.Pad => [.. Enumerable.Repeat((byte)255, 4), .. Wide, .. Wide, .. Enumerable.Repeat((byte)255, 4)],
            _ => [.. Enumerable.Repeat(Wide, 4).SelectMany(r => r)],
        };
        Assert.True(target.SequenceEqual(wanted), $"{what}: {string.Join(' ', target)}");
    }

    // By hand: the triangle over two pixels and their neighbours, weights 1 3 3 1 of 8 in the middle, 3 3 1 of 7 at an edge.
    private static readonly byte[] Wide = [36, 223, 223, 36], Crop = [255, 255, 255, 255];

    private static byte[] Planes(DecodedPicture picture, int channels, Background background = Background.Black)
    {
        var shape = new Shape(channels, picture.Header.Height, picture.Header.Width);
        var planes = new byte[shape.Count];
        new PictureLayout(shape, 8) { Background = background }.Place(picture, planes);
        return planes;
    }

    private static byte[] Rows(int width, int height, int pixelBytes, Func<int, int> value)
    {
        var rows = new byte[height * ((width * pixelBytes) + 1)];
        for (int y = 0, i = 0; y < height; y++)
        {
            for (int x = 0; x < width * pixelBytes / 2; x++, i++)
                BinaryPrimitives.WriteUInt16BigEndian(rows.AsSpan((y * ((width * pixelBytes) + 1)) + 1 + (2 * x)), (ushort)value(i));
        }
        return rows;
    }

    internal static byte[] Jpeg(int width, int height, byte[] gray, SKEncodedImageFormat format = SKEncodedImageFormat.Jpeg)
    {
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(width, height, SKColorType.Gray8, SKAlphaType.Opaque), gray);
        using SKData data = image.Encode(format, 95);
        return data.ToArray();
    }

    // An APP1 segment right behind the start: TIFF, big-endian, with one entry.
    private static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] tiff = [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        return [0xFF, 0xD8, 0xFF, 0xE1, 0, (byte)(2 + 6 + tiff.Length), .. "Exif"u8, 0, 0, .. tiff, .. jpeg[2..]];
    }

    private static byte[] Bmp(int width, int height) =>
        [.. "BM"u8, 0, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, .. BitConverter.GetBytes(width), .. BitConverter.GetBytes(height), 1, 0, 24, 0, .. new byte[24]];

    private static byte[] Gif(ushort width, ushort height) =>
        [.. "GIF89a"u8, .. BitConverter.GetBytes(width), .. BitConverter.GetBytes(height), 0, 0, 0, (byte)',', 0, 0, 0, 0, .. BitConverter.GetBytes(width), .. BitConverter.GetBytes(height), 0, 2, 1, 0, 0, (byte)';'];
}
