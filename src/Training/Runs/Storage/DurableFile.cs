using System.Globalization;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// Writing a file so that at every instant, power failure included, either the old one or the new one is there, whole: written aside
/// in the same folder, synced, renamed, folder synced.
/// </summary>
public static class DurableFile
{
    private const string Aside = ".tmp-";

    /// <param name="path">The file; its folder must be there.</param>
    /// <param name="body">Writes the content.</param>
    /// <param name="length">Bytes that it will have, where known, for the message of a full disk.</param>
    /// <param name="files">The file system.</param>
    /// <exception cref="StorageException">Nothing is left behind; the file that was there before is unchanged.</exception>
    public static void Write(string path, Action<Stream> body, long length = 0, IFileSystem? files = null)
    {
        files ??= FileSystem.Current;
        string aside = AsideOf(Path.GetFullPath(path));
        var calls = new FileCalls(files, path);
        long handle = OpenAside(calls, files, aside);
        try
        {
            try
            {
                using var stream = new DurableStream(calls, handle, length);
                body(stream);
                stream.WriteOut();
                calls.Sync(handle, Math.Max(length, stream.Length));
            }
            finally
            {
                // Nothing depends on what close says: the bytes are synced or the file is discarded.
                calls.Close(handle);
            }
            calls.Rename(aside, Path.GetFullPath(path));
        }
        catch
        {
            calls.Discard(aside);
            throw;
        }
        calls.SyncFolder();
    }

    public static void WriteText(string path, string text, IFileSystem? files = null) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)), 0, files);

    /// <summary>Makes a folder and those above it, each durably.</summary>
    public static void CreateFolder(string path, IFileSystem? files = null)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            return;
        if (Path.GetDirectoryName(full) is string parent)
            CreateFolder(parent, files);
        try
        {
            Directory.CreateDirectory(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(path, "could not be created", Errno.Of(e));
        }
        new FileCalls(files ?? FileSystem.Current, full).SyncFolder();
    }

    /// <summary>Removes what writers left aside that were killed. Only whoever holds the run's lock may do this.</summary>
    /// <returns>The names of the files removed.</returns>
    public static IReadOnlyList<string> RemoveLeftovers(string folder, IFileSystem? files = null)
    {
        files ??= FileSystem.Current;
        var removed = new List<string>();
        foreach (string file in Directory.EnumerateFiles(folder, ".*" + Aside + "*").Where(IsAside).ToList())
        {
            if (files.Delete(file) == 0)
                removed.Add(Path.GetFileName(file));
        }
        return removed;
    }

    private static long OpenAside(FileCalls calls, IFileSystem files, string aside)
    {
        // One with this process's number is of a dead process that had the same.
        if (File.Exists(aside))
            files.Delete(aside);
        return calls.Open(aside, OpenFor.Creating);
    }

    private static string AsideOf(string full) => Path.Combine(
        Path.GetDirectoryName(full) ?? "",
        string.Create(CultureInfo.InvariantCulture, $".{Path.GetFileName(full)}{Aside}{Environment.ProcessId}"));

    /// <summary>Whether a file is one that a writer makes aside.</summary>
    internal static bool IsAside(string file)
    {
        string name = Path.GetFileName(file);
        int at = name.LastIndexOf(Aside, StringComparison.Ordinal);
        return name[0] == '.' && at > 1 && at + Aside.Length < name.Length && name[(at + Aside.Length)..].All(char.IsAsciiDigit);
    }
}
