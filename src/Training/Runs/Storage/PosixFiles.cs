using GpuGrad.Kernels.Files;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>File system of Linux, through its system calls.</summary>
public sealed class PosixFiles : IFileSystem
{
    public long OpenFolder(string path) => Posix.Open(path, Posix.ReadOnly | Posix.Folder | Posix.CloseOnExec);

    public long OpenFolder(long folder, string name) =>
        Posix.OpenAt((int)folder, name, Posix.ReadOnly | Posix.Folder | Posix.NoFollow | Posix.CloseOnExec);

    public long MakeFolder(long folder, string name) => Posix.MakeFolder((int)folder, name);

    public long Open(long folder, string name, OpenFor purpose)
    {
        if (purpose == OpenFor.Creating)
            return Posix.OpenAt((int)folder, name, Posix.WriteOnly | Posix.Create | Posix.Exclusive | Posix.NoFollow | Posix.CloseOnExec);
        return OpenInPlace(() => Posix.OpenAt((int)folder, name, Posix.WriteOnly | Posix.Create | Posix.Append | Posix.NoFollow | Posix.NonBlocking | Posix.CloseOnExec));
    }

    public long Write(long handle, ReadOnlySpan<byte> bytes) => Posix.Write((int)handle, bytes);

    public long Truncate(long handle, long length) => Posix.Truncate((int)handle, length);

    public long SetMode(long handle, int mode) => Posix.SetMode((int)handle, mode);

    public long Sync(long handle) => Posix.Sync((int)handle);

    public long Close(long handle) => Posix.Close((int)handle);

    public long Rename(long folder, string from, string to) => Posix.Rename((int)folder, from, to);

    public long Delete(long folder, string name) => Posix.Delete((int)folder, name);

    public long Free(string folder) => PortableFiles.FreeIn(folder);

    public FileFacts? Look(long folder, string name) => FileFacts.Of((int)folder, name);

    public string PathOf(long folder, string path) => Directory.Exists(Descriptor(folder)) ? Descriptor(folder) : path;

    public FolderPlace Place(long folder, string path)
    {
        // If the system cannot tell, assume that nothing has changed.
        if (FileFacts.Of((int)folder) is not FileFacts own || (FileFacts.Of(path, follow: true) is FileFacts there && there.IsSame(own)))
            return new FolderPlace(true);
        string? now = own.Links == 0 ? null : new FileInfo(Descriptor(folder)).LinkTarget;
        return new FolderPlace(false, now is not null && Directory.Exists(now) ? now : null);
    }

    /// <summary>Opens a file that is to be changed in place, after checking its kind.</summary>
    internal static long OpenInPlace(Func<long> open)
    {
        long file = open();
        if (file < 0 || FileFacts.Of((int)file) is not FileFacts facts)
            return file == -Errno.NoReader ? -Errno.NotRegular : file;
        if (facts is { Kind: FileKind.Regular, Links: <= 1 })
            return file;
        Posix.Close((int)file);
        return facts.Kind == FileKind.Regular ? -Errno.OtherNames : -Errno.NotRegular;
    }

    private static string Descriptor(long handle) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/self/fd/{handle}");
}
