using GpuGrad.Kernels.Files;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Access mode of a file.</summary>
public enum OpenFor
{
    /// <summary>Writing a file that must not be there yet.</summary>
    Creating,

    /// <summary>Writing at the end of a file, which is made where missing.</summary>
    Appending,
}

/// <summary>
/// The operations that durable writing is made of, one system call each and nothing retried, so that a test can make the Nth one fail.
/// Results are the kernel's: 0 or more where it worked, minus the <see cref="Errno"/> where not. Files go by their name in an open
/// folder, so that they are where they were meant to be whatever happens to the folder's path; no link is followed.
/// </summary>
public interface IFileSystem
{
    /// <summary>A handle of the folder that a path names. Links on the way are followed: the path is the user's own.</summary>
    long OpenFolder(string path);

    /// <summary>A handle of a folder in another one; a link is refused.</summary>
    long OpenFolder(long folder, string name);

    long MakeFolder(long folder, string name);

    /// <summary>
    /// A handle of a file. Links, pipes and devices are refused; to be appended to, a file must not have another name, because under
    /// that it may be somebody else's.
    /// </summary>
    long Open(long folder, string name, OpenFor purpose);

    /// <summary>Bytes written, possibly fewer than given.</summary>
    long Write(long handle, ReadOnlySpan<byte> bytes);

    /// <summary>Cuts a file that is open for appending.</summary>
    long Truncate(long handle, long length);

    /// <summary>Sets the permission bits of an open file, where there are any.</summary>
    long SetMode(long handle, int mode);

    /// <summary>Returns 0 only when everything written to the file, or every entry of the folder, is on the disk.</summary>
    long Sync(long handle);

    /// <summary>Gives the handle back. Its result says nothing about the data (sync first).</summary>
    long Close(long handle);

    /// <summary>Gives a file another name at once and whole, replacing what had that name; a link is replaced, not what it names.</summary>
    long Rename(long folder, string from, string to);

    /// <summary>Removes a file; of a link, the link.</summary>
    long Delete(long folder, string name);

    /// <summary>Bytes that may still be written in a folder.</summary>
    long Free(string folder);

    /// <summary>What a name in a folder stands for; null where it is not there or the system does not tell.</summary>
    FileFacts? Look(long folder, string name);

    /// <summary>A path by which other calls reach an open folder wherever it lies now.</summary>
    /// <param name="folder">The open folder.</param>
    /// <param name="path">The path it was opened by.</param>
    string PathOf(long folder, string path);

    /// <summary>Path of an open folder.</summary>
    /// <param name="folder">The open folder.</param>
    /// <param name="path">The path it was opened by.</param>
    FolderPlace Place(long folder, string path);
}

/// <summary>Current path of an open folder.</summary>
/// <param name="Same">The path by which it was opened still leads to it.</param>
/// <param name="Now">If not: its path by now; null where it was removed.</param>
public readonly record struct FolderPlace(bool Same, string? Now = null);

public static class FileSystem
{
    /// <summary>The machine's.</summary>
    public static IFileSystem Current { get; } = OperatingSystem.IsLinux() ? new PosixFiles() : new PortableFiles();
}
