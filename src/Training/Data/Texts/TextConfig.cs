using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Which end of a long text is kept.</summary>
public enum TextEnd
{
    Start,
    End,
}

/// <summary>
/// Texts. One file with <c>context</c>: a language model, which predicts the next token at each position of a window. The text is split by
/// position: its start is for training, later parts for validation and test. A folder with one folder of texts per class, or a table with a column of texts and one of
/// classes: text classification. The vocabulary is learned from the training part and saved with the weights.
/// </summary>
public sealed record TextConfig : DatasetConfig
{
    private const int MostContext = 1 << 16;

    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    /// <summary>The test set, of the same kind.</summary>
    public string? Test { get; init; }

    /// <summary>Kind of token.</summary>
    public TextTokens Tokens { get; init; }

    /// <summary>
    /// Number of token ids, including padding (0) and unknown (1): the <c>rows</c> of the <c>embedding</c>, and the units of a language model's last layer. The
    /// most frequent tokens are kept; surplus ids are never used.
    /// </summary>
    [DefaultText("256 for bytes, 20,000 for words, 1,024 for bpe, 50,257 for gpt2, for characters as many as the training part has")]
    public int? Vocabulary { get; init => field = value is int v ? Require.Between(v, TextVocabulary.First + 1, TextVocabulary.MostTokens) : null; }

    /// <summary>Convert to lower case.</summary>
    [DefaultText("true for words, else false")]
    public bool? Lowercase { get; init; }

    /// <summary>Tokens per window; the next token is predicted at each: this makes the task a language model.</summary>
    [DefaultText("none: texts are classified")]
    public int? Context { get; init => field = value is int v ? Require.Between(v, 1, MostContext) : null; }

    /// <summary>Tokens from the start of one training window to the start of the next; if fewer than <c>context</c>, windows overlap. With <c>stride: 1</c> and <c>data.limit: N</c> an epoch is N windows at random positions.</summary>
    [DefaultText("`context`")]
    public int? Stride { get; init => field = value is int v ? Require.Positive(v) : null; }

    /// <summary>
    /// Read windows in the order of the text, as <c>data.batch</c> parallel streams, and carry the state of recurrent layers from each window to the next
    /// (truncated back-propagation through time). Otherwise windows come in random order, each with a zero state.
    /// </summary>
    public bool Streams { get; init; }

    /// <summary>Tokens per text in classification: shorter texts are padded with id 0, longer ones truncated.</summary>
    public int Length { get; init => field = Require.Between(value, 1, MostContext); } = 256;

    /// <summary>Which end of texts longer than <c>length</c> to keep.</summary>
    public TextEnd Keep { get; init; }

    /// <summary>For a table: the column of texts, by name or number from 0.</summary>
    [DefaultText("`text`")]
    public string? Column { get; init; }

    /// <summary>For a table: the column of classes, by name or number from 0.</summary>
    [DefaultText("`label`")]
    public string? Label { get; init; }

    /// <summary>Encoding of the files.</summary>
    public TextEncoding Encoding { get; init; }

    /// <summary>Ids per sample.</summary>
    [NotConfig]
    internal int SampleLength => Context ?? Length;

    [NotConfig]
    internal bool IsLowercase => Lowercase ?? Tokens == TextTokens.Words;

    /// <summary>Number of ids, if it is known before the text is read.</summary>
    [NotConfig]
    internal int? KnownSize => Tokens switch
    {
        TextTokens.Bytes => ByteTokenizer.Count,
        TextTokens.Words => Vocabulary ?? 20_000,
        TextTokens.Bpe => Vocabulary ?? 1024,
        TextTokens.Gpt2 => MergeTokenizer.Gpt2Size,
        _ => Vocabulary,
    };

    public override DataShape? KnownShape => Context is int context && KnownSize is int size ? TextStream.ShapeOf(context, size) : null;

    internal override ReadingOptions Reading => new() { Text = this };

    public override DataSet Load(DataContext context)
    {
        if (Tokens is TextTokens.Bytes or TextTokens.Gpt2 && Vocabulary is not null)
            throw ConfigException.At(Source, $"text has 'vocabulary' and 'tokens: {Tokens.ToString().ToLowerInvariant()}', which are {KnownSize} whatever the text; leave 'vocabulary' out");
        if (Tokens == TextTokens.Bpe && Vocabulary < ByteTokenizer.Count)
            throw ConfigException.At(Source, $"text has 'vocabulary: {Vocabulary}', and bpe begins with {ByteTokenizer.Count} bytes; expected more");
        if (Streams && (Context is null || (Stride ?? Context) != Context))
            throw ConfigException.At(Source, Context is null ? "text has 'streams' and no 'context'; streams are of a language model, expected 'context: 64' or so" : $"text has 'streams' and 'stride: {Stride}'; in a stream windows follow one another, expected no 'stride'");
        if (Context is null)
            return TextDocuments.Load(this, context);
        string path = DataFile.Resolve(context, Path);
        byte[] text = TextFile.Read(path, this);
        byte[]? test = Test is null ? null : TextFile.Read(DataFile.Resolve(context, Test), this);
        return TextStream.DataSet(this, path, text, test);
    }
}
