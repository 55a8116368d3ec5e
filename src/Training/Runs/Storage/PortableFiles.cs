using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// Windows and macOS, by .NET: FlushFileBuffers and MoveFileEx where it is Windows. A folder needs no syncing on NTFS, whose journal
/// keeps the order of names; on other systems it is opened and synced by libc.
/// </summary>
public sealed class PortableFiles : IFileSystem
{
    private readonly ConcurrentDictionary<long, Handle> open = new();
    private long last;

    public long Open(string path, OpenFor purpose) => Try(() =>
    {
        Handle handle;
        if (purpose != OpenFor.SyncingFolder)
        {
            FileMode mode = purpose == OpenFor.Creating ? FileMode.CreateNew : FileMode.OpenOrCreate;
            SafeFileHandle file = File.OpenHandle(path, mode, FileAccess.Write, FileShare.ReadWrite);
            handle = new Handle(file) { Position = RandomAccess.GetLength(file) };
        }
        else if (OperatingSystem.IsWindows())
        {
            handle = new Handle(null);
        }
        else
        {
            long folder = Posix.Open(path, Posix.ReadOnly);
            if (folder < 0)
                return folder;
            handle = new Handle(new SafeFileHandle((nint)folder, ownsHandle: true));
        }
        long number = Interlocked.Increment(ref last);
        open[number] = handle;
        return number;
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

    public long Rename(string from, string to) => Try(() =>
    {
        File.Move(from, to, overwrite: true);
        return 0;
    });

    public long Delete(string path) => Try(() =>
    {
        // File.Delete is silent about a file that is not there.
        if (!File.Exists(path))
            return -Errno.NoEntry;
        File.Delete(path);
        return 0;
    });

    public long Free(string folder) => FreeIn(folder);

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

    private sealed class Handle(SafeFileHandle? file)
    {
        public SafeFileHandle? File { get; } = file;

        public long Position { get; set; }
    }
}
