using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

/// <summary>The archives in <c>Files/</c> were written by NumPy 1.24, which states sizes in Zip64 fields.</summary>
public sealed class NpzTests
{
    private static readonly byte[] Stored = Hostile.File("stored.npz");
    private static readonly byte[] Deflated = Hostile.File("deflated.npz");
    private static readonly int Directory = Find(Stored, 0x02014B50), End = Find(Stored, 0x06054B50);

    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "nothing", [], "no end record" },
        { "an npy file", Hostile.File("f4.npy"), "no end record" },
        { "an empty archive cut", [.. "PK\u0005\u0006"u8], "no end record" },
        { "a second disk", Word(Stored, End + 4, 1, 2), "a part of an archive" },
        { "a directory on another disk", Word(Stored, End + 6, 1, 2), "a part of an archive" },
        { "fewer entries here", Word(Stored, End + 8, 1, 2), "a part of an archive" },
        { "more entries than there are", Word(Word(Stored, End + 8, 3, 2), End + 10, 3, 2), "directory" },
        { "fewer entries than there are", Word(Word(Stored, End + 8, 1, 2), End + 10, 1, 2), "bytes more" },
        { "65535 entries", Word(Word(Stored, End + 8, 0xFFFF, 2), End + 10, 0xFFFF, 2), "a directory of 65535 files" },
        { "a directory beyond the end", Word(Stored, End + 16, 0x7FFFFFFF, 4), "directory" },
        { "a directory of 4 GiB", Word(Stored, End + 12, 0xFFFFFFF0, 4), "directory" },
        { "a directory one byte early", Word(Stored, End + 16, (uint)Directory - 1, 4), "directory" },
        { "a comment longer than the rest", Word(Stored, End + 20, 5, 2), "no end record" },
        { "an encrypted entry", Word(Stored, Directory + 8, 1, 2), "not encrypted" },
        { "strong encryption", Word(Stored, Directory + 8, 0x41, 2), "not encrypted" },
        { "method 14", Word(Stored, Directory + 10, 14, 2), "method 14" },
        { "deflate said of stored", Word(Stored, Directory + 10, 8, 2), "expected" },
        { "stored said of deflated", Word(Deflated, Find(Deflated, 0x02014B50) + 10, 0, 2), "expected" },
        { "another checksum", Word(Stored, Directory + 16, 0x12345678, 4), "checksum" },
        { "a packed size of 4 GiB", Word(Stored, Directory + 20, 0xFFFFFFFE, 4), "expected" },
        { "a size of 4 GiB", Word(Stored, Directory + 24, 0xFFFFFFFE, 4), "expected" },
        { "a size of FFFFFFFF without the wide one", Word(Stored, Directory + 24, 0xFFFFFFFF, 4), "Zip64 field" },
        { "a smaller size (R7)", Word(Word(Stored, Directory + 24, 130, 4), Directory + 20, 130, 4), "expected" },
        { "a local header elsewhere", Word(Stored, Directory + 42, 3, 4), "expected" },
        { "a local header beyond the directory", Word(Stored, Directory + 42, 0x7FFFFFFF, 4), "something is between" },
        { "two entries over one place", Word(Stored, Find(Stored, 0x02014B50, 1) + 42, 0, 4), "files overlap" },
        { "another name in the local header", Byte(Stored, 30, (byte)'z'), "another name" },
        { "a name twice", Byte(Byte(Stored, Find(Stored, 0x02014B50, 1) + 46, (byte)'x'), Find(Stored, 0x04034B50, 1) + 30, (byte)'x'), "second time" },
        { "a file that is not an array", Zip(("a.txt", [1, 2, 3])), "names end in .npy" },
        { "a folder", Zip(("a/", [])), "names end in .npy" },
        { "a path upwards", Zip(("../../etc/passwd", [1])), "names end in .npy" },
        { "something before", [1, 2, 3, .. Stored], "expected" },
        { "something behind", [.. Stored, 0], "no end record" },
        { "an archive behind an archive", [.. Stored, .. Stored], "expected" },
        { "a gap between entries", Gap(), "expected" },
        { "an object array", Zip(("x.npy", Hostile.File("object.npy"))), "would run code" },
        { "an entry with something behind the numbers", Zip(("x.npy", [.. Hostile.File("f4.npy"), 0])), "97 bytes of numbers" },
        { "an entry cut off", Zip(("x.npy", Hostile.File("f4.npy")[..^1])), "95 bytes of numbers" },
        { "a bomb that claims 200 MiB", Bomb(), "compressed bytes that hold" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_archive_is_refused(string what, byte[] file, string says)
    {
        string message = Hostile.Refusal(file, b => Npz.Read(new MemoryStream(b), "f"), what);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.StartsWith("f", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stored.npz")]
    [InlineData("deflated.npz")]
    public void NumPys_archives_are_read(string file)
    {
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(Hostile.FilePath(file));
        Assert.Equal(["x", "y"], arrays.Keys.Order());
        Assert.Equal([2, 12], arrays["x"].Sizes);
        Assert.Equal([.. Enumerable.Range(0, 24).Select(i => (i * 1.5f) - 7)], arrays["x"].ToFloats());
        Assert.Equal([1, 0], arrays["y"].ToInts()!);
    }

    [Fact]
    public void A_missing_array_is_named_with_those_that_are_there()
    {
        GpuGradException e = Assert.Throws<GpuGradException>(() => Npz.Read(new MemoryStream(Stored), "f", ["x", "z"]));
        Assert.Equal("f: no array 'z'; expected one of 'x.npy', 'y.npy'", e.Message);
    }

    [Fact]
    public void What_is_written_is_read_again_and_the_same_twice()
    {
        Assert.Equal(Write(), Write());
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(new MemoryStream(Write()), "f");
        Assert.Equal(["activation/0", "bytes", "ints", "loss"], arrays.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2, 3], arrays["activation/0"].Sizes);
        Assert.Equal([1f, 2, 3, 4, 5, float.NaN], arrays["activation/0"].ToFloats());
        Assert.Empty(arrays["loss"].Sizes);
        Assert.Equal([Math.PI], arrays["loss"].ToDoubles());
        Assert.Equal([int.MinValue, int.MaxValue], arrays["ints"].ToInts()!);
        Assert.Equal([7], arrays["bytes"].AsBytes!);
    }

    [Fact]
    public void A_file_appears_only_when_it_is_whole()
    {
        string folder = System.IO.Directory.CreateTempSubdirectory("gpugrad-npz").FullName;
        string path = Path.Combine(folder, "a.npz");
        Assert.Throws<InvalidOperationException>(() => NpzWriter.Save(path, _ => throw new InvalidOperationException()));
        Assert.Empty(System.IO.Directory.GetFiles(folder));
        NpzWriter.Save(path, w => w.Add("x", [2], [1f, 2f]));
        Assert.Equal([path], System.IO.Directory.GetFiles(folder));
        System.IO.Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Every_length_of_bytes_has_the_checksum_that_its_bits_have()
    {
        byte[] bytes = [.. Enumerable.Range(0, 300).Select(i => (byte)(i * 89))];
        Assert.Equal(0xCBF43926, Crc32.HashToUInt32("123456789"u8));
        for (int length = 0; length < 100; length++)
        {
            uint slow = 0xFFFFFFFF;
            foreach (byte b in bytes.AsSpan(3, length))
            {
                slow ^= b;
                for (int bit = 0; bit < 8; bit++)
                    slow = (slow >> 1) ^ (0xEDB88320 & (0 - (slow & 1)));
            }
            Assert.Equal(~slow, Crc32.HashToUInt32(bytes.AsSpan(3, length)));
        }
    }

    private static byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var writer = new NpzWriter(stream))
        {
            writer.Add("loss", [], [Math.PI]);
            writer.Add("activation/0", [2, 3], [1f, 2, 3, 4, 5, float.NaN]);
            writer.Add("ints", [2], [int.MinValue, int.MaxValue]);
            writer.Add("bytes", [1], new byte[] { 7 });
        }
        return stream.ToArray();
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in files)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    private static byte[] Bomb() => Zip(("x.npy", NpyTests.File("{'descr': '|u1', 'fortran_order': False, 'shape': (209715200,)}", new byte[200 << 20])));

    // Three bytes between the entries, every offset behind them set right.
    private static byte[] Gap()
    {
        int second = Find(Stored, 0x04034B50, 1);
        byte[] gap = [.. Stored[..second], 1, 2, 3, .. Stored[second..]];
        gap = Word(gap, Find(gap, 0x02014B50, 1) + 42, (uint)second + 3, 4);
        return Word(gap, Find(gap, 0x06054B50) + 16, (uint)Directory + 3, 4);
    }

    private static byte[] Byte(byte[] file, int at, byte value) => Word(file, at, value, 1);

    private static byte[] Word(byte[] file, int at, uint value, int size)
    {
        byte[] copy = [.. file];
        for (int i = 0; i < size; i++)
            copy[at + i] = (byte)(value >> (8 * i));
        return copy;
    }

    private static int Find(byte[] file, uint magic, int skip = 0)
    {
        for (int i = 0; i + 4 <= file.Length; i++)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(i)) == magic && skip-- == 0)
                return i;
        }
        throw new InvalidOperationException("The fixture lacks a record.");
    }
}
