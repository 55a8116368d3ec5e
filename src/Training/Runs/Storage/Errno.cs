using System.Runtime.InteropServices;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Errors of system calls, with Linux's numbers.</summary>
public static class Errno
{
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int NoReader = 6;
    public const int TryAgain = 11;
    public const int Access = 13;
    public const int Busy = 16;
    public const int Exists = 17;
    public const int NotFolder = 20;
    public const int IsFolder = 21;
    public const int Invalid = 22;
    public const int NoSpace = 28;
    public const int ReadOnly = 30;
    public const int Loop = 40;
    public const int Quota = 122;

    // This program's own, for cases that the system does not refuse.
    public const int NotRegular = 4_001;
    public const int OtherNames = 4_002;

    /// <summary>Whether the remedy is to free space.</summary>
    public static bool IsSpace(int errno) => errno is NoSpace or Quota;

    /// <summary>A description for people, with the name of the number for searching.</summary>
    public static string Text(int errno) => errno switch
    {
        NoEntry => "no such file or folder (ENOENT)",
        Interrupted => "interrupted by signals again and again (EINTR)",
        InputOutput => "input/output error (EIO)",
        Access => "permission denied (EACCES)",
        Busy => "in use (EBUSY)",
        Exists => "already there (EEXIST)",
        NoReader => "no such device (ENXIO)",
        NotFolder => "not a folder, or a link to one (ENOTDIR)",
        IsFolder => "a folder, expected a file (EISDIR)",
        Loop => "a link, through which nothing is written (ELOOP)",
        NotRegular => "a pipe, a socket or a device, expected a regular file",
        OtherNames => "the file has another name (a hard link) under which it would change too; put a copy in its place",
        Invalid => "invalid argument (EINVAL)",
        NoSpace => "no space left on the device (ENOSPC)",
        ReadOnly => "the file system is read-only (EROFS)",
        Quota => "disk quota used up (EDQUOT)",
        _ when OperatingSystem.IsWindows() => $"error {errno}",
        _ => $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})",
    };

    /// <summary>The same, with what only the path shows: which part of it is a file instead of a folder.</summary>
    public static string Text(int errno, string path)
    {
        for (string? part = errno == NotFolder ? Path.GetFullPath(path) : null; part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
                return $"{part} is a file, expected a folder (ENOTDIR)";
        }
        return Text(errno);
    }

    /// <summary>The same for reading, which follows links.</summary>
    public static string TextOfReading(int errno, string path) => errno == Loop ? "a link that leads back to itself (ELOOP)" : Text(errno, path);

    /// <summary>The number for an exception of .NET.</summary>
    public static int Of(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => NoEntry,
        UnauthorizedAccessException => Access,
        // .NET on Unix stores the errno here.
        IOException { HResult: > 0 and < 4096 } io => io.HResult,
        IOException io => (io.HResult & 0xFFFF) switch
        {
            32 or 33 => Busy, // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
            39 or 112 => NoSpace, // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
            80 or 183 => Exists, // ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS
            1295 => Quota, // ERROR_DISK_QUOTA_EXCEEDED
            _ => InputOutput,
        },
        _ => InputOutput,
    };
}
