using System.Globalization;
using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Tagged sentences of a file: one token per line with its tag, an empty line between sentences.</summary>
/// <param name="Name">The file.</param>
/// <param name="Tokens">Tokens of each sentence.</param>
/// <param name="Tags">Tags of each token; null if not needed.</param>
/// <param name="Lines">First line of each sentence, from 1.</param>
internal sealed record TaggedSentences(string Name, IReadOnlyList<string[]> Tokens, IReadOnlyList<string[]>? Tags, IReadOnlyList<long> Lines)
{
    // Between the documents of CoNLL-2003's files.
    private const string DocumentMark = "-DOCSTART-";

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a line without the required columns, or no sentence at all; the message names the line.</exception>
    public static TaggedSentences Read(Stream stream, string name, TagsConfig config, bool answers)
    {
        string text = Encoding.UTF8.GetString(TextFile.Of(DataFile.Whole(stream, name, TextFile.MostBytes), name, config.AsText));
        var (tokens, tags, lines) = (new List<string[]>(), new List<string[]>(), new List<long>());
        var (words, marks) = (new List<string>(), new List<string>());
        long line = 0;
        foreach (ReadOnlySpan<char> row in text.AsSpan().EnumerateLines())
        {
            line++;
            string[] columns = Columns(row);
            if (columns.Length == 0 || columns[0] == DocumentMark)
            {
                End();
                continue;
            }
            if (words.Count == 0)
                lines.Add(line);
            words.Add(Column(columns, config.Token, name, line, "a token"));
            if (answers)
                marks.Add(columns.Length > 1 ? Column(columns, config.Tag, name, line, "a tag") : throw Missing(columns, name, line, "a token and its tag between tabs or spaces"));
        }
        End();
        return tokens.Count > 0 ? new TaggedSentences(name, tokens, answers ? tags : null, lines) : throw DataFault.At(name, 1, 1, "no sentence", "one token and its tag per line, and an empty line between sentences");

        void End()
        {
            if (words.Count == 0)
                return;
            tokens.Add([.. words]);
            tags.Add([.. marks]);
            words.Clear();
            marks.Clear();
        }
    }

    /// <summary>Sentences without tags, one per line, tokens separated by spaces.</summary>
    public static TaggedSentences OfLines(IEnumerable<string> sentences, string name)
    {
        var (tokens, lines) = (new List<string[]>(), new List<long>());
        foreach ((int i, string sentence) in sentences.Index())
        {
            string[] words = sentence.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                throw DataFault.At(name, i + 1, 1, "an empty line", "one sentence per line, with spaces between its tokens");
            tokens.Add(words);
            lines.Add(i + 1);
        }
        return tokens.Count > 0 ? new TaggedSentences(name, tokens, null, lines) : throw DataFault.At(name, 1, 1, "no sentence", "one sentence per line, with spaces between its tokens");
    }

    // With tabs as separators, tokens may contain spaces.
    private static string[] Columns(ReadOnlySpan<char> row)
    {
        string text = row.Trim().ToString();
        return text.Contains('\t', StringComparison.Ordinal)
            ? [.. text.Split('\t').Select(c => c.Trim())]
            : text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Column(string[] columns, int wanted, string name, long line, string what)
    {
        int at = wanted < 0 ? columns.Length + wanted : wanted;
        if (at < 0 || at >= columns.Length || columns[at].Length == 0)
            throw Missing(columns, name, line, string.Create(CultureInfo.InvariantCulture, $"{what} in column {wanted} ({(wanted < 0 ? "from the end" : "from 0")})"));
        return columns[at];
    }

    private static GpuGradException Missing(string[] columns, string name, long line, string expected) =>
        DataFault.At(name, line, 1, string.Create(CultureInfo.InvariantCulture, $"{columns.Length} {(columns.Length == 1 ? "column" : "columns")}, {DataFault.Quote(string.Join(' ', columns))}"), expected);
}
