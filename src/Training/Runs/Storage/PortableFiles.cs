using System.Collections.Concurrent;
using GpuGrad.Kernels.Files;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// File system of Windows and macOS, through .NET: FlushFileBuffers and MoveFileEx on Windows. NTFS needs no syncing of folders, since its journal
/// keeps the order of names; on other systems the folder is opened and synced by libc. An open folder is represented by its path: links are looked for
/// before a file is opened, and Windows itself does not let a folder be moved in which a file, such as a run's lock, is open.
/// </summary>
public sealed class PortableFiles : IFileSystem
{
    private readonly ConcurrentDictionary<long, Handle> open = new();
    private long last;

    public long OpenFolder(string path) => Try(() =>
    {
        if (!Directory.Exists(path))
            return -(File.Exists(path) ? Errno.NotFolder : Errno.NoEntry);
        SafeFileHandle? folder = null;
        if (!OperatingSystem.IsWindows())
        {
            long descriptor = Posix.Open(path, Posix.ReadOnly);
            if (descriptor < 0)
                return descriptor;
            folder = new SafeFileHandle((nint)descriptor, ownsHandle: true);
        }
        return Keep(new Handle(folder, path));
    });

    public long OpenFolder(long folder, string name) => IsLink(In(folder, name)) ? -Errno.NotFolder : OpenFolder(In(folder, name));

    public long MakeFolder(long folder, string name) => Try(() =>
    {
        Directory.CreateDirectory(In(folder, name));
        return 0;
    });

    public long Open(long folder, string name, OpenFor purpose) => Try(() =>
    {
        string path = In(folder, name);
        // A pipe must not even be opened. The check and the opening are separate calls; only the system's own flags would be atomic.
        if (purpose == OpenFor.Appending && IsLink(path))
            return -Errno.Loop;
        if (purpose == OpenFor.Appending && Look(folder, name) is FileFacts facts && Refusal(facts) is int errno)
            return -errno;
        FileMode mode = purpose == OpenFor.Creating ? FileMode.CreateNew : FileMode.OpenOrCreate;
        SafeFileHandle file = File.OpenHandle(path, mode, FileAccess.Write, FileShare.ReadWrite);
        return Keep(new Handle(file, path) { Position = RandomAccess.GetLength(file) });
    });

    public long Write(long handle, ReadOnlySpan<byte> bytes)
    {
        Handle file = open[handle];
        try
        {
            RandomAccess.Write(file.File!, bytes, file.Position);
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            return -Errno.Of(e);
        }
        file.Position += bytes.Length;
        return bytes.Length;
    }

    public long Truncate(long handle, long length) => Try(() =>
    {
        RandomAccess.SetLength(open[handle].File!, length);
        return open[handle].Position = length;
    });

    public long SetMode(long handle, int mode) => Try(() =>
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(open[handle].File!, (UnixFileMode)mode);
        return 0;
    });

    public long Sync(long handle) => Try(() =>
    {
        if (open[handle].File is not SafeFileHandle file)
            return 0;
        if (!OperatingSystem.IsWindows())
            return Posix.Sync((int)file.DangerousGetHandle());
        RandomAccess.FlushToDisk(file);
        return 0;
    });

    public long Close(long handle) => Try(() =>
    {
        if (open.TryRemove(handle, out Handle? file))
            file.File?.Dispose();
        return 0;
    });

    public long Rename(long folder, string from, string to) => Try(() =>
    {
        File.Move(In(folder, from), In(folder, to), overwrite: true);
        return 0;
    });

    public long Delete(long folder, string name) => Try(() =>
    {
        // File.Delete ignores a missing file; a link counts, whatever its target.
        string path = In(folder, name);
        if (!File.Exists(path) && !IsLink(path))
            return -Errno.NoEntry;
        File.Delete(path);
        return 0;
    });

    public long Free(string folder) => FreeIn(folder);

    public FileFacts? Look(long folder, string name)
    {
        string path = In(folder, name);
        if (FileFacts.Of(path, follow: false) is FileFacts told)
            return told;
        var info = new FileInfo(path);
        FileKind kind = info.LinkTarget is not null ? FileKind.Link : Directory.Exists(path) ? FileKind.Folder : FileKind.Regular;
        return info.Exists || kind != FileKind.Regular ? new FileFacts(kind, OperatingSystem.IsWindows() ? 0 : (int)info.UnixFileMode, 0, 1, 0, 0) : null;
    }

    public string PathOf(long folder, string path) => open[folder].Path;

    public FolderPlace Place(long folder, string path) => new(Directory.Exists(open[folder].Path));

    internal static long FreeIn(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (IsOfFiles(e) || e is ArgumentException)
        {
            return -Errno.InputOutput;
        }
    }

    private static int? Refusal(FileFacts facts) => facts switch
    {
        { Kind: FileKind.Folder } => Errno.IsFolder,
        { Kind: not FileKind.Regular } => Errno.NotRegular,
        { Links: > 1 } => Errno.OtherNames,
        _ => null,
    };

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    private static bool IsOfFiles(Exception e) => e is IOException or UnauthorizedAccessException or NotSupportedException;

    private static long Try(Func<long> operation)
    {
        try
        {
            return operation();
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            return -Errno.Of(e);
        }
    }

    private string In(long folder, string name) => Path.Combine(open[folder].Path, name);

    private long Keep(Handle handle)
    {
        long number = Interlocked.Increment(ref last);
        open[number] = handle;
        return number;
    }

    private sealed class Handle(SafeFileHandle? file, string path)
    {
        public SafeFileHandle? File { get; } = file;

        public string Path { get; } = path;

        public long Position { get; set; }
    }
}
