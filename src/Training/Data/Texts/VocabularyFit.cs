using System.Text;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Learns a vocabulary from training texts only.</summary>
internal static class VocabularyFit
{
    /// <param name="config">Kind of token, and number of tokens to keep.</param>
    /// <param name="texts">Texts in UTF-8.</param>
    /// <param name="note">Receives a note on what was left out.</param>
    public static TextVocabulary Of(TextConfig config, IEnumerable<byte[]> texts, Action<string> note)
    {
        if (config.Tokens == TextTokens.Bytes)
            return new TextVocabulary(TextTokens.Bytes, [], config.KnownSize!.Value);
        if (config.Tokens == TextTokens.Gpt2)
            return new TextVocabulary(TextTokens.Gpt2, [], config.KnownSize!.Value) { Lowercase = config.IsLowercase };
        if (config.Tokens == TextTokens.Bpe)
            return Merges(config, texts, note);
        return MostFrequent(config, config.Tokens == TextTokens.Words ? Words(config, texts) : Characters(config, texts), note);
    }

    /// <summary>The most frequent tokens, as many as fit in the config's vocabulary.</summary>
    /// <param name="config">Kind of token, and number of tokens to keep.</param>
    /// <param name="counts">Number of occurrences of each.</param>
    /// <param name="note">Receives a note on what was left out.</param>
    public static TextVocabulary MostFrequent(TextConfig config, Dictionary<string, long> counts, Action<string> note)
    {
        int most = (config.KnownSize ?? TextVocabulary.MostTokens) - TextVocabulary.First;
        KeyValuePair<string, long>[] kept = [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(most)];
        long all = counts.Sum(c => c.Value), left = all - kept.Sum(c => c.Value);
        if (left > 0)
            note(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the vocabulary holds the {kept.Length:N0} most frequent of {counts.Count:N0} tokens; {(double)left / all * 100:F2} % of the training text is unknown to it"));
        // Characters by code point, as people expect them; words by frequency.
        string[] tokens = [.. config.Tokens == TextTokens.Words ? kept.Select(c => c.Key) : kept.Select(c => c.Key).OrderBy(t => Rune.GetRuneAt(t, 0).Value)];
        return new TextVocabulary(config.Tokens, tokens, config.KnownSize ?? (TextVocabulary.First + tokens.Length)) { Lowercase = config.IsLowercase };
    }

    private static TextVocabulary Merges(TextConfig config, IEnumerable<byte[]> texts, Action<string> note)
    {
        int size = config.KnownSize!.Value;
        string[] tokens = [.. MergeTraining.Of(MergeTokenizer.Count(texts, config.IsLowercase), size - ByteTokenizer.Count).Select(t => Convert.ToBase64String(t))];
        if (tokens.Length < size - ByteTokenizer.Count)
            note(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the training text has pairs for {tokens.Length:N0} tokens besides the bytes; {size - ByteTokenizer.Count - tokens.Length:N0} ids of 'vocabulary' are never used"));
        return new TextVocabulary(TextTokens.Bpe, tokens, size) { Lowercase = config.IsLowercase };
    }

    private static Dictionary<string, long> Characters(TextConfig config, IEnumerable<byte[]> texts)
    {
        var counts = new Dictionary<int, long>();
        foreach (byte[] text in texts)
        {
            foreach (Rune rune in CharacterTokenizer.Runes(text, config.IsLowercase))
                counts[rune.Value] = counts.GetValueOrDefault(rune.Value) + 1;
        }
        return counts.ToDictionary(c => new Rune(c.Key).ToString(), c => c.Value);
    }

    private static Dictionary<string, long> Words(TextConfig config, IEnumerable<byte[]> texts)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (byte[] text in texts)
            WordTokenizer.Count(text, config.IsLowercase, counts);
        return counts;
    }
}
