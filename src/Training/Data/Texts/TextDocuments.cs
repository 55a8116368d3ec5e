using System.Globalization;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Texts to classify: ids of their tokens, padded at the end, with the length of each.</summary>
internal sealed record TextDocuments(TextConfig Config) : TextSource(Config)
{
    public override bool IsStream => false;

    /// <summary>Reads a folder with one folder of texts per class, or a table with a column of texts.</summary>
    public static DataSet Load(TextConfig config, DataContext context)
    {
        string path = System.IO.Path.GetFullPath(config.Path, System.IO.Path.GetFullPath(context.Folder));
        bool isFolder = Directory.Exists(path);
        path = DataFile.Resolve(context, config.Path, isFolder);
        if (!isFolder && !TextTable.IsTable(path))
            throw ConfigException.At(config.Source, $"text has no 'context', and {path} is one text; expected the tokens of a window for a language model, e.g. context: 64, or a folder with a folder of texts for each class, or a table");
        PictureParts? parts = isFolder ? PictureParts.Of(path) : null;
        if (parts?.Test is not null && config.Test is not null)
            throw ConfigException.At(config.Source, $"text has 'test: {config.Test}', and {path} has a folder for the test; expected one of the two");
        Documents train = Read(config, parts?.Train ?? path);
        Documents? validation = parts?.Validation is { } held ? Read(config, held) : null, test = parts?.Test is { } folder ? Read(config, folder)
            : config.Test is null ? null : Read(config, DataFile.Resolve(context, config.Test, Directory.Exists(System.IO.Path.GetFullPath(config.Test, System.IO.Path.GetFullPath(context.Folder)))));
        IReadOnlyList<string> classes = context.Fitted?.ClassNames ?? ClassTexts.InOrder(train.Classes!);
        DataSet data = ArraySamples.DataSet(
            train.ToSamples(config.SampleLength, classes), test?.ToSamples(config.SampleLength, classes), test?.Name ?? "", $"texts in {path}", classes, validation?.ToSamples(config.SampleLength, classes));
        return data with { Text = new TextDocuments(config), Notes = [.. new[] { train.Note, validation?.Note, test?.Note }.OfType<string>()] };
    }

    public override TextParts Make(DataConfig config, ulong seed, (SampleSet Train, SampleSet? Validation, SampleSet? Test) raw, FittedInput? fitted, Action<string> note)
    {
        TextVocabulary vocabulary = fitted?.Text ?? VocabularyFit.Of(Config, raw.Train.Texts!, note);
        return new TextParts(
            vocabulary,
            new DataShape(raw.Train.Shape, raw.Train.Labels!.Concat(raw.Validation?.Labels ?? []).Concat(raw.Test?.Labels ?? []).Max() + 1),
            Encode(Config, vocabulary, raw.Train, "the training part", fitted is null ? null : note, note),
            raw.Validation is null ? null : Encode(Config, vocabulary, raw.Validation, "the validation part", note, note),
            raw.Test is null ? null : Encode(Config, vocabulary, raw.Test, "the test part", note, note));
    }

    /// <summary>Turns texts into ids.</summary>
    /// <param name="config">Which end of long texts is kept.</param>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="raw">The texts.</param>
    /// <param name="part">Name of the part for notes; empty if the path is enough.</param>
    /// <param name="unknown">Receives a note about tokens that are not in the vocabulary.</param>
    /// <param name="cut">Receives a note about truncated texts.</param>
    public static SampleSet Encode(TextConfig config, TextVocabulary vocabulary, SampleSet raw, string part, Action<string>? unknown, Action<string>? cut)
    {
        int length = raw.Shape[0];
        Tokenizer tokenizer = vocabulary.Tokenizer();
        var ids = new int[raw.Count][];
        var strange = new UnknownTokens[raw.Count];
        Concurrently.For(raw.Count, i => ids[i] = tokenizer.Encode(raw.Texts![i], strange[i] = new UnknownTokens()));
        var numbers = new float[checked(raw.Count * length)];
        for (int i = 0; i < ids.Length; i++)
        {
            ReadOnlySpan<int> kept = ids[i].Length <= length ? ids[i] : config.Keep == TextEnd.Start ? ids[i].AsSpan(0, length) : ids[i].AsSpan(ids[i].Length - length);
            for (int t = 0; t < kept.Length; t++)
                numbers[(i * length) + t] = kept[t];
        }
        string name = part.Length == 0 ? config.Path : $"{config.Path} ({part})";
        if (UnknownTokens.Sum(strange).Note(name, ids.Sum(t => (long)t.Length)) is string line)
            unknown?.Invoke(line);
        int longer = ids.Count(t => t.Length > length);
        if (longer > 0)
            cut?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{name}: {longer:N0} of {ids.Length:N0} texts have more than {length} tokens, the longest {ids.Max(t => t.Length):N0}; {(config.Keep == TextEnd.Start ? "the rest" : "what comes before")} is left out ('length')"));
        return raw with { Texts = null, Reals = numbers, Lengths = [.. ids.Select(t => Math.Clamp(t.Length, 1, length))] };
    }

    private static Documents Read(TextConfig config, string path) => Directory.Exists(path)
        ? TextFolder.Read(path, path, config, answers: true)
        : DataFile.Read(path, stream => TextTable.Read(stream, path, config, answers: true));
}
