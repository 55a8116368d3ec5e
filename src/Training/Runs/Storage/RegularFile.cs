using GpuGrad.Kernels.Files;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A file for random access reads. Folders, pipes, sockets and devices are refused instead of waited for.</summary>
public sealed class RegularFile : IDisposable
{
    private readonly SafeFileHandle handle;

    private RegularFile(string path, SafeFileHandle handle, long length)
    {
        Path = path;
        this.handle = handle;
        Length = length;
    }

    public string Path { get; }

    /// <summary>Length in bytes when it was opened.</summary>
    public long Length { get; }

    /// <exception cref="MissingFileException">It does not exist.</exception>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is not readable or not a regular file.</exception>
    public static RegularFile Open(string path)
    {
        SafeFileHandle handle = OpenHandle(path);
        try
        {
            return new RegularFile(path, handle, RandomAccess.GetLength(handle));
        }
        catch (Exception e)
        {
            handle.Dispose();
            throw e is IOException or UnauthorizedAccessException ? Refused(path, $"cannot be read: {Errno.Text(Errno.Of(e))}") : e;
        }
    }

    /// <summary>Reads the whole of a file that must be small: never more than <paramref name="most"/> bytes, whatever length it reports.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: as for <see cref="Open"/>, or it is larger.</exception>
    public static byte[] ReadAll(string path, int most)
    {
        using RegularFile file = Open(path);
        if (file.Length > most)
            throw Refused(path, $"has {file.Length} bytes, expected at most {most}");
        var bytes = new byte[file.Length];
        file.ReadExactly(0, bytes);
        return bytes;
    }

    /// <summary>Opens a file for reading, without waiting for the other end of a pipe and with no effect on a device.</summary>
    /// <exception cref="MissingFileException">It does not exist.</exception>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is not readable or not a regular file.</exception>
    internal static SafeFileHandle OpenHandle(string path)
    {
        try
        {
            if (Directory.Exists(path))
                throw Refused(path, "is a folder, expected a file");
            if (OperatingSystem.IsWindows())
                return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // Opening a device may already have effects, so it is checked before; and after, because it may have been exchanged.
            RequireRegular(path, FileFacts.Of(path, follow: true));
            // The full path also refuses a name with a NUL, where libc would end it.
            long file = Posix.Open(System.IO.Path.GetFullPath(path), Posix.ReadOnly | Posix.NonBlocking | (OperatingSystem.IsLinux() ? Posix.CloseOnExec : 0));
            if (file < 0)
                throw new IOException(path, (int)-file);
            var handle = new SafeFileHandle((nint)file, ownsHandle: true);
            try
            {
                RequireRegular(path, FileFacts.Of((int)file));
                RandomAccess.GetLength(handle); // throws for files without a length, such as a pipe
                return handle;
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (NotSupportedException)
        {
            throw Special(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            if (e is not ArgumentException && Errno.Of(e) == Errno.NoEntry)
                throw new MissingFileException(path);
            throw Refused(path, $"cannot be read: {(e is ArgumentException ? "not a path" : Errno.TextOfReading(Errno.Of(e), path))}");
        }
    }

    /// <summary>Fills the span from the file.</summary>
    /// <exception cref="DamagedFileException">The file ends earlier.</exception>
    public void ReadExactly(long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(handle, destination, offset);
                if (read <= 0)
                    throw new DamagedFileException(Path, offset, $"the file ends here, {destination.Length} bytes early");
                destination = destination[read..];
                offset += read;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DamagedFileException(Path, offset, $"cannot be read: {Errno.Text(Errno.Of(e))}");
        }
    }

    public void Dispose() => handle.Dispose();

    private static void RequireRegular(string path, FileFacts? facts)
    {
        if (facts is { Kind: FileKind.Special })
            throw Special(path);
    }

    private static GpuGradException Special(string path) => Refused(path, "is a pipe, a socket or a device, expected a regular file");

    private static GpuGradException Refused(string path, string what) => new(Fault.Data, $"{path}: {what}.");
}
