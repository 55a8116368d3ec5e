namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// A folder of data and the folders below it, in ordinal order. Links may lead anywhere within the root, but not into a folder that they lie in. What is hidden,
/// and what systems and archivers leave behind, is no data.
/// </summary>
internal static class FolderWalk
{
    private const int MostDepth = 32;

    /// <summary>Visits every file, those that are hidden too, and no hidden folder.</summary>
    /// <param name="folder">Where it begins.</param>
    /// <param name="root">Links may lead anywhere within this folder.</param>
    /// <param name="file">Given a file and the path of its folder below the first, with '/' between the names; "" for a file of the first.</param>
    /// <param name="left">Given each folder and how deep it lies, once all below it was visited.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: folders that do not end, a link that leads out.</exception>
    public static void Run(string folder, string root, Action<FileSystemInfo, string> file, Action<string, int>? left = null) => Walk(folder, "", root, [], file, left);

    /// <summary>The folders in a folder that may hold data.</summary>
    public static IReadOnlyList<FileSystemInfo> Folders(string folder) => [.. DataFile.List(folder, folder).Where(e => e is DirectoryInfo && !IsHidden(e))];

    // Also what macOS puts beside each file on other file systems (._x.jpg) and into archives.
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
