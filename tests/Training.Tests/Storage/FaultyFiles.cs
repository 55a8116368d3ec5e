using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>How the Nth call goes wrong.</summary>
public enum Failing
{
    /// <summary>It gives back an error and does nothing.</summary>
    Once,

    /// <summary>So do all calls of that kind that follow.</summary>
    FromThenOn,

    /// <summary>It is a write, and writes less than it was given.</summary>
    Short,

    /// <summary>The process dies before it, as by SIGKILL.</summary>
    Killed,
}

/// <summary>The process is gone; nothing after this may touch the disk.</summary>
internal sealed class KilledException : Exception;

/// <summary>A file system whose Nth call fails, counted from 1.</summary>
internal sealed class FaultyFiles(IFileSystem inner, int nth, Failing failing, int errno = 0) : IFileSystem
{
    private string? failingKind;
    private bool dead;

    /// <summary>Calls so far, and what they were.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Whether the Nth call came.</summary>
    public bool Fired => failingKind is not null || dead;

    public long Open(string path, OpenFor purpose) => Call("open " + purpose, () => inner.Open(path, purpose));

    public long Write(long handle, ReadOnlySpan<byte> bytes)
    {
        if (failing == Failing.Short && Calls.Count + 1 == nth)
            bytes = bytes[..((bytes.Length + 1) / 2)];
        return Failure("write") ?? inner.Write(handle, bytes);
    }

    public long Truncate(long handle, long length) => Call("truncate", () => inner.Truncate(handle, length));

    public long Sync(long handle) => Call("sync", () => inner.Sync(handle));

    public long Close(long handle)
    {
        // The descriptor is given back even by a dead process.
        long result = inner.Close(handle);
        return Failure("close") ?? result;
    }

    public long Rename(string from, string to) => Call("rename", () => inner.Rename(from, to));

    public long Delete(string path) => Call("delete", () => inner.Delete(path));

    public long Free(string folder) => 4096;

    private long Call(string kind, Func<long> call) => Failure(kind) ?? call();

    private long? Failure(string kind)
    {
        if (dead)
            throw new KilledException();
        Calls.Add(kind);
        if (Calls.Count == nth)
        {
            failingKind = kind;
            dead = failing == Failing.Killed;
            return dead ? throw new KilledException() : failing == Failing.Short ? null : -errno;
        }
        return failing == Failing.FromThenOn && kind == failingKind ? -errno : null;
    }
}
