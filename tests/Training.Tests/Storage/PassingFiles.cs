using GpuGrad.Kernels.Files;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>A file system that hands every call on to another one; tests change what they are about.</summary>
internal abstract class PassingFiles(IFileSystem inner) : IFileSystem
{
    public virtual long OpenFolder(string path) => inner.OpenFolder(path);

    public virtual long OpenFolder(long folder, string name) => inner.OpenFolder(folder, name);

    public virtual long MakeFolder(long folder, string name) => inner.MakeFolder(folder, name);

    public virtual long Open(long folder, string name, OpenFor purpose) => inner.Open(folder, name, purpose);

    public virtual long Write(long handle, ReadOnlySpan<byte> bytes) => inner.Write(handle, bytes);

    public virtual long Truncate(long handle, long length) => inner.Truncate(handle, length);

    public virtual long SetMode(long handle, int mode) => inner.SetMode(handle, mode);

    public virtual long Sync(long handle) => inner.Sync(handle);

    public virtual long Close(long handle) => inner.Close(handle);

    public virtual long Rename(long folder, string from, string to) => inner.Rename(folder, from, to);

    public virtual long Delete(long folder, string name) => inner.Delete(folder, name);

    public virtual long Free(string folder) => inner.Free(folder);

    public FileFacts? Look(long folder, string name) => inner.Look(folder, name);

    public string PathOf(long folder, string path) => inner.PathOf(folder, path);

    public FolderPlace Place(long folder, string path) => inner.Place(folder, path);
}
