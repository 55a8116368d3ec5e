using System.Buffers.Binary;
using System.Text;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A file of sections, verified as a whole before any content is returned. Sections are read from the file on request.</summary>
internal sealed class SectionReader : IDisposable
{
    private const int Chunk = 1 << 20;

    private readonly RegularFile file;

    private SectionReader(RegularFile file, IReadOnlyList<Section> sections)
    {
        this.file = file;
        Sections = sections;
    }

    public string Path => file.Path;

    public IReadOnlyList<Section> Sections { get; }

    /// <exception cref="DamagedFileException">A bit differs from what was written.</exception>
    public static SectionReader Open(string path)
    {
        RegularFile file = RegularFile.Open(path);
        try
        {
            IReadOnlyList<Section> sections = ReadTable(file);
            foreach (Section section in sections)
                Verify(file, section);
            return new SectionReader(file, sections);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Read(Section section, long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > section.Length - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Section '{section.Name}' has {section.Length} bytes; asked for {destination.Length} at {offset}.");
        file.ReadExactly(section.Offset + offset, destination);
    }

    /// <summary>Reads a whole section that must be small.</summary>
    public byte[] ReadAll(Section section, int most)
    {
        if (section.Length > most)
            throw Damaged(section.Offset, $"section '{section.Name}' has {section.Length} bytes, expected at most {most}");
        var bytes = new byte[section.Length];
        Read(section, 0, bytes);
        return bytes;
    }

    public DamagedFileException Damaged(long offset, string what) => new(file.Path, offset, what);

    public void Dispose() => file.Dispose();

    private static List<Section> ReadTable(RegularFile file)
    {
        const int Least = SectionFormat.HeadBytes + SectionFormat.FootBytes;
        if (file.Length < Least)
            throw new DamagedFileException(file.Path, file.Length, $"the file ends here; a checkpoint has at least {Least} bytes");
        var head = new byte[SectionFormat.HeadBytes];
        file.ReadExactly(0, head);
        if (!head.AsSpan(0, 8).SequenceEqual(SectionFormat.Magic))
            throw new DamagedFileException(file.Path, 0, "not a checkpoint: its first 8 bytes are others");
        var foot = new byte[SectionFormat.FootBytes];
        long footAt = file.Length - foot.Length;
        file.ReadExactly(footAt, foot);
        if (!foot.AsSpan(32).SequenceEqual(SectionFormat.EndMagic))
            throw new DamagedFileException(file.Path, footAt + 32, "the end mark is not here: the file is cut, or something follows it");
        long count = BinaryPrimitives.ReadInt64LittleEndian(foot);
        long tableAt = BinaryPrimitives.ReadInt64LittleEndian(foot.AsSpan(8));
        long total = BinaryPrimitives.ReadInt64LittleEndian(foot.AsSpan(16));
        if (total != file.Length)
            throw new DamagedFileException(file.Path, footAt + 16, $"the file was {total} bytes long, now it has {file.Length}");
        const long MostTable = (long)SectionFormat.MostSections * (2 + SectionFormat.MostNameBytes + 17);
        if (tableAt < head.Length || tableAt > footAt || footAt - tableAt > MostTable || count is < 0 or > SectionFormat.MostSections)
            throw new DamagedFileException(file.Path, footAt, $"{count} sections with their table at {tableAt}, which cannot be");
        var table = new byte[footAt - tableAt];
        file.ReadExactly(tableAt, table);
        if (Checksum.Of([.. head, .. table, .. foot.AsSpan(0, 24)]) != BinaryPrimitives.ReadUInt64LittleEndian(foot.AsSpan(24)))
            throw new DamagedFileException(file.Path, tableAt, "head, table or foot are damaged (checksum)");
        RequireVersion(file.Path, BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(8)), BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(12)));
        return Parse(file, table, (int)count, tableAt);
    }

    // After the checksum: the file is then what some program meant to write.
    private static void RequireVersion(string path, int version, int zero)
    {
        if (version != SectionFormat.Version || zero != 0)
            throw new OtherFormatException(path, version, SectionFormat.Version);
    }

    private static List<Section> Parse(RegularFile file, ReadOnlySpan<byte> table, int count, long tableAt)
    {
        DamagedFileException Wrong(string what) => new(file.Path, tableAt, what);
        var sections = new List<Section>(count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        long offset = SectionFormat.HeadBytes;
        for (int i = 0; i < count; i++)
        {
            int name = table.Length < 2 ? -1 : BinaryPrimitives.ReadUInt16LittleEndian(table);
            if (name is < 1 or > SectionFormat.MostNameBytes || table.Length < 2 + name + 17)
                throw Wrong($"the table ends within section {i}");
            string text = NameOf(table.Slice(2, name)) ?? throw Wrong($"the name of section {i} is not UTF-8");
            if (!names.Add(text))
                throw Wrong($"two sections are called '{text}'");
            table = table[(2 + name)..];
            long length = BinaryPrimitives.ReadInt64LittleEndian(table[1..]);
            if (length < 0 || length > tableAt - offset)
                throw Wrong($"section '{text}' has {length} bytes, more than are left");
            sections.Add(new Section(text, table[0], offset, length, BinaryPrimitives.ReadUInt64LittleEndian(table[9..])));
            offset += length;
            table = table[17..];
        }
        if (!table.IsEmpty || offset != tableAt)
            throw Wrong($"{count} sections end at {offset} and leave {table.Length} bytes of the table, expected the end at {tableAt} and none");
        return sections;
    }

    private static string? NameOf(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return SectionFormat.Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static void Verify(RegularFile file, Section section)
    {
        var checksum = new Checksum();
        var chunk = new byte[Math.Min(Chunk, section.Length)];
        for (long offset = 0; offset < section.Length; offset += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, section.Length - offset));
            file.ReadExactly(section.Offset + offset, part);
            checksum.Append(part);
        }
        if (checksum.Value != section.Checksum)
            throw new DamagedFileException(file.Path, section.Offset, $"section '{section.Name}' ({section.Length} bytes) is damaged (checksum)");
    }
}
