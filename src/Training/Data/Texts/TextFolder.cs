using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Texts;

/// <summary>
/// A folder with one folder of texts per class. A text is a file with the extension .txt, .text or .md, without extension, or with digits as extension; other
/// files are left out and counted.
/// </summary>
internal static class TextFolder
{
    private const int MostNamed = 3;

    private static readonly HashSet<string> Endings = new([".txt", ".text", ".md"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a file's name is that of a text.</summary>
    public static bool IsText(string name)
    {
        string extension = Path.GetExtension(name);
        return !name.StartsWith('.') && (Endings.Contains(extension) || extension.AsSpan().TrimStart('.').IndexOfAnyExceptInRange('0', '9') < 0);
    }

    /// <param name="folder">Folder of the texts.</param>
    /// <param name="root">Links may lead anywhere within this folder.</param>
    /// <param name="config">How they are read.</param>
    /// <param name="answers">Whether the folders are classes.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: there are no texts, or none in a subfolder although folders are classes.</exception>
    public static Documents Read(string folder, string root, TextConfig config, bool answers)
    {
        var files = new List<(string Path, string Class)>();
        var others = new List<string>();
        FolderWalk.Run(folder, root, (file, name) =>
        {
            if (IsText(file.Name))
                files.Add((file.FullName, name));
            else
                others.Add(file.Name);
        });
        if (files.Count == 0)
            throw DataFault.In(folder, "no texts", "files that end in .txt");
        if (answers && files.Any(f => f.Class.Length == 0))
            throw DataFault.In(files.First(f => f.Class.Length == 0).Path, "a text outside the folders of the classes", "a folder of texts for each class; for a language model of one text give its file as 'path', and 'context'");
        files.Sort((a, b) => string.CompareOrdinal(a.Class, b.Class) is var order && order != 0 ? order : string.CompareOrdinal(a.Path, b.Path));
        var texts = new byte[files.Count][];
        Sources.Concurrently.For(texts.Length, i => texts[i] = TextFile.Read(files[i].Path, config));
        return new Documents(folder, texts, answers ? [.. files.Select(f => f.Class)] : null, new SamplePlaces(folder) { Files = [.. files.Select(f => f.Path)] })
        {
            Note = others.Count == 0 ? null : string.Create(
                CultureInfo.InvariantCulture,
                $"{folder}: {others.Count} {(others.Count == 1 ? "file that is not a text was" : "files that are not texts were")} left out: {string.Join(", ", others.Take(MostNamed).Select(DataFault.Quote))}{(others.Count > MostNamed ? ", …" : "")}"),
        };
    }
}
