using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>How pictures get labels if not from one folder per class.</summary>
/// <param name="Table">Name of a table of labels; null if folders are labels, and a picture may be in several.</param>
/// <param name="Delimiter">Delimiter of labels in a cell; null for a single label.</param>
/// <param name="Multiple">Whether a picture may have several labels.</param>
internal sealed record PictureLabelling(string? Table, string? Delimiter, bool Multiple);

/// <summary>Pictures with their labels.</summary>
/// <param name="Files">The pictures, each once.</param>
/// <param name="Labels">The labels of each.</param>
/// <param name="AreTags">Whether they are multi-label.</param>
/// <param name="Notes">Notes on what was left out.</param>
internal sealed record LabelledPictures(IReadOnlyList<PictureFile> Files, IReadOnlyList<IReadOnlyList<string>> Labels, bool AreTags, IReadOnlyList<string> Notes)
{
    /// <summary>The pictures of some folders, each a split of the data.</summary>
    /// <param name="folders">The folders, null for a missing split.</param>
    /// <param name="root">Root for paths in the table, besides the split's folder.</param>
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
    /// <param name="names">Names of the labels or classes in order.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a class that is not among the names.</exception>
    public SampleSet Answered(SampleSet samples, IReadOnlyList<string> names)
    {
        if (AreTags)
            return samples with { Targets = TagTexts.ToTargets(Labels, names), TargetSize = names.Count };
        return samples with { Labels = ClassTexts.Labels([.. Labels.Select(l => l[0])], names, i => Files[i].Path) };
    }

    /// <summary>Notes about labels that are not among the names.</summary>
    public IEnumerable<string> NotesFor(string what, IReadOnlyList<string> names) => [.. Notes, .. AreTags && TagTexts.Unknown(what, Labels, names) is string unknown ? [unknown] : Array.Empty<string>()];

    // A picture is identified by its name: the file, or a link to it, is in the folder of each of its labels.
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

    // Possible names of a picture in a table, the most exact first.
    private static IEnumerable<string> Names(string picture, string folder, string root)
    {
        string inRoot = Path.GetRelativePath(root, picture).Replace('\\', '/'), inFolder = Path.GetRelativePath(folder, picture).Replace('\\', '/');
        return [inRoot, inFolder, Path.GetFileName(picture), Path.ChangeExtension(inFolder, null), Path.GetFileNameWithoutExtension(picture)];
    }
}
