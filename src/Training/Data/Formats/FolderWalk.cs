namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// Visits a folder of data and its subfolders in ordinal order. Links may lead anywhere within the root, but not into a folder that contains them. Hidden entries
/// and leftovers of systems and archivers are skipped.
/// </summary>
internal static class FolderWalk
{
    private const int MostDepth = 32;

    /// <summary>Visits every file, including hidden ones, but no hidden folder.</summary>
    /// <param name="folder">The top folder.</param>
    /// <param name="root">Links may lead anywhere within this folder.</param>
    /// <param name="file">Receives a file and the path of its folder below the top, with '/' between the names; "" for the top.</param>
    /// <param name="left">Receives each folder and its depth, once everything below it was visited.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: endless folders, or a link that leads out.</exception>
    public static void Run(string folder, string root, Action<FileSystemInfo, string> file, Action<string, int>? left = null) => Walk(folder, "", root, [], file, left);

    /// <summary>The subfolders that may contain data.</summary>
    public static IReadOnlyList<FileSystemInfo> Folders(string folder) => [.. DataFile.List(folder, folder).Where(e => e is DirectoryInfo && !IsHidden(e))];

    // Also the files that macOS puts beside each file on other file systems (._x.jpg) and into archives.
    public static bool IsHidden(FileSystemInfo entry) => entry.Name.StartsWith('.') || entry.Name is "__MACOSX" or "$RECYCLE.BIN" or "System Volume Information";

    private static void Walk(string folder, string name, string root, IReadOnlyList<string> above, Action<FileSystemInfo, string> file, Action<string, int>? left)
    {
        string real = DataFile.Real(new DirectoryInfo(folder));
        if (above.Contains(real))
            throw DataFault.In(folder, "a link to a folder that it is in", "folders that end");
        if (above.Count > MostDepth)
            throw DataFault.In(folder, $"more than {MostDepth} folders in each other", "fewer");
        foreach (FileSystemInfo entry in DataFile.List(folder, root))
        {
            if (entry is not DirectoryInfo)
                file(entry, name);
            else if (!IsHidden(entry))
                Walk(entry.FullName, name.Length == 0 ? entry.Name : $"{name}/{entry.Name}", root, [.. above, real], file, left);
        }
        left?.Invoke(folder, above.Count);
    }
}
