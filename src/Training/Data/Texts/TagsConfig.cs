using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>
/// Sentences with a tag per token, in CoNLL's format: a token and its tag per line, separated by tabs or spaces, and an empty line between sentences. The network outputs
/// scores per step, [T, tags]. The vocabulary is learned from the training part and saved with the weights.
/// </summary>
public sealed record TagsConfig : DatasetConfig
{
    private const int MostLength = 1 << 16;

    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    /// <summary>The test set, of the same kind.</summary>
    public string? Test { get; init; }

    /// <summary>Number of token ids, including padding (0) and unknown (1): the <c>rows</c> of the <c>embedding</c>. The most frequent tokens are kept.</summary>
    public int Vocabulary { get; init => field = Require.Between(value, TextVocabulary.First + 1, TextVocabulary.MostTokens); } = 20_000;

    /// <summary>Convert to lower case.</summary>
    public bool Lowercase { get; init; }

    /// <summary>Tokens per sample: shorter sentences are padded with id 0, which has no effect on loss and metrics; longer ones are truncated.</summary>
    [DefaultText("the longest sentence of the file, at most 1,024")]
    public int? Length { get; init => field = value is int v ? Require.Between(v, 1, MostLength) : null; }

    /// <summary>The column of the tokens, from 0; negative: from the end.</summary>
    public int Token { get; init; }

    /// <summary>The column of the tags, from 0; negative: from the end.</summary>
    public int Tag { get; init; } = -1;

    /// <summary>Encoding of the files.</summary>
    public TextEncoding Encoding { get; init; }

    [NotConfig]
    internal TextConfig AsText => new() { Path = Path, Tokens = TextTokens.Words, Vocabulary = Vocabulary, Lowercase = Lowercase, Encoding = Encoding };

    internal override ReadingOptions Reading => new() { Tags = this };

    public override DataSet Load(DataContext context)
    {
        string path = DataFile.Resolve(context, Path);
        TaggedSentences train = Read(path, answers: true);
        TaggedSentences? test = Test is null ? null : Read(DataFile.Resolve(context, Test), answers: true);
        return TaggedTexts.DataSet(this, context, train, test);
    }

    private TaggedSentences Read(string path, bool answers) => DataFile.Read(path, stream => TaggedSentences.Read(stream, path, this, answers));
}
