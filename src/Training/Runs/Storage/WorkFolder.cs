namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// A folder that is kept open. Files written into it by name end up in this very folder, even if it was moved or replaced
/// meanwhile, and never go through a link.
/// </summary>
public sealed class WorkFolder : IDisposable
{
    private bool closed;

    private WorkFolder(string path, IFileSystem files, long handle)
    {
        Path = path;
        Files = files;
        Handle = handle;
    }

    /// <summary>The path by which it was opened.</summary>
    public string Path { get; }

    internal IFileSystem Files { get; }

    internal long Handle { get; }

    /// <summary>A path for reading in it, wherever it is now; not for messages.</summary>
    internal string Location => closed ? Path : Files.PathOf(Handle, Path);

    /// <summary>Whether the path still leads to it, and its current path if not.</summary>
    public FolderPlace Place => Files.Place(Handle, Path);

    /// <param name="path">The folder, which must exist.</param>
    /// <param name="files">The file system.</param>
    /// <param name="file">The file that it is opened for, for error messages.</param>
    /// <exception cref="StorageException">It cannot be opened.</exception>
    public static WorkFolder Open(string path, IFileSystem? files = null, string? file = null)
    {
        files ??= FileSystem.Current;
        string full = System.IO.Path.GetFullPath(path);
        return new WorkFolder(path, files, Check(file ?? path, file is null ? "could not be opened" : "could not be opened for writing", () => files.OpenFolder(full)));
    }

    /// <summary>A subfolder, created if missing. A link of that name is refused.</summary>
    /// <exception cref="StorageException">It cannot be created or opened.</exception>
    public WorkFolder Inside(string name)
    {
        string path = System.IO.Path.Combine(Path, name);
        long handle = FileCalls.Repeat(() => Files.OpenFolder(Handle, name));
        if (handle == -Errno.NoEntry)
        {
            Check(path, "could not be created", () => Files.MakeFolder(Handle, name));
            Check(path, "could not be synced to disk", () => Files.Sync(Handle));
            handle = FileCalls.Repeat(() => Files.OpenFolder(Handle, name));
        }
        return new WorkFolder(path, Files, Check(path, "could not be opened", () => handle));
    }

    public void Dispose()
    {
        if (closed)
            return;
        closed = true;
        Files.Close(Handle);
    }

    private static long Check(string path, string what, Func<long> call)
    {
        long result = FileCalls.Repeat(call);
        return result >= 0 ? result : throw new StorageException(path, what, (int)-result);
    }
}
