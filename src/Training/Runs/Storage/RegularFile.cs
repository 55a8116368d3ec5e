using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A file to be read at any offset. Folders, pipes and terminals are refused instead of waited for.</summary>
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

    /// <summary>Bytes, when it was opened.</summary>
    public long Length { get; }

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: not there, not readable, not a regular file.</exception>
    public static RegularFile Open(string path)
    {
        if (Directory.Exists(path))
            throw Refused(path, "is a folder, expected a file");
        try
        {
            SafeFileHandle handle = OpenHandle(path);
            try
            {
                return new RegularFile(path, handle, RandomAccess.GetLength(handle));
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (NotSupportedException)
        {
            // What cannot be sought has no length.
            throw Refused(path, "is a pipe or a device, expected a regular file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Refused(path, $"cannot be read: {(e is ArgumentException ? "not a path" : Errno.Text(Errno.Of(e)))}");
        }
    }

    /// <summary>Fills the span from the file.</summary>
    /// <exception cref="DamagedFileException">The file ends before.</exception>
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

    private static SafeFileHandle OpenHandle(string path)
    {
        if (OperatingSystem.IsWindows())
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        // Full path: it also refuses a name with a NUL, which libc would cut there.
        long file = Posix.Open(System.IO.Path.GetFullPath(path), Posix.ReadOnly | Posix.NonBlocking);
        if (file < 0)
            throw new IOException(path, (int)-file);
        return new SafeFileHandle((nint)file, ownsHandle: true);
    }

    private static GpuGradException Refused(string path, string what) => new(Fault.Data, $"{path}: {what}.");
}
