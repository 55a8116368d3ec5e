using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

/// <summary>A small whole file of each format with its reader.</summary>
/// <param name="Name">Of the format.</param>
/// <param name="Good">A whole file.</param>
/// <param name="Read">Its reader, which gives back what can be compared.</param>
internal sealed record FormatSample(string Name, byte[] Good, Func<byte[], object> Read)
{
    /// <summary>False for text, where a file cut after a line is whole.</summary>
    public bool EndIsKnown { get; init; } = true;

    /// <summary>The content without its container, and the container around any content: for damage that a checksum would hide.</summary>
    public (byte[] Inner, Func<byte[], byte[]> Wrap)? Container { get; init; }

    public static FormatSample[] All { get; } =
    [
        new("idx", Idx3(), b => Idx.Read(new MemoryStream(b), "f")),
        new("idx labels", Bytes(0, 0, 8, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5), b => Idx.Read(new MemoryStream(b), "f")),
        new("idx.gz", Gz(Idx3()), b => Idx.Read(new MemoryStream(b), "f")) { Container = (Idx3(), Gz) },
        new("cifar10", CifarRecords(1, 3), b => Cifar.Read(new MemoryStream(b), "f", hundred: false)),
        new("cifar100", CifarRecords(2, 2), b => Cifar.Read(new MemoryStream(b), "f", hundred: true)),
        new("csv", Encoding.UTF8.GetBytes("a,b,label\r\n1,2.5,cat\r\n-3e2,\"4\",dog\r\n"), b => Csv(b)) { EndIsKnown = false },
        new("npy", Hostile.File("f4.npy"), b => Npy.Read(new MemoryStream(b), "f")),
        new("npy fortran", Hostile.File("i2-big-fortran-version3.npy"), b => Npy.Read(new MemoryStream(b), "f")),
        new("npz stored", Hostile.File("stored.npz"), b => Npz.Read(new MemoryStream(b), "f")) { Container = (Hostile.File("f4.npy"), StoredZip) },
        new("npz deflated", Hostile.File("deflated.npz"), b => Npz.Read(new MemoryStream(b), "f")) { Container = (Hostile.File("u1.npy"), DeflatedZip) },
        Picture("png", "rgb-alpha8.png") with { Container = (Hostile.File("rgb-alpha8.png"), PngWithChecksums) },
        Picture("png interlaced", "rgb8-interlaced.png") with { Container = (Hostile.File("rgb8-interlaced.png"), PngWithChecksums) },
        Picture("png 16 bits", "rgb16.png") with { Container = (Hostile.File("rgb16.png"), PngWithChecksums) },
        Picture("jpeg", "gray.jpg"),
        Picture("jpeg progressive", "progressive.jpg"),
        Picture("jpeg cmyk", "cmyk.jpg"),
        Picture("webp lossy", "lossy.webp"),
        Picture("webp lossless", "lossless.webp"),
        Picture("gif", "animated.gif"),
        Picture("bmp", "rgb24.bmp"),
        Picture("bmp palette", "palette.bmp"),
    ];

    /// <summary>What a damaged file may ask for: of a picture, what a damaged size says, if its file is not too short for that.</summary>
    public long Memory { get; init; } = 4 << 20;

    /// <summary>False where what follows the end, and the last bytes of all, are not looked at.</summary>
    public bool IsStrict { get; init; } = true;

    private static FormatSample Picture(string name, string file) => new(name, Hostile.File(file), b => PictureReader.Decode(b, "f").Pixels) { IsStrict = false, Memory = 128L << 20 };

    public static FormatSample Find(string name) => All.Single(s => s.Name == name);

    public static byte[] Bytes(params byte[] bytes) => bytes;

    public static byte[] Gz(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return stream.ToArray();
    }

    public static byte[] StoredZip(byte[] content) => Zip(content, CompressionLevel.NoCompression);

    public static byte[] DeflatedZip(byte[] content) => Zip(content, CompressionLevel.Optimal);

    /// <summary>The same chunks with the checksums that they should have.</summary>
    public static byte[] PngWithChecksums(byte[] png)
    {
        byte[] copy = [.. png];
        for (int at = 8; at + 12 <= copy.Length;)
        {
            long length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(copy.AsSpan(at));
            if (at + 12 + length > copy.Length)
                break;
            uint crc = Crc32.HashToUInt32(copy.AsSpan(at + 4, (int)length + 4));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(at + 8 + (int)length), crc);
            at += 12 + (int)length;
        }
        return copy;
    }

    internal static CsvTable Csv(byte[] bytes, CsvOptions? options = null) => CsvReading.Read(new MemoryStream(bytes), "f", options ?? new CsvOptions());

    internal static byte[] Idx3() => [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, .. Enumerable.Range(1, 24).Select(i => (byte)i)];

    private static byte[] Zip(byte[] content, CompressionLevel level)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream entry = zip.CreateEntry("x.npy", level).Open();
            entry.Write(content);
        }
        return stream.ToArray();
    }

    private static byte[] CifarRecords(int labels, int count) =>
        [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat((byte)(i + 1), labels).Concat(Enumerable.Range(0, Cifar.Pixels).Select(p => (byte)(p * (i + 3)))))];
}
