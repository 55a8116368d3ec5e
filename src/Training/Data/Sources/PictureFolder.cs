using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>A picture's file, and the class it is of: the path of its folder below the root, with '/' between the names; "" in the root.</summary>
internal readonly record struct PictureFile(string Path, string Class);

/// <summary>
/// The pictures in a folder and in the folders below it. A folder that holds pictures is a class. What is no picture is left out and
/// counted, but for pictures of a type that is not read: those are refused.
/// </summary>
internal sealed class PictureFolder
{
    private const int MostDepth = 32, MostNamed = 3;

    private static readonly HashSet<string> Read = new([".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib"], StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> NotRead = new(
        [".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".svg", ".psd", ".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".exr", ".hdr", ".ico", ".dng", ".cr2", ".nef", ".arw", ".raw"],
        StringComparer.OrdinalIgnoreCase);

    private readonly string root;
    private readonly List<PictureFile> pictures = [];
    private readonly List<string> others = [];
    private int otherCount;

    private PictureFolder(string root) => this.root = root;

    /// <summary>The pictures, by the order of their classes' names and then of their own.</summary>
    public IReadOnlyList<PictureFile> Pictures => pictures;

    /// <summary>Names of the classes in ordinal order.</summary>
    public string[] Classes => [.. pictures.Select(p => p.Class).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>What was left out, in a line; null for nothing.</summary>
    public string? Note => otherCount == 0 ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{root}: {otherCount} {(otherCount == 1 ? "file that is no picture was" : "files that are no pictures were")} left out: {string.Join(", ", others)}{(otherCount > others.Count ? ", …" : "")}");

    /// <summary>Whether a file's name is that of a picture.</summary>
    public static bool IsPicture(string name) => Read.Contains(Path.GetExtension(name));

    /// <param name="folder">Where the pictures are.</param>
    /// <param name="root">Links may lead anywhere within this folder.</param>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Data"/>: a folder without pictures in it or below it, a link that leads out, a picture of a type that is not read.
    /// </exception>
    public static PictureFolder Scan(string folder, string root)
    {
        var scan = new PictureFolder(folder);
        scan.Walk(folder, "", root, [], 0);
        scan.pictures.Sort((a, b) => string.CompareOrdinal(a.Class, b.Class) is var order && order != 0 ? order : string.CompareOrdinal(a.Path, b.Path));
        return scan;
    }

    /// <summary>The folders in a folder that may hold pictures.</summary>
    public static IReadOnlyList<FileSystemInfo> Folders(string folder, string root) => [.. DataFile.List(folder, root).Where(e => e is DirectoryInfo && !IsHidden(e))];

    private void Walk(string folder, string name, string root, IReadOnlyList<string> above, int depth)
    {
        string real = DataFile.Real(new DirectoryInfo(folder));
        if (above.Contains(real))
            throw DataFault.In(folder, "a link to a folder that it is in", "folders that end");
        if (depth > MostDepth)
            throw DataFault.In(folder, $"more than {MostDepth} folders in each other", "fewer");
        int before = pictures.Count;
        foreach (FileSystemInfo entry in DataFile.List(folder, root))
        {
            if (entry is DirectoryInfo)
            {
                if (!IsHidden(entry))
                    Walk(entry.FullName, name.Length == 0 ? entry.Name : $"{name}/{entry.Name}", root, [.. above, real], depth + 1);
            }
            else if (IsPicture(entry.Name) && !IsHidden(entry))
            {
                pictures.Add(new PictureFile(entry.FullName, name));
            }
            else
            {
                LeaveOut(entry);
            }
        }
        if (pictures.Count == before)
            throw DataFault.In(folder, depth == 0 ? "no pictures" : "no pictures in this folder, which would be a class", "JPEG, PNG, WebP, GIF or BMP files; add some, or remove the folder");
    }

    private void LeaveOut(FileSystemInfo entry)
    {
        if (NotRead.Contains(Path.GetExtension(entry.Name)) && !IsHidden(entry))
            throw DataFault.In(entry.FullName, $"a picture of a type that is not read, {Path.GetExtension(entry.Name)}", "JPEG, PNG, WebP, GIF or BMP; convert it, or move it elsewhere");
        otherCount++;
        if (others.Count < MostNamed)
            others.Add(DataFault.Quote(entry.Name));
    }

    // Also what macOS puts beside each file on other file systems (._x.jpg) and into archives.
    private static bool IsHidden(FileSystemInfo entry) => entry.Name.StartsWith('.') || entry.Name is "__MACOSX" or "$RECYCLE.BIN" or "System Volume Information";
}
