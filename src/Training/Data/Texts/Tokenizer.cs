using System.Text;
using System.Text.RegularExpressions;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Turns UTF-8 text into ids of a vocabulary and back.</summary>
internal abstract class Tokenizer
{
    /// <summary>Encodes a text.</summary>
    /// <param name="text">Valid UTF-8; any bytes for byte tokens.</param>
    /// <param name="unknown">Counts tokens that are not in the vocabulary.</param>
    public abstract int[] Encode(ReadOnlySpan<byte> text, UnknownTokens? unknown = null);

    /// <summary>The bytes that a token adds to a text; none for padding and unknown.</summary>
    public abstract byte[] BytesOf(int id);
}

/// <summary>Each byte is its own id.</summary>
internal sealed class ByteTokenizer : Tokenizer
{
    public const int Count = 256;

    public override int[] Encode(ReadOnlySpan<byte> text, UnknownTokens? unknown = null)
    {
        var ids = new int[text.Length];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = text[i];
        return ids;
    }

    public override byte[] BytesOf(int id) => [(byte)id];
}

/// <summary>One token per Unicode code point.</summary>
internal sealed class CharacterTokenizer : Tokenizer
{
    private readonly Dictionary<int, int> ids = [];
    private readonly byte[][] bytes;
    private readonly bool lowercase;

    public CharacterTokenizer(TextVocabulary vocabulary)
    {
        lowercase = vocabulary.Lowercase;
        bytes = [.. vocabulary.Texts.Select(Encoding.UTF8.GetBytes)];
        for (int i = 0; i < vocabulary.Texts.Count; i++)
            ids[Rune.GetRuneAt(vocabulary.Texts[i], 0).Value] = TextVocabulary.First + i;
    }

    public override int[] Encode(ReadOnlySpan<byte> text, UnknownTokens? unknown = null)
    {
        var found = new List<int>(text.Length);
        foreach (Rune rune in Runes(text, lowercase))
        {
            if (!ids.TryGetValue(rune.Value, out int id))
            {
                id = TextVocabulary.Unknown;
                unknown?.Add(rune.ToString());
            }
            found.Add(id);
        }
        return [.. found];
    }

    public override byte[] BytesOf(int id) => id >= TextVocabulary.First && id - TextVocabulary.First < bytes.Length ? bytes[id - TextVocabulary.First] : [];

    /// <summary>The characters of UTF-8 text.</summary>
    public static RuneList Runes(ReadOnlySpan<byte> text, bool lowercase) => new(text, lowercase);

    /// <summary>Enumerates the characters without a copy of the text.</summary>
    public ref struct RuneList(ReadOnlySpan<byte> text, bool lowercase)
    {
        private ReadOnlySpan<byte> left = text;

        public Rune Current { get; private set; }

        public readonly RuneList GetEnumerator() => this;

        public bool MoveNext()
        {
            if (left.IsEmpty)
                return false;
            Rune.DecodeFromUtf8(left, out Rune rune, out int length);
            left = left[length..];
            Current = lowercase ? Rune.ToLowerInvariant(rune) : rune;
            return true;
        }
    }
}

/// <summary>One token per word (letters and digits, with an apostrophe inside) or other single character except spaces.</summary>
internal sealed partial class WordTokenizer : Tokenizer
{
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly TextVocabulary vocabulary;

    public WordTokenizer(TextVocabulary vocabulary)
    {
        this.vocabulary = vocabulary;
        for (int i = 0; i < vocabulary.Texts.Count; i++)
            ids[vocabulary.Texts[i]] = TextVocabulary.First + i;
    }

    public override int[] Encode(ReadOnlySpan<byte> text, UnknownTokens? unknown = null)
    {
        var found = new List<int>(text.Length / 4);
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        string words = Text(text, vocabulary.Lowercase);
        foreach (ValueMatch match in Words().EnumerateMatches(words))
        {
            ReadOnlySpan<char> word = words.AsSpan(match.Index, match.Length);
            if (!lookup.TryGetValue(word, out int id))
            {
                id = TextVocabulary.Unknown;
                unknown?.Add(word);
            }
            found.Add(id);
        }
        return [.. found];
    }

    // A space precedes every word: the original spacing is not kept.
    public override byte[] BytesOf(int id)
    {
        int at = id - TextVocabulary.First;
        if (at < 0 || at >= vocabulary.Texts.Count)
            return [];
        string text = vocabulary.Texts[at];
        return Encoding.UTF8.GetBytes(char.IsLetterOrDigit(text[0]) ? " " + text : text);
    }

    /// <summary>Counts of each word.</summary>
    public static void Count(ReadOnlySpan<byte> text, bool lowercase, Dictionary<string, long> counts)
    {
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        string words = Text(text, lowercase);
        foreach (ValueMatch match in Words().EnumerateMatches(words))
        {
            ReadOnlySpan<char> word = words.AsSpan(match.Index, match.Length);
            lookup[word] = lookup.TryGetValue(word, out long count) ? count + 1 : 1;
        }
    }

    private static string Text(ReadOnlySpan<byte> text, bool lowercase) => lowercase ? Encoding.UTF8.GetString(text).ToLowerInvariant() : Encoding.UTF8.GetString(text);

    [GeneratedRegex(@"[\p{L}\p{N}]+(?:['’][\p{L}]+)*|[^\s\p{L}\p{N}]", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
