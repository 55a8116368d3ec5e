using System.Buffers;
using System.Text.Json;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// <c>metrics.jsonl</c>: one JSON object per line, appended. A checkpoint stores the file's length, and a resumed run truncates
/// it to that, so the lines are the same as if the run had never stopped.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private readonly AppendedFile file;
    private readonly ArrayBufferWriter<byte> line = new();
    private readonly Utf8JsonWriter writer;

    private MetricsLog(AppendedFile file)
    {
        this.file = file;
        writer = new Utf8JsonWriter(line);
    }

    public string Path => file.Path;

    /// <summary>Bytes of whole lines in the file.</summary>
    public long Length => file.Length;

    /// <summary>Number of lines dropped while the disk was full.</summary>
    public long Dropped => file.Dropped;

    /// <summary>Opens the log to continue after its first <paramref name="length"/> bytes; the rest is truncated.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="name">The file; created if missing.</param>
    /// <param name="length">The length in the checkpoint; 0 for a new run.</param>
    /// <param name="tolerate">Receives write errors, which the run then survives; null to throw them.</param>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Data"/>: the file is shorter, or no line ends there. If that is tolerated, its whole lines are kept.
    /// </exception>
    public static MetricsLog Open(WorkFolder folder, string name, long length, Action<GpuGradException>? tolerate = null) =>
        new(AppendedFile.Open(folder, name, LengthToKeep(System.IO.Path.Combine(folder.Path, name), length, tolerate), tolerate));

    /// <summary>The same, by path.</summary>
    public static MetricsLog Open(string path, long length, Action<GpuGradException>? tolerate = null, IFileSystem? files = null)
    {
        string full = System.IO.Path.GetFullPath(path);
        using WorkFolder folder = WorkFolder.Open(System.IO.Path.GetDirectoryName(full)!, files, path);
        return Open(folder, System.IO.Path.GetFileName(full), length, tolerate);
    }

    /// <summary>Reads the whole lines of a log. A last line that a killed process left unfinished is left out.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a line is not a JSON object.</exception>
    public static IReadOnlyList<JsonElement> Read(string path)
    {
        using RegularFile file = RegularFile.Open(path);
        if (file.Length > Array.MaxLength)
            throw new GpuGradException(Fault.Data, $"{path}: {file.Length} bytes; at most {Array.MaxLength} can be read.");
        var bytes = new byte[file.Length];
        file.ReadExactly(0, bytes);
        var lines = new List<JsonElement>();
        for (int begin = 0, end; (end = bytes.AsSpan(begin).IndexOf((byte)'\n')) >= 0; begin += end + 1)
        {
            try
            {
                lines.Add(JsonSerializer.Deserialize(bytes.AsSpan(begin, end), StorageJson.Default.JsonElement));
            }
            catch (JsonException)
            {
                throw new DamagedFileException(path, begin, $"line {lines.Count + 1} is not JSON");
            }
            if (lines[^1].ValueKind != JsonValueKind.Object)
                throw new DamagedFileException(path, begin, $"line {lines.Count} is not a JSON object");
        }
        return lines;
    }

    /// <summary>Adds a line. It is in the file after the next <see cref="Flush"/>, or once many are buffered.</summary>
    public void Append(params ReadOnlySpan<(string Name, MetricValue Value)> values)
    {
        line.ResetWrittenCount();
        writer.Reset();
        writer.WriteStartObject();
        foreach ((string name, MetricValue value) in values)
            value.Write(writer, name);
        writer.WriteEndObject();
        writer.Flush();
        line.Write("\n"u8);
        file.Append(line.WrittenSpan);
    }

    /// <summary>Writes the buffered lines to the system: they survive this process, but not yet a power failure.</summary>
    public void Flush() => file.Flush();

    /// <summary>Makes all lines durable, and returns the length for the checkpoint that is written next.</summary>
    public long Sync() => file.Sync();

    /// <summary>Flushes and closes. An error is passed only to <c>tolerate</c>; call <see cref="Sync"/> first to see it.</summary>
    public void Dispose()
    {
        file.Dispose();
        writer.Dispose();
    }

    // The given length if a line ends there; else, if that is tolerated, the last line end before it.
    internal static long LengthToKeep(string path, long length, Action<GpuGradException>? tolerate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length == 0)
            return 0;
        try
        {
            RequireLineEnd(path, length);
            return length;
        }
        catch (GpuGradException e) when (tolerate is not null && (e is DamagedFileException or MissingFileException))
        {
            tolerate!(e);
            return File.Exists(path) ? LastLineEnd(path, length) : 0;
        }
    }

    private static long LastLineEnd(string path, long most)
    {
        using RegularFile file = RegularFile.Open(path);
        var chunk = new byte[1 << 16];
        for (long end = Math.Min(most, file.Length); end > 0; end -= chunk.Length)
        {
            long begin = Math.Max(0, end - chunk.Length);
            Span<byte> part = chunk.AsSpan(0, (int)(end - begin));
            file.ReadExactly(begin, part);
            int at = part.LastIndexOf((byte)'\n');
            if (at >= 0)
                return begin + at + 1;
        }
        return 0;
    }

    private static void RequireLineEnd(string path, long length)
    {
        using RegularFile file = RegularFile.Open(path);
        if (file.Length < length)
            throw new DamagedFileException(path, file.Length, $"the file ends here; the checkpoint was written when it had {length} bytes");
        Span<byte> last = stackalloc byte[1];
        file.ReadExactly(length - 1, last);
        if (last[0] != '\n')
            throw new DamagedFileException(path, length, "the checkpoint expects the end of a line here; there is none");
    }
}
