using System.Text.Json;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A checkpoint on disk: a <see cref="SectionFormat">file of sections</see>, the first a JSON header, the others buffers.</summary>
public sealed class CheckpointFile : IDisposable
{
    private const string HeaderName = "header";
    private const byte HeaderKind = 0;
    private const int MostHeader = 64 << 20;

    private readonly SectionReader reader;

    private CheckpointFile(SectionReader reader, Checkpoint content)
    {
        this.reader = reader;
        Content = content;
    }

    public string Path => reader.Path;

    /// <summary>The checkpoint; its buffers are read from the file, so only until this is disposed.</summary>
    public Checkpoint Content { get; }

    /// <summary>Writes a checkpoint so that at every instant the file is either the old one or the new one, whole.</summary>
    /// <exception cref="StorageException">It was not written, or may not survive a power failure.</exception>
    public static void Write(WorkFolder folder, string name, Checkpoint checkpoint)
    {
        RequireLittleEndian();
        byte[] header = CheckpointHeader.Write(checkpoint);
        long total = SectionWriter.TotalOf([(HeaderName, header.Length), .. checkpoint.Buffers.Select(b => (b.Name, b.Bytes))]);
        DurableFile.Write(folder, name, stream => WriteTo(stream, header, checkpoint.Buffers), total);
    }

    /// <summary>The same, by path.</summary>
    public static void Write(string path, Checkpoint checkpoint)
    {
        string full = System.IO.Path.GetFullPath(path);
        using WorkFolder folder = WorkFolder.Open(System.IO.Path.GetDirectoryName(full)!, null, path);
        Write(folder, System.IO.Path.GetFileName(full), checkpoint);
    }

    /// <summary>Opens a checkpoint after verifying every bit of it.</summary>
    /// <exception cref="DamagedFileException">Something was changed, truncated or added.</exception>
    /// <exception cref="OtherFormatException">It is intact, but of another version of the format.</exception>
    public static CheckpointFile Open(string path)
    {
        RequireLittleEndian();
        SectionReader reader = SectionReader.Open(path);
        try
        {
            return new CheckpointFile(reader, ContentOf(reader));
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    public void Dispose() => reader.Dispose();

    private static void WriteTo(Stream stream, byte[] header, IReadOnlyList<CheckpointBuffer> buffers)
    {
        var writer = new SectionWriter(stream);
        writer.Add(HeaderName, HeaderKind, header.Length, (offset, part) => header.AsSpan((int)offset, part.Length).CopyTo(part));
        foreach (CheckpointBuffer buffer in buffers)
            writer.Add(buffer.Name, (byte)buffer.Element, buffer.Bytes, buffer.Read);
        writer.Finish();
    }

    private static Checkpoint ContentOf(SectionReader reader)
    {
        if (reader.Sections.Count == 0 || reader.Sections[0] is not { Name: HeaderName, Kind: HeaderKind } header)
            throw reader.Damaged(SectionFormat.HeadBytes, "the first section is not a header");
        CheckpointBuffer[] buffers = [.. reader.Sections.Skip(1).Select(s => BufferOf(reader, s))];
        try
        {
            return CheckpointHeader.Read(reader.ReadAll(header, MostHeader)).With(buffers);
        }
        catch (JsonException e)
        {
            throw reader.Damaged(header.Offset, $"the header is not one of a checkpoint: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
        }
    }

    private static CheckpointBuffer BufferOf(SectionReader reader, Section section)
    {
        var element = (CheckpointElement)section.Kind;
        if (!Enum.IsDefined(element))
            throw reader.Damaged(section.Offset, $"buffer '{section.Name}' has elements of the unknown kind {section.Kind}");
        long length = Math.DivRem(section.Length, CheckpointBuffer.SizeOf(element), out long rest);
        if (rest != 0)
            throw reader.Damaged(section.Offset, $"buffer '{section.Name}' has {section.Length} bytes, not a multiple of {CheckpointBuffer.SizeOf(element)}");
        return new CheckpointBuffer(section.Name, element, length, (offset, part) => reader.Read(section, offset, part));
    }

    private static void RequireLittleEndian()
    {
        if (!BitConverter.IsLittleEndian)
            throw new GpuGradException(Fault.Internal, "Checkpoints hold little-endian numbers; this machine's are not.");
    }
}
