namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// Calls of the file system for one file: interrupted calls are repeated, short writes continued, and all other failures
/// thrown with the file's name.
/// </summary>
/// <param name="folder">The folder of the file.</param>
/// <param name="path">The file, for messages.</param>
internal sealed class FileCalls(WorkFolder folder, string path)
{
    // A call that a signal interrupts is repeated; one that never succeeds fails instead of hanging.
    private const int MostInterruptions = 100;

    private readonly IFileSystem files = folder.Files;

    public long Open(string name, OpenFor purpose) => Check("could not be opened for writing", () => files.Open(folder.Handle, name, purpose));

    /// <summary>Creates a file; one of that name, left by a dead process, is removed.</summary>
    public long Create(string name)
    {
        if (Repeat(() => files.Open(folder.Handle, name, OpenFor.Creating)) is long handle && handle != -Errno.Exists)
            return Check("could not be opened for writing", () => handle);
        Discard(name);
        return Open(name, OpenFor.Creating);
    }

    /// <param name="handle">The open file.</param>
    /// <param name="bytes">The bytes; all are written.</param>
    /// <param name="needed">Size of the whole file in bytes, for the message about a full disk.</param>
    public void Write(long handle, ReadOnlySpan<byte> bytes, long needed)
    {
        int interruptions = 0;
        while (!bytes.IsEmpty)
        {
            long written = files.Write(handle, bytes);
            if (written == -Errno.Interrupted && ++interruptions < MostInterruptions)
                continue;
            if (written <= 0)
                throw Failure("could not be written", written == 0 ? Errno.InputOutput : (int)-written, needed);
            bytes = bytes[(int)written..];
            interruptions = 0;
        }
    }

    public void Truncate(long handle, long length) => Check("could not be truncated", () => files.Truncate(handle, length));

    public void SetMode(long handle, int mode) => Check("could not be given the permissions of the file that it replaces", () => files.SetMode(handle, mode));

    public void Sync(long handle, long needed) => Check("could not be synced to disk", () => files.Sync(handle), needed);

    public void Rename(string from, string to) => Check("could not be renamed into place", () => files.Rename(folder.Handle, from, to));

    /// <summary>Makes renames and new names in the file's folder durable.</summary>
    // Some network file systems can't sync folders and report EINVAL.
    public void SyncFolder() => Check(
        "is written, but its folder could not be synced, so a power failure may undo it",
        () => files.Sync(folder.Handle) is long result && result == -Errno.Invalid ? 0 : result);

    /// <summary>Removes a file that must not stay; if that fails, it is found and removed later.</summary>
    public void Discard(string name) => Repeat(() => files.Delete(folder.Handle, name));

    public void Close(long handle) => files.Close(handle);

    /// <summary>Makes a call, and repeats it if a signal interrupted it.</summary>
    internal static long Repeat(Func<long> call)
    {
        for (int attempt = 1; ; attempt++)
        {
            long result = call();
            if (result != -Errno.Interrupted || attempt == MostInterruptions)
                return result;
        }
    }

    private long Check(string what, Func<long> call, long needed = 0)
    {
        long result = Repeat(call);
        return result >= 0 ? result : throw Failure(what, (int)-result, needed);
    }

    private StorageException Failure(string what, int errno, long needed) =>
        new(path, what, errno, needed > 0 && Errno.IsSpace(errno) ? StorageException.Space(needed, files.Free(folder.Location)) : null);
}
