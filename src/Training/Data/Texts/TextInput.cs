using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Reads texts for a trained network, as ids of its vocabulary.</summary>
/// <param name="fitted">Fitted in training.</param>
/// <param name="config">How its texts are read.</param>
/// <param name="batch">Batch size: the number of streams, if it was trained with them.</param>
/// <param name="note">Receives notes about unknown tokens and truncated texts.</param>
internal sealed class TextInput(FittedInput fitted, TextConfig config, int batch, Action<string>? note)
{
    /// <summary>Reads a text, a table of texts or, from standard input, one text per line.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="answers">Whether labels are needed.</param>
    public SampleSet Of(Stream stream, string name, bool answers)
    {
        if (fitted.Shape.HasPositionClasses)
            return Stream(stream, name, answers);
        if (TextTable.IsTable(name))
            return Encode(TextTable.Read(stream, name, config, answers), answers);
        if (answers)
            throw DataFault.In(name, "a single text, whose class is not known", "a folder with a folder of texts for each class, or a table with a column of classes");
        byte[] text = TextFile.Of(DataFile.Whole(stream, name, TextFile.MostBytes), name, config);
        if (name != InputPipeline.StandardInputName)
            return Encode(new Documents(name, [text], null, new SamplePlaces(name) { Files = [name] }), answers);
        byte[][] lines = [.. Lines(text)];
        return Encode(new Documents(name, lines, null, new SamplePlaces(name)), answers);
    }

    /// <summary>Texts in memory, one sample each.</summary>
    /// <param name="texts">Texts in UTF-8.</param>
    /// <param name="name">Name for messages.</param>
    public SampleSet Of(IReadOnlyList<byte[]> texts, string name) => fitted.Shape.HasPositionClasses ? throw OfLanguageModel(name)
        : Encode(new Documents(name, [.. texts.Select(t => TextFile.Of(t, name, config with { Encoding = TextEncoding.Utf8 }))], null, new SamplePlaces(name)), answers: false);

    /// <summary>Reads a folder of texts, or a folder with one of them per class.</summary>
    public SampleSet Folder(string folder, bool answers)
    {
        if (fitted.Shape.HasPositionClasses)
            throw DataFault.In(folder, "a folder", "the file of a text, as the network was trained on");
        return Encode(TextFolder.Read(folder, folder, config, answers), answers);
    }

    private SampleSet Encode(Documents documents, bool answers)
    {
        if (documents.Note is not null)
            note?.Invoke(documents.Note);
        return TextDocuments.Encode(config with { Path = documents.Name }, fitted.Text!, documents.ToSamples(fitted.Shape.Shape[0], answers ? fitted.ClassNames : null), "", note, note);
    }

    private SampleSet Stream(Stream stream, string name, bool answers)
    {
        if (!answers)
            throw OfLanguageModel(name);
        byte[] text = TextFile.Of(DataFile.Whole(stream, name, TextFile.MostBytes), name, config);
        return new TextStream(config, name, text, null).Windows(fitted.Text!, text, fitted.Shape.Shape[0], config.Streams ? batch : 0, "the whole text", note);
    }

    private static GpuGradException OfLanguageModel(string name) =>
        DataFault.In(name, "a text for a language model, which predicts what comes next", "'gpugrad generate RUN --prompt TEXT', or 'gpugrad eval RUN --data FILE' for its perplexity");

    private static List<byte[]> Lines(byte[] text)
    {
        var lines = new List<byte[]>();
        foreach (Range range in text.AsSpan().TrimEnd("\r\n"u8).Split((byte)'\n'))
            lines.Add(text.AsSpan(range).TrimEnd((byte)'\r').ToArray());
        return lines;
    }
}
