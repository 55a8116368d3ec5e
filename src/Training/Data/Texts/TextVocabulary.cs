using System.Text.Json.Serialization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Texts;

/// <summary>What a text is made of for a network.</summary>
public enum TextTokens
{
    /// <summary>Characters (Unicode code points) that occur in the training part.</summary>
    Characters,

    /// <summary>Bytes of UTF-8: 256 tokens, whatever the text.</summary>
    Bytes,

    /// <summary>Words and punctuation marks, the most frequent of the training part.</summary>
    Words,
}

/// <summary>
/// The tokens that a network knows, learned from the training part of its texts and saved with the weights. Ids: 0 is padding, 1 a token that
/// training has not seen, the others follow in the order of <see cref="Texts"/>; of bytes each is its own id.
/// </summary>
/// <param name="Tokens">What a token is.</param>
/// <param name="Texts">The tokens in words; none for bytes.</param>
/// <param name="Size">Ids: 0 to one less. Those behind the last token are never used.</param>
public sealed record TextVocabulary(TextTokens Tokens, IReadOnlyList<string> Texts, int Size)
{
    /// <summary>The id at the end of texts that are shorter than others.</summary>
    public const int Padding = 0;

    /// <summary>The id of what training has not seen.</summary>
    public const int Unknown = 1;

    /// <summary>The id of the first token, but of bytes.</summary>
    internal const int First = 2;

    internal const int MostTokens = 1 << 20;

    /// <summary>Whether capital letters count as small ones.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Lowercase { get; init; }

    /// <summary>What does not fit together, as it may in a file that was tampered with; null where all does.</summary>
    internal string? Problem()
    {
        int used = Tokens == TextTokens.Bytes ? 256 : First + Texts.Count;
        if (Size < used || Size > MostTokens || (Tokens == TextTokens.Bytes && Texts.Count > 0))
            return $"{Size} ids for {used} tokens";
        if (Texts.Any(string.IsNullOrEmpty) || Texts.Distinct(StringComparer.Ordinal).Count() != Texts.Count)
            return "tokens that are empty or occur twice";
        return Tokens == TextTokens.Characters && !Texts.All(t => System.Text.Rune.TryGetRuneAt(t, 0, out System.Text.Rune rune) && rune.Utf16SequenceLength == t.Length) ? "tokens that are no characters" : null;
    }

    /// <summary>A token for people.</summary>
    public string NameOf(int id) => id switch
    {
        _ when Tokens == TextTokens.Bytes => id is > ' ' and < 127 ? ((char)id).ToString() : System.Globalization.CultureInfo.InvariantCulture.TextInfo.ToUpper($"0x{id:x2}"),
        Padding => "(padding)",
        Unknown => "(unknown)",
        _ => id - First < Texts.Count ? Texts[id - First] : "(unused)",
    };

    /// <summary>Whether an id stands for some text, and not for padding, the unknown or nothing.</summary>
    internal bool IsText(int id) => Tokens == TextTokens.Bytes ? id < ByteTokenizer.Count : id >= First && id - First < Texts.Count;

    /// <summary>Makes ids of texts and texts of ids.</summary>
    internal Tokenizer Tokenizer() => Tokens switch
    {
        TextTokens.Bytes => new ByteTokenizer(),
        TextTokens.Words => new WordTokenizer(this),
        _ => new CharacterTokenizer(this),
    };
}

/// <summary>Tokens of a text that training has not seen, counted.</summary>
internal sealed class UnknownTokens
{
    private const int MostNamed = 3;
    private readonly List<string> named = [];
    private bool hasMore;

    public int Count { get; private set; }

    public void Add(ReadOnlySpan<char> token)
    {
        Count++;
        if (hasMore || named.Contains(token.ToString()))
            return;
        hasMore = named.Count == MostNamed;
        if (!hasMore)
            named.Add(token.ToString());
    }

    /// <summary>A line for a note; null for none.</summary>
    /// <param name="where">The part or file.</param>
    /// <param name="tokens">All tokens of it.</param>
    public string? Note(string where, long tokens) => Count == 0 ? null : string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{where}: {Count:N0} of {tokens:N0} tokens ({(double)Count / tokens * 100:F2} %) are not in the vocabulary: {string.Join(", ", named.Select(DataFault.Quote))}{(hasMore ? ", …" : "")}");
}
