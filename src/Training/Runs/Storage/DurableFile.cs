using System.Globalization;
using GpuGrad.Kernels.Files;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// Writes a file so that at every instant, power failure included, either the old one or the new one exists, whole: it is written to a temporary file
/// in the same folder, synced, renamed, and the folder synced. A link of that name is replaced; its target stays as it is. A pipe or a
/// device is refused. The new file has the permissions of the old one.
/// </summary>
public static class DurableFile
{
    private const string Aside = ".tmp-";
    private const int Permissions = 0b111_111_111;

    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="body">Writes the content.</param>
    /// <param name="length">Its length in bytes if known, for the message about a full disk.</param>
    /// <param name="files">The file system.</param>
    /// <exception cref="StorageException">Nothing is left behind; the earlier file is unchanged.</exception>
    public static void Write(string path, Action<Stream> body, long length = 0, IFileSystem? files = null)
    {
        string full = Path.GetFullPath(path);
        string name = Path.GetFileName(full);
        if (name.Length == 0)
            throw new StorageException(path, "could not be opened for writing", Errno.IsFolder);
        using WorkFolder folder = WorkFolder.Open(Path.GetDirectoryName(full)!, files, path);
        Write(folder, name, body, length, path);
    }

    /// <param name="folder">The folder.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="body">Writes the content.</param>
    /// <param name="length">Its length in bytes, if known.</param>
    /// <exception cref="StorageException">Nothing is left behind; the earlier file is unchanged.</exception>
    public static void Write(WorkFolder folder, string name, Action<Stream> body, long length = 0) =>
        Write(folder, name, body, length, Path.Combine(folder.Path, name));

    public static void WriteText(string path, string text, IFileSystem? files = null) => Write(path, Text(text), 0, files);

    public static void WriteText(WorkFolder folder, string name, string text) => Write(folder, name, Text(text));

    /// <summary>Writes a file of the user's: if its name is a link, the link's target changes and the link stays.</summary>
    public static void Replace(string path, string text)
    {
        string target;
        try
        {
            target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(path, "could not be opened for writing", Errno.Of(e));
        }
        WriteText(target, text);
    }

    /// <summary>Creates a folder and its parents, each durably.</summary>
    public static void CreateFolder(string path, IFileSystem? files = null)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            return;
        if (File.Exists(full))
            throw new StorageException(path, "could not be created", Errno.NotFolder);
        if (Path.GetDirectoryName(full) is not string parent)
            throw new StorageException(path, "could not be created", Errno.NoEntry);
        CreateFolder(parent, files);
        try
        {
            Directory.CreateDirectory(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(path, "could not be created", Errno.Of(e));
        }
        using WorkFolder folder = WorkFolder.Open(parent, files, path);
        new FileCalls(folder, full).SyncFolder();
    }

    /// <summary>Removes temporary files of writers that were killed. Only the holder of the run's lock may do this.</summary>
    /// <returns>The names of the files removed.</returns>
    public static IReadOnlyList<string> RemoveLeftovers(WorkFolder folder)
    {
        var removed = new List<string>();
        foreach (string file in Directory.EnumerateFiles(folder.Location, ".*" + Aside + "*").Where(IsAside).ToList())
        {
            string name = Path.GetFileName(file);
            if (folder.Files.Delete(folder.Handle, name) == 0)
                removed.Add(name);
        }
        return removed;
    }

    private static void Write(WorkFolder folder, string name, Action<Stream> body, long length, string path)
    {
        FileFacts? old = folder.Files.Look(folder.Handle, name);
        if (old is { Kind: FileKind.Special or FileKind.Folder })
            throw new StorageException(path, "could not be opened for writing", old.Value.Kind == FileKind.Folder ? Errno.IsFolder : Errno.NotRegular);
        string aside = AsideOf(name);
        var calls = new FileCalls(folder, path);
        long handle = calls.Create(aside);
        try
        {
            try
            {
                if (old is { Kind: FileKind.Regular } before && folder.Files.Look(folder.Handle, aside) is FileFacts made && before.Mode != made.Mode)
                    calls.SetMode(handle, before.Mode & Permissions);
                using var stream = new DurableStream(calls, handle, length);
                body(stream);
                stream.WriteOut();
                calls.Sync(handle, Math.Max(length, stream.Length));
            }
            finally
            {
                // The result of close does not matter: the bytes are synced or the file is discarded.
                calls.Close(handle);
            }
            calls.Rename(aside, name);
        }
        catch
        {
            calls.Discard(aside);
            throw;
        }
        calls.SyncFolder();
    }

    private static Action<Stream> Text(string text) => stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text));

    private static string AsideOf(string name) => string.Create(CultureInfo.InvariantCulture, $".{name}{Aside}{Environment.ProcessId}");

    /// <summary>Whether a file is a writer's temporary file.</summary>
    internal static bool IsAside(string file)
    {
        string name = Path.GetFileName(file);
        int at = name.LastIndexOf(Aside, StringComparison.Ordinal);
        return name[0] == '.' && at > 1 && at + Aside.Length < name.Length && name[(at + Aside.Length)..].All(char.IsAsciiDigit);
    }
}
