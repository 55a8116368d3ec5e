using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

/// <summary>
/// The pictures in <c>Files/</c> were written by Pillow and netpbm; beside each stand its pixels as it reads them, at 8 bits
/// a channel.
/// </summary>
public sealed class PngTests
{
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];
    private static readonly byte[] End = Chunk("IEND");

    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "nothing", [], "PNG's signature" },
        { "a text-mode copy", [0x89, (byte)'P', (byte)'N', (byte)'G', 10, 26, 10, 0], "another beginning" },
        { "signature alone", Signature, "a chunk's length" },
        { "no header", [.. Signature, .. End], "IHDR first" },
        { "a short header", File(Chunk("IHDR", 0, 0, 0, 1), End), "IHDR of 4 bytes" },
        { "width 0", Picture(0, 1, 8, 0, 0, [0, 0]), "0 × 1 pixels" },
        { "height 0", Picture(1, 0, 8, 0, 0, [0, 0]), "1 × 0 pixels" },
        { "width 2³²-1", Picture(uint.MaxValue, 1, 8, 0, 0, [0, 0]), "4294967295 × 1 pixels" },
        { "2³¹-1 squared", Picture(int.MaxValue, int.MaxValue, 8, 6, 0, [0, 0]), "at most 67108864" },
        { "65 megapixels", Picture(65 << 20, 1, 1, 0, 0, [0, 0]), "at most 67108864" },
        { "60 megapixels of nothing", Picture(60 << 10, 1 << 10, 16, 6, 0, [0, 0]), "claim to hold" },
        { "3 bits", Picture(1, 1, 3, 0, 0, [0, 0]), "colour type 0 with 3 bits" },
        { "0 bits", Picture(1, 1, 0, 0, 0, [0, 0]), "colour type 0 with 0 bits" },
        { "RGB of 4 bits", Picture(1, 1, 4, 2, 0, [0, 0, 0]), "colour type 2 with 4 bits" },
        { "a palette of 16 bits", Picture(1, 1, 16, 3, 0, [0, 0]), "colour type 3 with 16 bits" },
        { "colour type 1", Picture(1, 1, 8, 1, 0, [0, 0]), "colour type 1" },
        { "colour type 255", Picture(1, 1, 8, 255, 0, [0, 0]), "colour type 255" },
        { "interlace 2", Picture(1, 1, 8, 0, 2, [0, 0]), "interlace 2" },
        { "compression 1", File(Chunk("IHDR", 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 1, 0, 0), End), "compression 1" },
        { "filter method 1", File(Chunk("IHDR", 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 1, 0), End), "filter 1" },
        { "no picture", File(Header(1, 1, 8, 0), End), "no IDAT" },
        { "an empty picture", File(Header(1, 1, 8, 0), Chunk("IDAT"), End), "no IDAT" },
        { "no end", File(Header(1, 1, 8, 0), Data([0, 0])), "a chunk's length" },
        { "an end with content", File(Header(1, 1, 8, 0), Data([0, 0]), Chunk("IEND", 1)), "IEND of 1 bytes" },
        { "a chunk of 4 GiB", [.. Signature, .. Header(1, 1, 8, 0), 0xFF, 0xFF, 0xFF, 0xFF, .. "IDAT"u8], "4294967295 bytes" },
        { "a chunk of 2 GiB", [.. Signature, .. Header(1, 1, 8, 0), 0x7F, 0xFF, 0xFF, 0xFF, .. "IDAT"u8], "for a chunk" },
        { "a chunk called 1234", File(Header(1, 1, 8, 0), Chunk("1234"), End), "four letters" },
        { "an unknown critical chunk", File(Header(1, 1, 8, 0), Chunk("ABcD"), Data([0, 0]), End), "the chunk 'ABcD'" },
        { "two headers", File(Header(1, 1, 8, 0), Header(1, 1, 8, 0), Data([0, 0]), End), "the chunk 'IHDR'" },
        { "a wrong checksum", [.. File(Header(1, 1, 8, 0), Data([0, 0]))[..^1], 0, .. End], "checksum" },
        { "pictures apart", File(Header(1, 1, 8, 0), Data([0, 0]), Chunk("tEXt", 65, 0, 66), Data([0, 0]), End), "second run" },
        { "no palette", Picture(1, 1, 8, 3, 0, [0, 0]), "no PLTE" },
        { "a palette of 4 bytes", File(Header(1, 1, 8, 3), Chunk("PLTE", 1, 2, 3, 4), Data([0, 0]), End), "a palette of 4 bytes" },
        { "a palette of 257 colours", File(Header(1, 1, 8, 3), Chunk("PLTE", new byte[771]), Data([0, 0]), End), "a palette of 771 bytes" },
        { "a palette after the picture", File(Header(1, 1, 8, 3), Data([0, 0]), Chunk("PLTE", 1, 2, 3), End), "before the picture" },
        { "a palette in a gray picture", File(Header(1, 1, 8, 0), Chunk("PLTE", 1, 2, 3), Data([0, 0]), End), "a palette in a gray picture" },
        { "a pixel behind the palette", File(Header(1, 1, 8, 3), Chunk("PLTE", 1, 2, 3), Data([0, 1]), End), "behind the palette" },
        { "transparency for RGB in gray", File(Header(1, 1, 8, 0), Chunk("tRNS", 0, 1, 0, 1, 0, 1), Data([0, 0]), End), "tRNS of 6 bytes" },
        { "transparency beside alpha", File(Header(1, 1, 8, 4), Chunk("tRNS", 0, 1), Data([0, 0, 0]), End), "tRNS of 2 bytes" },
        { "no zlib header", File(Header(1, 1, 8, 0), Chunk("IDAT", 1, 2, 3, 4, 5, 6, 7, 8), End), "zlib" },
        { "zlib with a dictionary", File(Header(1, 1, 8, 0), Chunk("IDAT", 0x78, 0xBB, 3, 4, 5, 6, 7, 8), End), "zlib" },
        { "zlib cut off", File(Header(1, 1, 8, 0), Chunk("IDAT", Zlib([0, 0])[..^5]), End), "expected" },
        { "another Adler checksum", File(Header(1, 1, 8, 0), Chunk("IDAT", [.. Zlib([0, 0])[..^1], 0x77]), End), "checksum" },
        { "a row missing", Picture(1, 2, 8, 0, 0, [0, 0]), "a row of pixels" },
        { "a byte more", Picture(1, 1, 8, 0, 0, [0, 0, 0]), "more packed data" },
        { "filter 5", Picture(1, 1, 8, 0, 0, [5, 0]), "filter 5" },
        { "filter 255", Picture(1, 1, 8, 0, 0, [255, 0]), "filter 255" },
        { "jpeg", [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, .. "JFIF"u8], "another beginning" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_picture_is_refused(string what, byte[] file, string says)
    {
        string message = Hostile.Refusal(file, b => PngReader.Read(new MemoryStream(b), "f"), what);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.StartsWith("f", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gray1", 1)]
    [InlineData("gray2-interlaced", 1)]
    [InlineData("gray8", 1)]
    [InlineData("gray16", 1)]
    [InlineData("gray-alpha8", 2)]
    [InlineData("rgb8", 3)]
    [InlineData("rgb8-interlaced", 3)]
    [InlineData("rgb16", 3)]
    [InlineData("palette4", 3)]
    [InlineData("rgb-alpha8", 4)]
    public void Pictures_of_other_programs_are_read_as_they_read_them(string name, int channels)
    {
        Picture picture = PngReader.Read(Hostile.FilePath(name + ".png"));
        Assert.Equal((13, 9, channels), (picture.Width, picture.Height, picture.Channels));
        Assert.Equal(Hostile.File(name + ".bin"), picture.Pixels);
    }

    [Fact]
    public void A_transparent_colour_becomes_an_alpha_channel()
    {
        Picture picture = PngReader.Read(Hostile.FilePath("gray4-transparent.png"));
        Assert.Equal(2, picture.Channels);
        for (int i = 0; i < 13 * 9; i++)
            Assert.Equal(picture.Pixels[2 * i] == 17 ? 0 : 255, picture.Pixels[(2 * i) + 1]);
    }

    [Fact]
    public void A_palette_may_be_transparent()
    {
        byte[] file = File(Header(3, 1, 8, 3), Chunk("PLTE", 1, 2, 3, 4, 5, 6, 7, 8, 9), Chunk("tRNS", 0, 128), Data([0, 0, 1, 2]), End);
        Assert.Equal([1, 2, 3, 0, 4, 5, 6, 128, 7, 8, 9, 255], PngReader.Read(new MemoryStream(file), "f").Pixels);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 33, 2)]
    [InlineData(257, 3, 3)]
    [InlineData(5, 7, 4)]
    public void What_is_written_is_read_again(int width, int height, int channels)
    {
        var random = new RandomStream(3, Purpose.Explore);
        var picture = new Picture(width, height, channels, [.. Enumerable.Range(0, width * height * channels).Select(_ => (byte)random.NextBits())]);
        Picture again = PngReader.Read(new MemoryStream(PngWriter.Write(picture)), "f");
        Assert.Equal((width, height, channels), (again.Width, again.Height, again.Channels));
        Assert.Equal(picture.Pixels, again.Pixels);
    }

    [Fact]
    public void Every_filter_gives_back_the_row_that_it_was_made_from()
    {
        // Rows of two RGB pixels, by hand from the standard's formulas.
        byte[] rows = [0, 10, 20, 30, 40, 50, 60, 1, 1, 2, 3, 4, 5, 6, 2, 1, 1, 1, 1, 1, 1, 3, 5, 5, 5, 5, 5, 5, 4, 1, 1, 1, 1, 1, 1];
        byte[] pixels = PngReader.Read(new MemoryStream(Picture(2, 5, 8, 2, 0, rows)), "f").Pixels;
        Assert.Equal([10, 20, 30, 40, 50, 60], pixels[..6]);
        Assert.Equal([1, 2, 3, 5, 7, 9], pixels[6..12]);
        Assert.Equal([2, 3, 4, 6, 8, 10], pixels[12..18]);
        Assert.Equal([6, 6, 7, 11, 12, 13], pixels[18..24]);
        Assert.Equal([7, 7, 8, 12, 13, 14], pixels[24..30]);
    }

    [Fact]
    public void Colours_become_gray_by_weight_and_transparent_ones_lie_over_black()
    {
        var picture = new Picture(2, 1, 4, [255, 0, 0, 255, 200, 100, 50, 128]);
        var gray = new byte[2];
        picture.ToPlanes(1, gray);
        Assert.Equal([76, 62], gray);
        var planes = new byte[6];
        picture.ToPlanes(3, planes);
        Assert.Equal([255, 100, 0, 50, 0, 25], planes);
    }

    private static byte[] Picture(uint width, uint height, byte bits, byte colour, byte interlace, byte[] rows) =>
        File(Header(width, height, bits, colour, interlace), Data(rows), End);

    private static byte[] Header(uint width, uint height, byte bits, byte colour, byte interlace = 0)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(header, width);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (bits, colour, interlace);
        return Chunk("IHDR", header);
    }

    private static byte[] Data(byte[] rows) => Chunk("IDAT", Zlib(rows));

    private static byte[] Zlib(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(content);
        return stream.ToArray();
    }

    private static byte[] File(params byte[][] chunks) => [.. Signature, .. chunks.SelectMany(c => c)];

    private static byte[] Chunk(string type, params byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. content];
        var chunk = new byte[body.Length + 8];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        body.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc32.HashToUInt32(body));
        return chunk;
    }
}
