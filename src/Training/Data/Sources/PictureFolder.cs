using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>A picture file and its class: the path of its folder below the root, with '/' between the names; "" in the root.</summary>
internal readonly record struct PictureFile(string Path, string Class);

/// <summary>
/// The pictures in a folder and its subfolders. A folder that holds pictures is a class. Other files are left out and
/// counted, but pictures of an unsupported type are refused.
/// </summary>
internal sealed class PictureFolder
{
    private const int MostNamed = 3;

    private static readonly HashSet<string> Read = new([".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib"], StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> NotRead = new(
        [".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".svg", ".psd", ".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".exr", ".hdr", ".ico", ".dng", ".cr2", ".nef", ".arw", ".raw"],
        StringComparer.OrdinalIgnoreCase);

    private readonly string root;
    private readonly List<PictureFile> pictures = [];
    private readonly List<string> others = [];
    private int otherCount;

    private PictureFolder(string root) => this.root = root;

    /// <summary>The pictures, sorted by class and then by name.</summary>
    public IReadOnlyList<PictureFile> Pictures => pictures;

    /// <summary>Names of the classes in ordinal order.</summary>
    public string[] Classes => [.. pictures.Select(p => p.Class).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>A note on what was left out; null for nothing.</summary>
    public string? Note => otherCount == 0 ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{root}: {otherCount} {(otherCount == 1 ? "file that is not a picture was" : "files that are not pictures were")} left out: {string.Join(", ", others)}{(otherCount > others.Count ? ", …" : "")}");

    /// <summary>Whether a file's name is that of a picture.</summary>
    public static bool IsPicture(string name) => Read.Contains(Path.GetExtension(name));

    /// <param name="folder">Folder of the pictures.</param>
    /// <param name="root">Links may lead anywhere within this folder.</param>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Data"/>: there are no pictures in a folder or below it, a link leads out, or a picture has an unsupported type.
    /// </exception>
    public static PictureFolder Scan(string folder, string root)
    {
        var scan = new PictureFolder(folder);
        FolderWalk.Run(folder, root, scan.Take, scan.RequirePictures);
        scan.pictures.Sort((a, b) => string.CompareOrdinal(a.Class, b.Class) is var order && order != 0 ? order : string.CompareOrdinal(a.Path, b.Path));
        return scan;
    }

    private void Take(FileSystemInfo entry, string name)
    {
        if (IsPicture(entry.Name) && !FolderWalk.IsHidden(entry))
            pictures.Add(new PictureFile(entry.FullName, name));
        else
            LeaveOut(entry);
    }

    // When a folder has been scanned, its pictures are the last that were found.
    private void RequirePictures(string folder, int depth)
    {
        if (pictures.Count == 0 || (depth > 0 && !pictures[^1].Path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
            throw DataFault.In(folder, depth == 0 ? "no pictures" : "no pictures in this folder, which would be a class", "JPEG, PNG, WebP, GIF or BMP files; add some, or remove the folder");
    }

    private void LeaveOut(FileSystemInfo entry)
    {
        if (NotRead.Contains(Path.GetExtension(entry.Name)) && !FolderWalk.IsHidden(entry))
            throw DataFault.In(entry.FullName, $"a picture of a type that is not read, {Path.GetExtension(entry.Name)}", "JPEG, PNG, WebP, GIF or BMP; convert it, or move it elsewhere");
        otherCount++;
        if (others.Count < MostNamed)
            others.Add(DataFault.Quote(entry.Name));
    }
}
