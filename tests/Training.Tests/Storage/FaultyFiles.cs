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
internal sealed class FaultyFiles(IFileSystem inner, int nth, Failing failing, int errno = 0) : PassingFiles(inner)
{
    private string? failingKind;
    private bool dead;

    /// <summary>Calls so far, and what they were.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Whether the Nth call came.</summary>
    public bool Fired => failingKind is not null || dead;

    public override long OpenFolder(string path) => Call("open folder", () => base.OpenFolder(path));

    public override long OpenFolder(long folder, string name) => Call("open folder", () => base.OpenFolder(folder, name));

    public override long MakeFolder(long folder, string name) => Call("make folder", () => base.MakeFolder(folder, name));

    public override long Open(long folder, string name, OpenFor purpose) => Call("open " + purpose, () => base.Open(folder, name, purpose));

    public override long Write(long handle, ReadOnlySpan<byte> bytes)
    {
        if (failing == Failing.Short && Calls.Count + 1 == nth)
            bytes = bytes[..((bytes.Length + 1) / 2)];
        return Failure("write") ?? base.Write(handle, bytes);
    }

    public override long Truncate(long handle, long length) => Call("truncate", () => base.Truncate(handle, length));

    public override long SetMode(long handle, int mode) => Call("set mode", () => base.SetMode(handle, mode));

    public override long Sync(long handle) => Call("sync", () => base.Sync(handle));

    public override long Close(long handle)
    {
        // The descriptor is given back even by a dead process.
        long result = base.Close(handle);
        return Failure("close") ?? result;
    }

    public override long Rename(long folder, string from, string to) => Call("rename", () => base.Rename(folder, from, to));

    public override long Delete(long folder, string name) => Call("delete", () => base.Delete(folder, name));

    public override long Free(string folder) => 4096;

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
