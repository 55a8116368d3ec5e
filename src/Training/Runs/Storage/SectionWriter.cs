using System.Buffers.Binary;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Reads bytes at an offset.</summary>
public delegate void ByteSource(long offset, Span<byte> destination);

/// <summary>Writes a file of sections in one pass.</summary>
internal sealed class SectionWriter
{
    private const int Chunk = 1 << 20;

    private readonly Stream stream;
    private readonly List<Section> sections = [];
    private readonly byte[] chunk = new byte[Chunk];
    private readonly byte[] head = new byte[SectionFormat.HeadBytes];
    private long position = SectionFormat.HeadBytes;

    public SectionWriter(Stream stream)
    {
        this.stream = stream;
        SectionFormat.Magic.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(8), SectionFormat.Version);
        stream.Write(head);
    }

    /// <summary>Length in bytes of a file with these sections.</summary>
    public static long TotalOf(IEnumerable<(string Name, long Length)> sections) =>
        sections.Aggregate((long)SectionFormat.HeadBytes + SectionFormat.FootBytes, (sum, s) => checked(sum + s.Length + SectionFormat.EntryBytes(s.Name)));

    public void Add(string name, byte kind, long length, ByteSource source)
    {
        int bytes = SectionFormat.Utf8.GetByteCount(name);
        if (bytes is 0 or > SectionFormat.MostNameBytes || sections.Count == SectionFormat.MostSections || sections.Exists(s => s.Name == name))
            throw new ArgumentException($"Section '{name}': the name is empty, longer than {SectionFormat.MostNameBytes} bytes or there twice, or there are more than {SectionFormat.MostSections}.");
        var checksum = new Checksum();
        for (long offset = 0; offset < length; offset += Chunk)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(Chunk, length - offset));
            source(offset, part);
            checksum.Append(part);
            stream.Write(part);
        }
        sections.Add(new Section(name, kind, position, length, checksum.Value));
        position = checked(position + length);
    }

    /// <summary>Writes the table and the foot.</summary>
    public void Finish()
    {
        byte[] table = Table();
        var foot = new byte[SectionFormat.FootBytes];
        BinaryPrimitives.WriteInt64LittleEndian(foot, sections.Count);
        BinaryPrimitives.WriteInt64LittleEndian(foot.AsSpan(8), position);
        BinaryPrimitives.WriteInt64LittleEndian(foot.AsSpan(16), checked(position + table.Length + foot.Length));
        BinaryPrimitives.WriteUInt64LittleEndian(foot.AsSpan(24), Checksum.Of([.. head, .. table, .. foot.AsSpan(0, 24)]));
        SectionFormat.EndMagic.CopyTo(foot.AsSpan(32));
        stream.Write(table);
        stream.Write(foot);
    }

    private byte[] Table()
    {
        var table = new byte[sections.Sum(s => SectionFormat.EntryBytes(s.Name))];
        Span<byte> rest = table;
        foreach (Section section in sections)
        {
            int name = SectionFormat.Utf8.GetBytes(section.Name, rest[2..]);
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)name);
            rest = rest[(2 + name)..];
            rest[0] = section.Kind;
            BinaryPrimitives.WriteInt64LittleEndian(rest[1..], section.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[9..], section.Checksum);
            rest = rest[17..];
        }
        return table;
    }
}
