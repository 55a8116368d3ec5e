using System.Text.Json.Serialization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Token vocabulary of a text.</summary>
public enum TextTokens
{
    /// <summary>Characters (Unicode code points) that occur in the training part.</summary>
    Characters,

    /// <summary>Bytes of UTF-8: 256 tokens, whatever the text.</summary>
    Bytes,

    /// <summary>Words and punctuation marks, the most frequent of the training part.</summary>
    Words,

    /// <summary>Byte-pair encoding, learned from the training part: frequent pairs of bytes, then of pairs, become tokens.</summary>
    Bpe,

    /// <summary>The byte-pair encoding of GPT-2: 50,257 tokens.</summary>
    Gpt2,
}

/// <summary>
/// The tokens that a network knows, learned from the training part of its texts and saved with the weights. Ids: 0 is padding, 1 a token not
/// seen in training, the others follow in the order of <see cref="Texts"/>. Bytes are their own ids; byte pairs follow the 256 bytes.
/// </summary>
/// <param name="Tokens">Kind of token.</param>
/// <param name="Texts">The tokens as text, byte pairs in base 64; empty for bytes and for GPT-2.</param>
/// <param name="Size">Number of ids. Those after the last token are never used.</param>
public sealed record TextVocabulary(TextTokens Tokens, IReadOnlyList<string> Texts, int Size)
{
    /// <summary>The id that pads short texts.</summary>
    public const int Padding = 0;

    /// <summary>The id of tokens not seen in training.</summary>
    public const int Unknown = 1;

    /// <summary>The id of the first token, except for bytes.</summary>
    internal const int First = 2;

    internal const int MostTokens = 1 << 20;

    /// <summary>Whether text is converted to lower case.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Lowercase { get; init; }

    /// <summary>Describes an inconsistency, as in a file that was tampered with; null if there is none.</summary>
    internal string? Problem()
    {
        int used = Used;
        if (Size < used || Size > MostTokens || (Tokens is TextTokens.Bytes or TextTokens.Gpt2 && Texts.Count > 0))
            return $"{Size} ids for {used} tokens";
        if (Texts.Any(string.IsNullOrEmpty) || Texts.Distinct(StringComparer.Ordinal).Count() != Texts.Count)
            return "tokens that are empty or occur twice";
        if (Tokens == TextTokens.Bpe && !Texts.All(t => System.Buffers.Text.Base64.IsValid(t)))
            return "tokens that are no base 64";
        return Tokens == TextTokens.Characters && !Texts.All(t => System.Text.Rune.TryGetRuneAt(t, 0, out System.Text.Rune rune) && rune.Utf16SequenceLength == t.Length) ? "tokens that are no characters" : null;
    }

    /// <summary>Whether 0 and 1 are padding and unknown, and not bytes.</summary>
    internal bool HasSpecials => Tokens is TextTokens.Characters or TextTokens.Words;

    private int Used => Tokens switch
    {
        TextTokens.Bytes => ByteTokenizer.Count,
        TextTokens.Bpe => ByteTokenizer.Count + Texts.Count,
        TextTokens.Gpt2 => MergeTokenizer.Gpt2Size,
        _ => First + Texts.Count,
    };

    /// <summary>A readable form of a token.</summary>
    public string NameOf(int id) => id switch
    {
        _ when Tokens is TextTokens.Bpe or TextTokens.Gpt2 => System.Text.Encoding.UTF8.GetString(Tokenizer().BytesOf(id)),
        _ when Tokens == TextTokens.Bytes => id is > ' ' and < 127 ? ((char)id).ToString() : System.Globalization.CultureInfo.InvariantCulture.TextInfo.ToUpper($"0x{id:x2}"),
        Padding => "(padding)",
        Unknown => "(unknown)",
        _ => id - First < Texts.Count ? Texts[id - First] : "(unused)",
    };

    /// <summary>Whether an id stands for text, rather than for padding, unknown or nothing.</summary>
    internal bool IsText(int id) => id < Used && (id >= First || !HasSpecials);

    /// <summary>The tokenizer of the vocabulary.</summary>
    internal Tokenizer Tokenizer() => Tokens switch
    {
        TextTokens.Bytes => new ByteTokenizer(),
        TextTokens.Words => new WordTokenizer(this),
        TextTokens.Bpe => MergeTokenizer.Of(this),
        TextTokens.Gpt2 => MergeTokenizer.Gpt2,
        _ => new CharacterTokenizer(this),
    };
}

/// <summary>Counts tokens of a text that were not seen in training.</summary>
internal sealed class UnknownTokens
{
    private const int MostNamed = 3;
    private readonly List<string> named = [];
    private bool hasMore;

    public int Count { get; private set; }

    /// <summary>The sum over several texts.</summary>
    public static UnknownTokens Sum(IEnumerable<UnknownTokens> parts)
    {
        var sum = new UnknownTokens();
        foreach (UnknownTokens part in parts.Where(p => p.Count > 0))
        {
            foreach (string token in part.named)
                sum.Name(token);
            sum.hasMore |= part.hasMore;
            sum.Count += part.Count;
        }
        return sum;
    }

    public void Add(ReadOnlySpan<char> token)
    {
        Count++;
        Name(token);
    }

    private void Name(ReadOnlySpan<char> token)
    {
        if (hasMore || named.Contains(token.ToString()))
            return;
        hasMore = named.Count == MostNamed;
        if (!hasMore)
            named.Add(token.ToString());
    }

    /// <summary>A note; null if there are none.</summary>
    /// <param name="where">The part or file.</param>
    /// <param name="tokens">Number of all tokens in it.</param>
    public string? Note(string where, long tokens) => Count == 0 ? null : string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{where}: {Count:N0} of {tokens:N0} tokens ({(double)Count / tokens * 100:F2} %) are not in the vocabulary: {string.Join(", ", named.Select(DataFault.Quote))}{(hasMore ? ", …" : "")}");
}
