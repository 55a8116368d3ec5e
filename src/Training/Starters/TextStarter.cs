using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Starters;

/// <summary>Writes a first config for texts: a language model for a single text, a classifier for texts in class folders.</summary>
internal static class TextStarter
{
    private const int Head = 1 << 16, LinesLooked = 20, FilesLooked = 200, Context = 64;

    private const double HeldBack = 0.1;

    /// <summary>Whether a file is a text, and not a table with an ambiguous name.</summary>
    public static bool IsText(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".md" or ".text" => true,
        ".txt" => DataFile.Read(path, stream => !LooksLikeTable(stream)),
        _ => false,
    };

    /// <summary>Whether a folder has folders of texts, and no pictures.</summary>
    public static bool HoldsTexts(string folder)
    {
        FileInfo[] files = [.. FolderWalk.Folders(folder).SelectMany(f => ((DirectoryInfo)f).EnumerateFiles("*", SearchOption.AllDirectories).Where(e => !e.Name.StartsWith('.')).Take(FilesLooked))];
        return files.Count(f => TextFolder.IsText(f.Name)) > files.Length / 2 && !files.Any(f => PictureFolder.IsPicture(f.Name));
    }

    /// <summary>A language model over the characters of a text.</summary>
    public static Starter OfFile(string path, string configFolder)
    {
        var config = new TextConfig { Path = Path.GetFullPath(path), Context = Context };
        byte[] text = TextFile.Read(path, config);
        TextVocabulary vocabulary = VocabularyFit.Of(config, [text], _ => { });
        long characters = TextFile.Characters(text);
        if (characters * HeldBack < 2 * Context)
            throw DataFault.In(path, Recipe.Text($"a text of {characters:N0} characters"), Recipe.Text($"{20 * Context:N0} or more for a language model"));
        // The vocabulary is later learned from the training part only; ids of characters that it lacks stay unused.
        int size = vocabulary.Size, windows = (int)Math.Min(int.MaxValue, characters * (1 - (2 * HeldBack)) / Context);
        var yaml = new CommentedYaml();
        yaml.Remark(Recipe.Text($"A character-level language model of {Path.GetFileName(path)}: {characters:N0} characters, {size - TextVocabulary.First:N0} different ones."));
        yaml.Remark("Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md; docs/text.md explains.");
        yaml.Add("seed: 1").Add("data:").Add("  dataset:").Add("    text:");
        yaml.Add($"      path: {CommentedYaml.Scalar(Starter.PathIn(configFolder, path))}");
        yaml.Add("      tokens: characters", "or words, bytes, bpe");
        yaml.Add(Recipe.Text($"      vocabulary: {size}"), "the characters, one id for unknown ones, one for padding");
        yaml.Add(Recipe.Text($"      context: {Context}"), "how many tokens it looks back");
        yaml.Add(Recipe.Text($"  batch: {TextRecipe.Batch}"));
        yaml.Add(Recipe.Text($"  validation: {HeldBack}"), "the text's end is held back: to choose the best epoch,");
        yaml.Add(Recipe.Text($"  test: {HeldBack}"), "and after that for the final figures");
        TextRecipe.WriteLanguageModel(yaml, size, windows);
        return new Starter
        {
            Kind = "text",
            Task = "language model",
            Classes = 0,
            Samples = windows,
            Findings =
            [
                ("text", Recipe.Text($"{characters:N0} characters, {size - TextVocabulary.First:N0} different ones")),
                ("target", "the character that follows"),
                ("test", Recipe.Text($"the last {HeldBack * 100:0} % of the text")),
                ("then", "gpugrad generate RUN --prompt TEXT"),
            ],
            Yaml = yaml.ToString(),
        };
    }

    /// <summary>A classifier of texts in class folders.</summary>
    public static Starter OfFolder(string folder, string configFolder)
    {
        string full = Path.GetFullPath(folder);
        DataSet data = new TextConfig { Path = full, Tokens = TextTokens.Words }.Load(new DataContext(full, 1));
        if (data.ClassNames is { Count: 1 } only)
            throw DataFault.In(folder, $"texts of one class, {DataFault.Quote(only[0])}", "folders of two classes or more; a network learns to tell them apart");
        int[] lengths = [.. data.Train.Texts!.Select(Words).Order()];
        int length = Math.Clamp(lengths[^1], 8, TextRecipe.MostWords);
        string samples = Recipe.Text($"{data.Train.Count:N0} texts with a median of {lengths[lengths.Length / 2]:N0} words, {lengths[^1]:N0} at most");
        var yaml = new CommentedYaml();
        yaml.Remark(Recipe.Text($"Predicts {data.Shape.Classes} classes from {Path.GetFileName(Path.TrimEndingDirectorySeparator(full))}: {samples}."));
        yaml.Remark("Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md; docs/text.md explains.");
        yaml.Add("seed: 1").Add("data:").Add("  dataset:").Add("    text:");
        yaml.Add($"      path: {CommentedYaml.Scalar(Starter.PathIn(configFolder, folder))}", "a folder for each class");
        yaml.Add("      tokens: words");
        yaml.Add(Recipe.Text($"      vocabulary: {TextRecipe.Vocabulary}"), "the most frequent words");
        yaml.Add(Recipe.Text($"      length: {length}"), "words per text; longer texts are truncated, shorter ones padded");
        TextRecipe.WriteClassifier(yaml, data.Shape.Classes, data.Train.Count, hasValidation: data.Validation is not null, hasTest: data.Test is not null);
        return new Starter
        {
            Kind = "texts",
            Classes = data.Shape.Classes,
            Samples = data.Train.Count,
            Findings =
            [
                ("texts", samples),
                ("target", Recipe.Text($"{data.Shape.Classes} classes: {string.Join(", ", data.ClassNames!.Take(8))}{(data.ClassNames!.Count > 8 ? ", …" : "")}")),
                ("test", data.Test is null ? "20 % of the texts, at random" : Recipe.Text($"{data.Test.Count:N0} separate texts")),
                .. data.Notes.Select(n => ("note", n)),
            ],
            Yaml = yaml.ToString(),
        };
    }

    private static int Words(byte[] text)
    {
        var counts = new Dictionary<string, long>();
        WordTokenizer.Count(text, lowercase: false, counts);
        return (int)counts.Sum(c => c.Value);
    }

    // Whether all lines have the same number of one separator, at least one.
    private static bool LooksLikeTable(Stream stream)
    {
        var head = new byte[Math.Min(Head, stream.Length)];
        stream.ReadExactly(head);
        string[] lines = [.. System.Text.Encoding.Latin1.GetString(head).Split('\n').SkipLast(stream.Length > Head ? 1 : 0).Select(l => l.Trim()).Where(l => l.Length > 0).Take(LinesLooked)];
        return lines.Length > 1 && (Array.Exists([',', ';', '\t', '|'], s => lines[0].Contains(s) && lines.All(l => l.Count(c => c == s) == lines[0].Count(c => c == s))) || Data.Tables.SpacedRows.Is(head, null)
            || lines.All(l => double.TryParse(l, System.Globalization.CultureInfo.InvariantCulture, out _)));
    }
}
