using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// Limits a run folder to one process. The system releases the lock when the process ends, however it ends; the file stays, and says
/// who holds or held it.
/// </summary>
public sealed class RunLock : IDisposable
{
    public const string FileName = "run.lock";

    private const int MostText = 256;

    private readonly SafeFileHandle handle;

    private RunLock(SafeFileHandle handle, int? previous)
    {
        this.handle = handle;
        Previous = previous;
    }

    /// <summary>Id of a process that held the lock and ended without releasing it, e.g. because it was killed; else null.</summary>
    public int? Previous { get; }

    /// <param name="folder">The run folder.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: another process, named in the message, holds it.</exception>
    public static RunLock Take(WorkFolder folder) => TryTake(folder, out string holder)
        ?? throw new GpuGradException(Fault.Config, $"{folder.Path}: in use by {holder}; wait until it ends, or stop it.");

    public static RunLock Take(string folder)
    {
        using WorkFolder open = WorkFolder.Open(folder);
        return Take(open);
    }

    /// <summary>Locks a folder and creates an object that owns lock and folder; if that fails, both are released.</summary>
    /// <param name="folder">The open folder.</param>
    /// <param name="make">Creates the object.</param>
    /// <param name="before">Checks that run before the folder is touched; they throw.</param>
    public static T Holding<T>(WorkFolder folder, Func<RunLock, T> make, Action? before = null)
    {
        RunLock? held = null;
        try
        {
            before?.Invoke();
            held = Take(folder);
            return make(held);
        }
        catch
        {
            held?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Takes the lock, or returns null if another process has it.</summary>
    public static RunLock? TryTake(WorkFolder folder, out string holder)
    {
        string path = Path.Combine(folder.Location, FileName);
        holder = "";
        SafeFileHandle? handle;
        try
        {
            handle = OperatingSystem.IsLinux() ? OpenByFlock(path) : OpenByShare(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(Path.Combine(folder.Path, FileName), "could not be locked", Errno.Of(e));
        }
        if (handle is null)
        {
            holder = HolderOf(path);
            return null;
        }
        string before = ReadText(handle);
        WriteText(handle, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} on {Environment.MachineName} since {DateTime.UtcNow:yyyy-MM-dd HH:mm:ss} UTC\n"));
        return new RunLock(handle, NumberOf(before));
    }

    public void Dispose()
    {
        if (handle.IsClosed)
            return;
        WriteText(handle, "");
        // Closing alone would leave the lock to a child process that is just being started, which has a copy until its program is loaded.
        if (OperatingSystem.IsLinux())
            Posix.Lock((int)handle.DangerousGetHandle(), Posix.Unlock);
        handle.Dispose();
    }

    private static SafeFileHandle? OpenByFlock(string path)
    {
        long file = PosixFiles.OpenInPlace(() => Posix.Open(path, Posix.ReadWrite | Posix.Create | Posix.NoFollow | Posix.NonBlocking | Posix.CloseOnExec));
        if (file < 0)
            throw new IOException(path, (int)-file);
        var handle = new SafeFileHandle((nint)file, ownsHandle: true);
        long result = Posix.Lock((int)file, Posix.LockExclusive | Posix.LockNoWait);
        if (result == 0)
            return handle;
        handle.Dispose();
        return result == -Errno.TryAgain ? null : throw new IOException(path, (int)-result);
    }

    private static SafeFileHandle? OpenByShare(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
            throw new IOException(path, Errno.Loop);
        try
        {
            // Windows lets others read who holds it; elsewhere .NET locks exclusively only with None.
            FileShare share = OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None;
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
        }
        catch (IOException e) when (OperatingSystem.IsWindows() ? Errno.Of(e) == Errno.Busy : File.Exists(path))
        {
            return null;
        }
    }

    private static string HolderOf(string path)
    {
        try
        {
            // Not with .NET's own reading, which would need a lock.
            using RegularFile file = RegularFile.Open(path);
            var bytes = new byte[Math.Min(MostText, file.Length)];
            file.ReadExactly(0, bytes);
            string text = TextOf(bytes);
            return NumberOf(text) is null ? "another process" : "process " + text;
        }
        catch (GpuGradException)
        {
            return "another process";
        }
    }

    private static int? NumberOf(string text) =>
        int.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static string ReadText(SafeFileHandle handle)
    {
        Span<byte> bytes = stackalloc byte[MostText];
        return TextOf(bytes[..RandomAccess.Read(handle, bytes, 0)]);
    }

    // It becomes part of a one-line message.
    private static string TextOf(ReadOnlySpan<byte> bytes) => string.Concat(Encoding.UTF8.GetString(bytes).Where(c => !char.IsControl(c)));

    // For people only: the lock itself is what counts, so a full disk is not an error.
    private static void WriteText(SafeFileHandle handle, string text)
    {
        try
        {
            RandomAccess.SetLength(handle, 0);
            RandomAccess.Write(handle, Encoding.UTF8.GetBytes(text), 0);
        }
        catch (IOException)
        {
        }
    }
}
