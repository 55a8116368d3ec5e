namespace GpuGrad.Training.Runs.Storage;

/// <summary>Linux, by its own system calls.</summary>
public sealed class PosixFiles : IFileSystem
{
    public long Open(string path, OpenFor purpose) => Posix.Open(path, Posix.CloseOnExec | purpose switch
    {
        OpenFor.Creating => Posix.WriteOnly | Posix.Create | Posix.Exclusive,
        OpenFor.Appending => Posix.WriteOnly | Posix.Create | Posix.Append,
        _ => Posix.ReadOnly,
    });

    public long Write(long handle, ReadOnlySpan<byte> bytes) => Posix.Write((int)handle, bytes);

    public long Truncate(long handle, long length) => Posix.Truncate((int)handle, length);

    public long Sync(long handle) => Posix.Sync((int)handle);

    public long Close(long handle) => Posix.Close((int)handle);

    public long Rename(string from, string to) => Posix.Rename(from, to);

    public long Delete(string path) => Posix.Delete(path);

    public long Free(string folder) => PortableFiles.FreeIn(folder);
}
