using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>How pictures get labels, where it is not a folder for each class.</summary>
/// <param name="Table">The name of a table of labels; null where folders are labels, of which a picture may lie in several.</param>
/// <param name="Delimiter">What stands between labels in a cell; null where there is one.</param>
/// <param name="Multiple">Whether a picture may have several.</param>
internal sealed record PictureLabelling(string? Table, string? Delimiter, bool Multiple);

/// <summary>Pictures and the labels of each.</summary>
/// <param name="Files">The pictures, each once.</param>
/// <param name="Labels">Of each.</param>
/// <param name="AreTags">Whether a picture may have any number of them.</param>
/// <param name="Notes">What was left out.</param>
internal sealed record LabelledPictures(IReadOnlyList<PictureFile> Files, IReadOnlyList<IReadOnlyList<string>> Labels, bool AreTags, IReadOnlyList<string> Notes)
{
    /// <summary>The pictures of some folders, each a part of the data.</summary>
    /// <param name="folders">The folders, null for a part that there is not.</param>
    /// <param name="root">What paths in the table may be relative to, besides the part's folder.</param>
    /// <param name="labelling">How they get labels.</param>
    /// <param name="table">Path of the table.</param>
    public static LabelledPictures?[] Of(IReadOnlyList<(string Path, PictureFolder Found)?> folders, string root, PictureLabelling labelling, string? table)
    {
        if (table is null)
            return [.. folders.Select(f => f is null ? null : OfFolders(f.Value.Path, f.Value.Found))];
        HashSet<string> known = [.. folders.Where(f => f is not null).SelectMany(f => f!.Value.Found.Pictures.SelectMany(p => Names(p.Path, f.Value.Path, root)))];
        LabelTable labels = LabelTable.Read(table, labelling.Delimiter, labelling.Multiple, known.Contains);
        LabelledPictures?[] parts = [.. folders.Select(f => f is null ? null : OfTable(f.Value.Path, f.Value.Found, root, labels, table))];
        if (labels.Note is string note && parts[0] is { } first)
            parts[0] = first with { Notes = [.. first.Notes, note] };
        return parts;
    }

    /// <summary>The samples with their labels as targets, or with their class.</summary>
    /// <param name="samples">The pictures.</param>
    /// <param name="names">Of the labels or classes, in their order.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a class that the names lack.</exception>
    public SampleSet Answered(SampleSet samples, IReadOnlyList<string> names)
    {
        if (AreTags)
            return samples with { Targets = TagTexts.ToTargets(Labels, names), TargetSize = names.Count };
        return samples with { Labels = ClassTexts.Labels([.. Labels.Select(l => l[0])], names, i => Files[i].Path) };
    }

    /// <summary>Notes of labels that the names lack.</summary>
    public IEnumerable<string> NotesFor(string what, IReadOnlyList<string> names) => [.. Notes, .. AreTags && TagTexts.Unknown(what, Labels, names) is string unknown ? [unknown] : Array.Empty<string>()];

    // A picture is known by its name: it lies, or is linked, in the folder of each of its labels.
    private static LabelledPictures OfFolders(string folder, PictureFolder found)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        var files = new List<PictureFile>();
        var labels = new List<IReadOnlyList<string>>();
        foreach (PictureFile picture in found.Pictures)
        {
            if (first.TryAdd(Path.GetFileName(picture.Path), files.Count))
            {
                files.Add(picture);
                labels.Add(picture.Class.Length == 0 ? [] : [picture.Class]);
            }
            else if (picture.Class.Length > 0)
            {
                int at = first[Path.GetFileName(picture.Path)];
                labels[at] = [.. labels[at], picture.Class];
            }
        }
        return new LabelledPictures(files, labels, AreTags: true, [.. NotesOf(found), string.Create(CultureInfo.InvariantCulture, $"{folder}: {files.Count:N0} different pictures in the folders of their labels, {found.Pictures.Count:N0} files")]);
    }

    private static LabelledPictures OfTable(string folder, PictureFolder found, string root, LabelTable table, string path)
    {
        var files = new List<PictureFile>();
        var labels = new List<IReadOnlyList<string>>();
        PictureFile? without = null;
        foreach (PictureFile picture in found.Pictures)
        {
            if (table.Of(Names(picture.Path, folder, root)) is not { } own)
            {
                without ??= picture;
                continue;
            }
            files.Add(picture);
            labels.Add(own);
        }
        if (files.Count == 0)
            throw DataFault.In(path, $"no name of a picture in {folder}", $"names such as {DataFault.Quote(Path.GetFileName(found.Pictures[0].Path))} in the first column");
        int left = found.Pictures.Count - files.Count;
        string[] note = without is not PictureFile lost ? [] : [string.Create(CultureInfo.InvariantCulture, $"{folder}: {left:N0} of {found.Pictures.Count:N0} pictures have no row in {path} and are left out, e.g. {DataFault.Quote(Path.GetFileName(lost.Path))}")];
        return new LabelledPictures(files, labels, table.AreTags, [.. NotesOf(found), .. note]);
    }

    private static IEnumerable<string> NotesOf(PictureFolder found) => found.Note is string note ? [note] : [];

    // What a table may call a picture, the most exact first.
    private static IEnumerable<string> Names(string picture, string folder, string root)
    {
        string inRoot = Path.GetRelativePath(root, picture).Replace('\\', '/'), inFolder = Path.GetRelativePath(folder, picture).Replace('\\', '/');
        return [inRoot, inFolder, Path.GetFileName(picture), Path.ChangeExtension(inFolder, null), Path.GetFileNameWithoutExtension(picture)];
    }
}
