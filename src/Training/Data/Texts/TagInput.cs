using System.Text;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Sentences for a trained tagger, as ids of the vocabulary that it was trained with.</summary>
/// <param name="fitted">What training learned.</param>
/// <param name="config">How its files were read.</param>
/// <param name="note">Told of tokens that training has not seen, and of sentences that are cut off.</param>
internal sealed class TagInput(FittedInput fitted, TagsConfig config, Action<string>? note)
{
    /// <summary>A token a line (further columns are read where they are to be judged), or, of standard input, a sentence a line.</summary>
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
