using GpuGrad.Training.Runs.Storage;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.BlackBox;

/// <summary>Stores the bytes of a <see cref="Snapshot"/>: in memory, or in a file if they would take too much of it.</summary>
internal abstract class SnapshotRoom : IDisposable
{
    /// <summary>A buffer for the bytes at <paramref name="offset"/>, which <see cref="Keep"/> then stores.</summary>
    public abstract Span<byte> Part(long offset, int count);

    /// <summary>Stores the contents of the last <see cref="Part"/>, which started at <paramref name="offset"/>.</summary>
    /// <exception cref="StorageException">The file could not be written.</exception>
    public abstract void Keep(long offset, ReadOnlySpan<byte> part);

    /// <exception cref="StorageException">The file could not be read.</exception>
    public abstract void Read(long offset, Span<byte> destination);

    public virtual void Dispose()
    {
    }
}

internal sealed class MemoryRoom(long bytes) : SnapshotRoom
{
    private readonly byte[] all = new byte[bytes];

    public override Span<byte> Part(long offset, int count) => all.AsSpan((int)offset, count);

    public override void Keep(long offset, ReadOnlySpan<byte> part)
    {
        // It is there already: the part is the memory itself.
    }

    public override void Read(long offset, Span<byte> destination) => all.AsSpan((int)offset, destination.Length).CopyTo(destination);
}

/// <summary>An unnamed file that vanishes with the process: nothing in it is worth keeping after a crash, so it is never synced either.</summary>
internal sealed class FileRoom : SnapshotRoom
{
    private readonly string path;
    private readonly SafeFileHandle file;
    private byte[] buffer = [];

    public FileRoom(string folder)
    {
        path = Path.Combine(folder, "black-box-" + Path.GetRandomFileName());
        try
        {
            file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose);
            if (!OperatingSystem.IsWindows())
                File.Delete(path); // the open file stays usable; a killed process leaves nothing behind
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw Failed("could not be created", e);
        }
    }

    public override Span<byte> Part(long offset, int count)
    {
        if (buffer.Length < count)
            buffer = GC.AllocateUninitializedArray<byte>(count);
        return buffer.AsSpan(0, count);
    }

    public override void Keep(long offset, ReadOnlySpan<byte> part)
    {
        try
        {
            RandomAccess.Write(file, part, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed("could not be written", e);
        }
    }

    public override void Read(long offset, Span<byte> destination)
    {
        try
        {
            for (int count; destination.Length > 0; destination = destination[count..], offset += count)
            {
                count = RandomAccess.Read(file, destination, offset);
                if (count == 0)
                    throw new EndOfStreamException();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed("could not be read", e);
        }
    }

    public override void Dispose() => file.Dispose();

    private StorageException Failed(string what, Exception e) => new(path, what, Errno.Of(e));
}
