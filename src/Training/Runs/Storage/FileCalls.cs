namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// The file system's calls on behalf of one file: interrupted ones repeated, short writes continued, everything else that is not
/// success thrown with the file's name.
/// </summary>
internal sealed class FileCalls(IFileSystem files, string path)
{
    // A signal now and then is repeated past; a call that never gets through is a failure, not a hang.
    private const int MostInterruptions = 100;

    private readonly string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;

    public long Open(string name, OpenFor purpose) => Check("could not be opened for writing", () => files.Open(name, purpose));

    /// <param name="handle">The open file.</param>
    /// <param name="bytes">All of them are written.</param>
    /// <param name="needed">Bytes of the whole file, for the message of a full disk.</param>
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

    public void Truncate(long handle, long length) => Check("could not be cut", () => files.Truncate(handle, length));

    public void Sync(long handle, long needed) => Check("could not be made durable", () => files.Sync(handle), needed);

    public void Rename(string from, string to) => Check("could not be put in its place", () => files.Rename(from, to));

    /// <summary>Makes renames and new names in the file's folder durable.</summary>
    public void SyncFolder()
    {
        const string What = "is written, but its folder could not be made durable, so a power failure may take it back";
        long handle = Check(What, () => files.Open(folder, OpenFor.SyncingFolder));
        try
        {
            // Some network file systems know no syncing of folders and say so with EINVAL.
            Check(What, () => files.Sync(handle) is long result && result == -Errno.Invalid ? 0 : result);
        }
        finally
        {
            files.Close(handle);
        }
    }

    /// <summary>Removes what must not stay; a failure to do so is found and removed later.</summary>
    public void Discard(string name) => Repeat(() => files.Delete(name));

    public void Close(long handle) => files.Close(handle);

    private long Check(string what, Func<long> call, long needed = 0)
    {
        long result = Repeat(call);
        return result >= 0 ? result : throw Failure(what, (int)-result, needed);
    }

    private static long Repeat(Func<long> call)
    {
        for (int attempt = 1; ; attempt++)
        {
            long result = call();
            if (result != -Errno.Interrupted || attempt == MostInterruptions)
                return result;
        }
    }

    private StorageException Failure(string what, int errno, long needed) =>
        new(path, what, errno, needed > 0 && Errno.IsSpace(errno) ? StorageException.Space(needed, files.Free(folder)) : null);
}
