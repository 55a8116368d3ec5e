using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

public sealed class IdxTests
{
    private static readonly byte[] Good = FormatSample.Idx3();

    /// <summary>Bad files, and a part of what must be said of each.</summary>
    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "nothing", [], "IDX's magic number" },
        { "half a magic number", [0, 0], "4 for IDX's magic number" },
        { "png", [0x89, (byte)'P', (byte)'N', (byte)'G'], "magic number 89504E47" },
        { "text", [.. "1,2,3\n4,5,6\n"u8], "magic number 312C322C" },
        { "little-endian magic", [3, 8, 0, 0, 2, 0, 0, 0], "magic number" },
        { "a one before", [0, 1, 8, 1, 0, 0, 0, 1, 9], "magic number" },
        { "type 0", [0, 0, 0, 1, 0, 0, 0, 1, 9], "08 to 0E" },
        { "type 7", [0, 0, 7, 1, 0, 0, 0, 1, 9], "08 to 0E" },
        { "type 0A", [0, 0, 0x0A, 1, 0, 0, 0, 1, 9], "08 to 0E" },
        { "type 0F", [0, 0, 0x0F, 1, 0, 0, 0, 1, 9], "08 to 0E" },
        { "no axes", [0, 0, 8, 0], "0 axes" },
        { "nine axes", [0, 0, 8, 9, .. new byte[40]], "9 axes" },
        { "255 axes", [0, 0, 8, 255], "255 axes" },
        { "sizes missing", [0, 0, 8, 3, 0, 0, 0, 1], "the sizes" },
        { "an axis of 0", [0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 5], "an axis of 0" },
        { "a negative axis", [0, 0, 8, 1, 0xFF, 0xFF, 0xFF, 0xFF], "an axis of -1" },
        { "the least axis", [0, 0, 8, 1, 0x80, 0, 0, 0], "an axis of -2147483648" },
        { "2³¹-1 bytes", [0, 0, 8, 1, 0x7F, 0xFF, 0xFF, 0xFF], "numbers" },
        { "2³² by int overflow to 0", [0, 0, 8, 2, 0, 1, 0, 0, 0, 1, 0, 0], "numbers" },
        { "2⁹³, beyond long", [0, 0, 8, 3, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF], "63 bits" },
        { "2⁶⁴ by long overflow to 0", [0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0], "63 bits" },
        { "one byte less", Good[..^1], "23 bytes of numbers" },
        { "one byte more", [.. Good, 0], "25 bytes of numbers" },
        { "doubles with room for bytes", [0, 0, 0x0E, 1, 0, 0, 0, 2, 1, 2], "16 for 2 of type Float64" },
        { "ints, one byte short", [0, 0, 0x0C, 1, 0, 0, 0, 1, 1, 2, 3], "4 for 1 of type Int32" },
        { "gzip of nothing", FormatSample.Gz([]), "IDX's magic number" },
        { "gzip magic alone", [0x1F, 0x8B], "gzip header" },
        { "gzip method 7", [0x1F, 0x8B, 7, .. new byte[20]], "1F 8B 08" },
        { "gzip reserved flags", [0x1F, 0x8B, 8, 0xE0, .. new byte[20]], "unknown flags" },
        { "gzip name without end", [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3, .. "abc"u8], "file name" },
        { "gzip extra beyond the end", [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 1, 2], "extra field" },
        { "gzip without trailer", FormatSample.Gz(Good)[..^8], "expected" },
        { "gzip with half a trailer", FormatSample.Gz(Good)[..^4], "expected" },
        { "gzip of a cut file", FormatSample.Gz(Good[..^3]), "21 bytes of numbers" },
        { "gzip with another length", With(FormatSample.Gz(Good), ^4, 41), "25 bytes of numbers" },
        { "gzip with another checksum", With(FormatSample.Gz(Good), ^5, 0x5A), "checksum" },
        { "gzip that claims 4 GiB", WithEnd(FormatSample.Gz(Good), 0xFF, 0xFF, 0xFF, 0xFF), "claim to hold 4294967295" },
        { "two gzip members", [.. FormatSample.Gz(Good), .. FormatSample.Gz(Good)], "expected" },
        { "a bomb of 70 MiB", FormatSample.Gz([0, 0, 8, 1, 0x04, 0x60, 0, 0, .. new byte[0x04600000]]), "compressed bytes that hold" },
        { "gzip in gzip", FormatSample.Gz(FormatSample.Gz(Good)), "magic number 1F8B" },
        { "something between data and trailer", [.. FormatSample.Gz(Good)[..^8], 1, 2, 3, .. FormatSample.Gz(Good)[^8..]], "after the compressed data" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_file_is_refused(string what, byte[] file, string says)
    {
        string message = Hostile.Refusal(file, b => Idx.Read(new MemoryStream(b), "f"), what);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.StartsWith("f", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_come_back_as_they_were_written()
    {
        byte[] values = [.. Enumerable.Range(0, 2 * 5 * 7).Select(i => (byte)(i * 37))];
        using var stream = new MemoryStream();
        Idx.Write(stream, [2, 5, 7], values);
        foreach (byte[] file in new[] { stream.ToArray(), FormatSample.Gz(stream.ToArray()) })
        {
            NumberArray array = Idx.Read(new MemoryStream(file), "f");
            Assert.Equal([2, 5, 7], array.Sizes);
            Assert.Equal(values, array.AsBytes!);
        }
    }

    [Theory]
    [InlineData(0x09, new byte[] { 0xFF, 0x02 }, -1, 2)]
    [InlineData(0x0B, new byte[] { 0xFF, 0xFE, 0x01, 0x00 }, -2, 256)]
    [InlineData(0x0C, new byte[] { 0x00, 0x01, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00 }, 65536, int.MinValue)]
    [InlineData(0x0D, new byte[] { 0xC0, 0x20, 0x00, 0x00, 0x7F, 0x7F, 0xFF, 0xFF }, -2.5, float.MaxValue)]
    [InlineData(0x0E, new byte[] { 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 0x59, 0, 0, 0, 0, 0, 0 }, 1, -100)]
    public void Every_type_is_read_big_endian(byte type, byte[] values, double first, double second)
    {
        NumberArray array = Idx.Read(new MemoryStream([0, 0, type, 1, 0, 0, 0, 2, .. values]), "f");
        Assert.Equal([first, second], array.ToDoubles());
    }

    private static byte[] With(byte[] file, Index at, byte value)
    {
        file[at] = value == file[at] ? (byte)~value : value;
        return file;
    }

    private static byte[] WithEnd(byte[] file, params byte[] end) => [.. file[..^end.Length], .. end];
}
