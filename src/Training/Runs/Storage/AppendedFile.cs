using System.Buffers;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// A file that a run appends records to. A checkpoint stores its length, and a resumed run truncates it to that. Records
/// are buffered in memory until <see cref="Flush"/>, or until there are many.
/// </summary>
internal sealed class AppendedFile : IDisposable
{
    // Largest buffer of records; while the disk stays full, later ones are dropped and counted.
    private const int MostWaiting = 16 << 20;
    private const int Comfortable = 1 << 16;

    private readonly FileCalls calls;
    private readonly Action<GpuGradException>? tolerate;
    private readonly ArrayBufferWriter<byte> waiting = new(Comfortable);
    private readonly long handle;
    private bool torn;
    private bool closed;

    private AppendedFile(string path, FileCalls calls, long handle, long length, Action<GpuGradException>? tolerate)
    {
        Path = path;
        this.calls = calls;
        this.handle = handle;
        this.tolerate = tolerate;
        Length = length;
    }

    public string Path { get; }

    /// <summary>Bytes of whole records in the file.</summary>
    public long Length { get; private set; }

    /// <summary>Number of records dropped while the disk was full.</summary>
    public long Dropped { get; private set; }

    /// <summary>Opens a file to continue after its first <paramref name="length"/> bytes; the rest is truncated.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="name">The file; created if missing.</param>
    /// <param name="length">Bytes to keep, which must exist.</param>
    /// <param name="tolerate">Receives write errors, which the run then survives; null to throw them.</param>
    public static AppendedFile Open(WorkFolder folder, string name, long length, Action<GpuGradException>? tolerate)
    {
        string path = System.IO.Path.Combine(folder.Path, name);
        var calls = new FileCalls(folder, path);
        long handle = calls.Open(name, OpenFor.Appending);
        try
        {
            calls.Truncate(handle, length);
            calls.SyncFolder();
        }
        catch
        {
            calls.Close(handle);
            throw;
        }
        return new AppendedFile(path, calls, handle, length, tolerate);
    }

    /// <summary>Adds a whole record.</summary>
    public void Append(ReadOnlySpan<byte> record)
    {
        if (waiting.WrittenCount > MostWaiting)
        {
            Dropped++;
            return;
        }
        waiting.Write(record);
        // While the disk is full, not again with every record.
        if (waiting.WrittenCount > Comfortable && !torn)
            Flush();
    }

    /// <summary>Writes the buffered records to the system: they survive this process, but not yet a power failure.</summary>
    public void Flush() => Attempt(WriteOut);

    /// <summary>Makes all records durable, and returns the length for the checkpoint that is written next.</summary>
    public long Sync()
    {
        Attempt(() =>
        {
            WriteOut();
            calls.Sync(handle, Length);
        });
        return Length;
    }

    /// <summary>Flushes and closes. An error is passed only to <c>tolerate</c>; call <see cref="Sync"/> first to see it.</summary>
    public void Dispose()
    {
        if (closed)
            return;
        closed = true;
        try
        {
            WriteOut();
        }
        catch (StorageException e)
        {
            tolerate?.Invoke(e);
        }
        calls.Close(handle);
    }

    private void Attempt(Action action)
    {
        try
        {
            action();
        }
        catch (StorageException e) when (tolerate is not null)
        {
            tolerate(e);
        }
    }

    private void WriteOut()
    {
        if (waiting.WrittenCount == 0)
            return;
        // A part of the records may be in the file after a failure; they are written again as a whole.
        if (torn)
            calls.Truncate(handle, Length);
        torn = true;
        calls.Write(handle, waiting.WrittenSpan, waiting.WrittenCount);
        torn = false;
        Length += waiting.WrittenCount;
        waiting.ResetWrittenCount();
    }
}
