namespace GpuGrad.Training.Runs.Storage;

/// <summary>What a file or folder is opened for.</summary>
public enum OpenFor
{
    /// <summary>Writing a file that must not be there yet.</summary>
    Creating,

    /// <summary>Writing at the end of a file, which is made where missing.</summary>
    Appending,

    /// <summary>Making a folder's entries durable.</summary>
    SyncingFolder,
}

/// <summary>
/// The operations that durable writing is made of, one system call each and nothing retried, so that a test can make the Nth one fail.
/// Results are the kernel's: 0 or more where it worked, minus the <see cref="Errno"/> where not.
/// </summary>
public interface IFileSystem
{
    /// <summary>A handle.</summary>
    long Open(string path, OpenFor purpose);

    /// <summary>Bytes written, possibly fewer than given.</summary>
    long Write(long handle, ReadOnlySpan<byte> bytes);

    /// <summary>Cuts a file that is open for appending.</summary>
    long Truncate(long handle, long length);

    /// <summary>Returns 0 only when everything written to the file, or every entry of the folder, is on the disk.</summary>
    long Sync(long handle);

    /// <summary>Gives the handle back. Its result says nothing about the data (sync first).</summary>
    long Close(long handle);

    /// <summary>Gives a file another name at once and whole, replacing what had that name.</summary>
    long Rename(string from, string to);

    long Delete(string path);

    /// <summary>Bytes that may still be written in a folder.</summary>
    long Free(string folder);
}

public static class FileSystem
{
    /// <summary>The machine's.</summary>
    public static IFileSystem Current { get; } = OperatingSystem.IsLinux() ? new PosixFiles() : new PortableFiles();
}
