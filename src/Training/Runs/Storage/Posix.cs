using System.Runtime.InteropServices;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// Calls of libc whose result matters. .NET 10.0 takes only a negative result of its native fsync for a failure but gets a
/// positive one, so <c>Flush(true)</c> returns normally after an EIO; and it cannot open a folder at all.
/// </summary>
internal static unsafe partial class Posix
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;

    // The same on every Linux architecture that .NET runs on.
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Append = 0x400;
    public const int CloseOnExec = 0x80000;

    public const int LockExclusive = 2;
    public const int LockNoWait = 4;
    public const int Unlock = 8;

    private const int OwnerWritesAllRead = 0b110_100_100, All = 0b111_111_111;
    private const int MostBytes = 1 << 30;

    // Some architectures have their own numbers for these two.
    private static readonly bool IsOdd = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 or Architecture.Ppc64le;

    /// <summary>Flag to open only folders; Linux's number.</summary>
    public static int Folder => IsOdd ? 0x4000 : 0x10000;

    /// <summary>Flag not to follow links; Linux's number.</summary>
    public static int NoFollow => IsOdd ? 0x8000 : 0x20000;

    /// <summary>Flag to open without waiting for the other end of a pipe.</summary>
    public static int NonBlocking => OperatingSystem.IsLinux() ? 0x800 : 4;

    public static long Open(string path, int flags) => Result(OpenFile(path, flags, OwnerWritesAllRead));

    public static long OpenAt(int folder, string name, int flags) => Result(OpenFileAt(folder, name, flags, OwnerWritesAllRead));

    public static long MakeFolder(int folder, string name) => Result(MakeFolderAt(folder, name, All));

    public static long SetMode(int file, int mode) => Result(SetFileMode(file, mode));

    public static long Write(int file, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
            return Result(WriteFile(file, first, Math.Min(bytes.Length, MostBytes)));
    }

    public static long Truncate(int file, long length) => Result(TruncateFile(file, length));

    public static long Sync(int file) => SyncFile(file) == 0 ? 0 : Result(-1);

    public static long Close(int file) => Result(CloseFile(file));

    public static long Rename(int folder, string from, string to) => Result(RenameFile(folder, from, folder, to));

    public static long Delete(int folder, string name) => Result(Unlink(folder, name, 0));

    public static long Lock(int file, int operation) => Result(Flock(file, operation));

    /// <summary>Sends SIGTERM to a process.</summary>
    public static long Terminate(int process) => Result(Kill(process, 15));

    /// <summary>Ends the process immediately: nothing is flushed, no handler runs.</summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Exit(int status);

    private static long Result(long returned)
    {
        if (returned >= 0)
            return returned;
        int errno = Marshal.GetLastPInvokeError();
        return errno > 0 ? -errno : -Errno.InputOutput;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFileAt(int folder, string name, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFolderAt(int folder, string name, int mode);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int SetFileMode(int file, int mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteFile(int file, byte* bytes, nint count);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int TruncateFile(int file, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int file);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(int fromFolder, string from, int toFolder, string to);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(int folder, string name, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(int file, int operation);
}
