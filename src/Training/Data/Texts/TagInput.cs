using System.Text;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Reads sentences for a trained tagger, as ids of its vocabulary.</summary>
/// <param name="fitted">Fitted in training.</param>
/// <param name="config">How its files are read.</param>
/// <param name="note">Receives notes about unknown tokens and truncated sentences.</param>
internal sealed class TagInput(FittedInput fitted, TagsConfig config, Action<string>? note)
{
    /// <summary>Reads one token per line (with tags if they are needed), or, from standard input, one sentence per line.</summary>
    public SampleSet Of(Stream stream, string name, bool answers)
    {
        if (answers || name != InputPipeline.StandardInputName)
            return Encode(TaggedSentences.Read(stream, name, config, answers), answers);
        string text = Encoding.UTF8.GetString(TextFile.Of(DataFile.Whole(stream, name, TextFile.MostBytes), name, config.AsText));
        return Encode(TaggedSentences.OfLines(text.TrimEnd('\r', '\n').Split('\n'), name), answers: false);
    }

    /// <summary>Sentences that are in no file, in UTF-8, a sample each; tokens between white space.</summary>
    public SampleSet Of(IReadOnlyList<byte[]> sentences, string name) =>
        Encode(TaggedSentences.OfLines(sentences.Select(s => Encoding.UTF8.GetString(TextFile.Of(s, name, config.AsText with { Encoding = TextEncoding.Utf8 }))), name), answers: false);

    private SampleSet Encode(TaggedSentences sentences, bool answers) =>
        TaggedTexts.Encode(fitted.Text!, TaggedTexts.ToSamples(sentences, fitted.Shape.Shape[0], answers ? fitted.ClassNames : null), sentences.Name, note, note);
}
