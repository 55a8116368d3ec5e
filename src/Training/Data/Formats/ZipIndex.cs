using System.Text;

namespace GpuGrad.Training.Data.Formats;

/// <summary>One file in a zip archive.</summary>
/// <param name="Name">Its name; never used as a path.</param>
/// <param name="Deflated">Whether it is deflated; otherwise stored.</param>
/// <param name="Crc">Stated CRC-32 of the contents.</param>
/// <param name="Packed">Compressed size in bytes.</param>
/// <param name="Size">Uncompressed size in bytes.</param>
/// <param name="Header">Offset of its local header.</param>
/// <param name="Described">Whether a data descriptor follows.</param>
internal sealed record ZipEntry(string Name, bool Deflated, uint Crc, long Packed, long Size, long Header, bool Described)
{
    /// <summary>Offset of the first compressed byte; known once the local header has been read.</summary>
    public long Start { get; init; }
}

/// <summary>
/// The files of a zip archive, from its central directory. Stricter than ZipArchive, which verifies neither checksums nor the space
/// between files: entries must fill the archive without gap or overlap, and nothing may follow its end.
/// </summary>
/// <remarks>Source: PKWARE's APPNOTE.TXT, with Zip64 sizes as NumPy writes them.</remarks>
internal sealed class ZipIndex
{
    private const uint LocalMagic = 0x04034B50, CentralMagic = 0x02014B50, EndMagic = 0x06054B50, End64Magic = 0x06064B50, Locator64Magic = 0x07064B50;
    private const int EndLength = 22, Locator64Length = 20, CentralLength = 46;
    private const int MostComment = ushort.MaxValue;
    private const uint Wide = uint.MaxValue;

    private readonly Stream stream;
    private readonly string name;

    private ZipIndex(Stream stream, string name) => (this.stream, this.name) = (stream, name);

    public static IReadOnlyList<ZipEntry> Read(Stream stream, string name)
    {
        var index = new ZipIndex(stream, name);
        (long offset, long size, long count, long end) = index.FindDirectory();
        List<ZipEntry> entries = index.ReadDirectory(offset, size, count);
        if (offset + size != end)
            throw index.Refuse(offset + size, $"a directory that ends before {end}", "its end there");
        return index.CheckLayout(entries, offset);
    }

    /// <summary>The contents of an entry, read in order; the checksum is verified at the end.</summary>
    public static ByteInput Open(Stream stream, string name, ZipEntry entry)
    {
        stream.Position = entry.Start;
        CheckedStream contents = entry.Deflated ? new Inflater(stream, name, entry.Start, entry.Packed) : new StoredStream(stream, entry.Packed);
        return new CheckedInput(contents, name, DataFault.Quote(entry.Name), entry.Size, entry.Crc, entry.Header);
    }

    private (long Offset, long Size, long Count, long End) FindDirectory()
    {
        long end = FindEnd();
        ByteInput input = At(end + 4);
        int disk = input.LittleUInt16("the end record"), firstDisk = input.LittleUInt16("the end record");
        int here = input.LittleUInt16("the end record"), count = input.LittleUInt16("the end record");
        uint size = input.LittleUInt32("the end record"), offset = input.LittleUInt32("the end record");
        if (end >= Locator64Length && At(end - Locator64Length).LittleUInt32("the locator") == Locator64Magic)
            return FindDirectory64(end - Locator64Length);
        if (disk != 0 || firstDisk != 0 || here != count)
            throw Refuse(end, "a part of an archive", "one file");
        return (offset, size, count, end);
    }

    // The end record is last in the file, apart from a comment whose length it states.
    private long FindEnd()
    {
        long first = Math.Max(0, stream.Length - EndLength - MostComment);
        int length = (int)(stream.Length - first);
        var tail = new byte[length];
        stream.Position = first;
        stream.ReadExactly(tail);
        for (int at = length - EndLength; at >= 0; at--)
        {
            if (BitConverter.ToUInt32(tail, at) == EndMagic && at + EndLength + BitConverter.ToUInt16(tail, at + EndLength - 2) == length)
                return first + at;
        }
        throw Refuse(stream.Length, "no end record", "the end of a zip archive; the file is cut off, followed by something, or no zip");
    }

    private (long Offset, long Size, long Count, long End) FindDirectory64(long locator)
    {
        const string What = "the Zip64 end record";
        ByteInput input = At(locator + 4);
        input.LittleUInt32(What);
        ulong place = input.LittleUInt64(What);
        if (place > (ulong)locator)
            throw Refuse(locator, $"a Zip64 end record at {place}", "one before it");
        input = At((long)place);
        if (input.LittleUInt32(What) != End64Magic)
            throw Refuse((long)place, "no Zip64 end record", "one, by its locator");
        input.Take(20, What);
        ulong here = input.LittleUInt64(What), count = input.LittleUInt64(What), size = input.LittleUInt64(What), offset = input.LittleUInt64(What);
        if (here != count || offset > long.MaxValue || size > long.MaxValue || count > long.MaxValue)
            throw Refuse((long)place, "a Zip64 end record that makes no sense", "counts and offsets within the file");
        return ((long)offset, (long)size, (long)count, (long)place);
    }

    private List<ZipEntry> ReadDirectory(long offset, long size, long count)
    {
        if (offset > stream.Length || size > stream.Length - offset || count > size / CentralLength)
            throw Refuse(stream.Length, $"a directory of {count} files in {size} bytes at {offset}", "one within the file");
        ByteInput input = At(offset, size);
        var entries = new List<ZipEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (long i = 0; i < count; i++)
        {
            ZipEntry entry = ReadEntry(input, offset);
            if (!names.Add(entry.Name))
                throw Refuse(entry.Header, $"{DataFault.Quote(entry.Name)} for the second time", "each name once");
            entries.Add(entry);
        }
        input.End();
        return entries;
    }

    private ZipEntry ReadEntry(ByteInput input, long directory)
    {
        const string What = "a directory entry";
        long place = directory + input.Offset;
        if (input.LittleUInt32(What) != CentralMagic)
            throw Refuse(place, "no directory entry", "one for each file");
        input.Take(4, What);
        int flags = input.LittleUInt16(What), method = input.LittleUInt16(What);
        input.Take(4, What);
        uint crc = input.LittleUInt32(What), packed = input.LittleUInt32(What), size = input.LittleUInt32(What);
        int nameLength = input.LittleUInt16(What), extraLength = input.LittleUInt16(What), commentLength = input.LittleUInt16(What);
        int disk = input.LittleUInt16(What);
        input.Take(6, What);
        uint header = input.LittleUInt32(What);
        string entry = Encoding.UTF8.GetString(input.Take(nameLength, "a name"));
        var wide = new WideSizes(input.Take(extraLength, "an extra field"), () => Refuse(place, "a Zip64 field that is too short", "its sizes"));
        input.Take(commentLength, "a comment");
        if ((flags & ~0b1000_0000_1110) != 0 || method is not (0 or 8) || disk != 0)
            throw Refuse(place, $"{DataFault.Quote(entry)} with method {method}, flags {flags:X4}", "stored or deflated, not encrypted");
        long sizeWide = wide.Next(size), packedWide = wide.Next(packed), headerWide = wide.Next(header);
        if (method == 0 && packedWide != sizeWide)
            throw Refuse(place, $"{DataFault.Quote(entry)} stored as {packedWide} bytes of {sizeWide}", "the same number");
        if (method == 8)
            Inflater.CheckRatio(name, place, packedWide, sizeWide);
        return new ZipEntry(entry, method == 8, crc, packedWide, sizeWide, headerWide, (flags & 8) != 0);
    }

    // In the order of the archive; each starts where the previous one ends.
    private List<ZipEntry> CheckLayout(List<ZipEntry> entries, long directory)
    {
        var placed = new List<ZipEntry>();
        long end = 0;
        bool described = false;
        foreach (ZipEntry entry in entries.OrderBy(e => e.Header))
        {
            CheckGap(end, entry.Header, described);
            ZipEntry located = entry with { Start = StartOf(entry, directory) };
            if (located.Packed > directory - located.Start)
                throw Refuse(entry.Header, $"{DataFault.Quote(entry.Name)} of {entry.Packed} bytes", $"at most {directory - located.Start}");
            end = located.Start + located.Packed;
            described = entry.Described;
            placed.Add(located);
        }
        CheckGap(end, directory, described);
        return placed;
    }

    // Between two files there is nothing, or a descriptor: checksum and two sizes of 4 or 8 bytes, with or without a magic number.
    private void CheckGap(long end, long next, bool described)
    {
        long gap = next - end;
        if (gap != 0 && !(described && gap is 12 or 16 or 20 or 24))
            throw Refuse(end, $"the next record at {next}", "it here; files overlap or something is between them");
    }

    private long StartOf(ZipEntry entry, long directory)
    {
        const string What = "a local header";
        if (entry.Header > directory)
            throw Refuse(directory, $"{DataFault.Quote(entry.Name)} at {entry.Header}", "a place before the directory");
        ByteInput input = At(entry.Header);
        if (input.LittleUInt32(What) != LocalMagic)
            throw Refuse(entry.Header, "no local header", $"that of {DataFault.Quote(entry.Name)}");
        input.Take(22, What);
        int nameLength = input.LittleUInt16(What), extraLength = input.LittleUInt16(What);
        if (Encoding.UTF8.GetString(input.Take(nameLength, "a name")) != entry.Name)
            throw Refuse(entry.Header, "another name than in the directory", DataFault.Quote(entry.Name));
        input.Take(extraLength, "an extra field");
        return entry.Header + input.Offset;
    }

    private ByteInput At(long offset, long? length = null)
    {
        stream.Position = offset;
        return new ByteInput(stream, name, length ?? (stream.Length - offset));
    }

    private GpuGradException Refuse(long offset, string found, string expected) => DataFault.At(name, offset, found, expected);

    /// <summary>The 64-bit values of sizes that are stored as FFFFFFFF, in order (extra field 1).</summary>
    private sealed class WideSizes
    {
        private readonly Func<GpuGradException> tooShort;
        private readonly byte[] field = [];
        private int at;

        public WideSizes(byte[] extra, Func<GpuGradException> tooShort)
        {
            this.tooShort = tooShort;
            for (int i = 0; i + 4 <= extra.Length;)
            {
                int id = BitConverter.ToUInt16(extra, i), length = BitConverter.ToUInt16(extra, i + 2);
                if (length > extra.Length - i - 4)
                    throw tooShort();
                if (id == 1)
                    field = extra[(i + 4)..(i + 4 + length)];
                i += 4 + length;
            }
        }

        public long Next(uint narrow)
        {
            if (narrow != Wide)
                return narrow;
            if (at + 8 > field.Length)
                throw tooShort();
            long value = BitConverter.ToInt64(field, at);
            at += 8;
            return value >= 0 ? value : throw tooShort();
        }
    }
}
