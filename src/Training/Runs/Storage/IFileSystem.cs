using GpuGrad.Kernels.Files;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Access mode of a file.</summary>
public enum OpenFor
{
    /// <summary>Writing a file that must not exist yet.</summary>
    Creating,

    /// <summary>Writing at the end of a file, which is created if missing.</summary>
    Appending,
}

/// <summary>
/// The operations needed for durable writing, one system call each and without retries, so that a test can make the Nth one fail.
/// Results are the kernel's: 0 or more on success, minus the <see cref="Errno"/> on failure. Files are named relative to an open
/// folder, so that they end up where intended whatever happens to the folder's path; no link is followed.
/// </summary>
public interface IFileSystem
{
    /// <summary>Opens the folder at a path. Links on the way are followed: the path is the user's own.</summary>
    long OpenFolder(string path);

    /// <summary>Opens a folder in another one; a link is refused.</summary>
    long OpenFolder(long folder, string name);

    long MakeFolder(long folder, string name);

    /// <summary>
    /// Opens a file. Links, pipes and devices are refused; a file to append to must not have a second name (hard link), because
    /// it may belong to somebody else.
    /// </summary>
    long Open(long folder, string name, OpenFor purpose);

    /// <summary>Writes bytes and returns their number, possibly fewer than given.</summary>
    long Write(long handle, ReadOnlySpan<byte> bytes);

    /// <summary>Truncates a file that is open for appending.</summary>
    long Truncate(long handle, long length);

    /// <summary>Sets the permission bits of an open file, if the system has any.</summary>
    long SetMode(long handle, int mode);

    /// <summary>Returns 0 only when everything written to the file, or every entry of the folder, is on the disk.</summary>
    long Sync(long handle);

    /// <summary>Closes the handle. Its result says nothing about the data (sync first).</summary>
    long Close(long handle);

    /// <summary>Renames a file atomically, replacing any file of that name; a link is replaced, not its target.</summary>
    long Rename(long folder, string from, string to);

    /// <summary>Removes a file; for a link, the link.</summary>
    long Delete(long folder, string name);

    /// <summary>Free bytes in a folder.</summary>
    long Free(string folder);

    /// <summary>Properties of a name in a folder; null if it does not exist or the system cannot tell.</summary>
    FileFacts? Look(long folder, string name);

    /// <summary>A path through which other calls reach an open folder wherever it is now.</summary>
    /// <param name="folder">The open folder.</param>
    /// <param name="path">The path it was opened by.</param>
    string PathOf(long folder, string path);

    /// <summary>Path of an open folder.</summary>
    /// <param name="folder">The open folder.</param>
    /// <param name="path">The path it was opened by.</param>
    FolderPlace Place(long folder, string path);
}

/// <summary>Current path of an open folder.</summary>
/// <param name="Same">Whether the path by which it was opened still leads to it.</param>
/// <param name="Now">If not, its current path; null if it was removed.</param>
public readonly record struct FolderPlace(bool Same, string? Now = null);

public static class FileSystem
{
    /// <summary>The file system of this machine.</summary>
    public static IFileSystem Current { get; } = OperatingSystem.IsLinux() ? new PosixFiles() : new PortableFiles();
}
