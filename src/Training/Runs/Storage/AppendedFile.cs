using System.Buffers;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// A file that a run appends records to. A checkpoint holds the length that it had then, and a resumed run cuts it back to that. Records
/// wait in memory until <see cref="Flush"/>, or until many wait.
/// </summary>
internal sealed class AppendedFile : IDisposable
{
    // Records wait for the disk up to this many bytes; where it stays full, later ones are dropped and counted.
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

    /// <summary>Records that found no place while the disk was full.</summary>
    public long Dropped { get; private set; }

    /// <summary>Opens a file to go on after its first <paramref name="length"/> bytes; what follows them is cut off.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="name">The file; made where missing.</param>
    /// <param name="length">Bytes that stay, and are there.</param>
    /// <param name="tolerate">Told of failures to write, which the run then survives; null: they are thrown.</param>
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

    /// <summary>Adds a record, whole.</summary>
    public void Append(ReadOnlySpan<byte> record)
    {
        if (waiting.WrittenCount > MostWaiting)
        {
            Dropped++;
            return;
        }
        waiting.Write(record);
        // Not again with every record while the disk is full.
        if (waiting.WrittenCount > Comfortable && !torn)
            Flush();
    }

    /// <summary>Hands the waiting records to the system: they survive this process, not yet a power failure.</summary>
    public void Flush() => Attempt(WriteOut);

    /// <summary>Makes all records durable, and gives the length for the checkpoint that is written next.</summary>
    public long Sync()
    {
        Attempt(() =>
        {
            WriteOut();
            calls.Sync(handle, Length);
        });
        return Length;
    }

    /// <summary>Flushes and closes. A failure is told to <c>tolerate</c> alone; call <see cref="Sync"/> before to see it.</summary>
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
        // Part of the records may have come into the file before a failure; they are written again as a whole.
        if (torn)
            calls.Truncate(handle, Length);
        torn = true;
        calls.Write(handle, waiting.WrittenSpan, waiting.WrittenCount);
        torn = false;
        Length += waiting.WrittenCount;
        waiting.ResetWrittenCount();
    }
}
