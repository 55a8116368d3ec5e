using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Opens a table of any format, which is determined by its name or else by its first bytes.</summary>
internal static class TableRows
{
    private const int Head = 1 << 16;

    private static readonly string[] Delimited = [".csv", ".tsv", ".tab", ".txt", ".data"];

    // Text formats, gzipped or not, that are determined by the file extension.
    private static readonly Dictionary<string, Func<Stream, string, ITableRows>> Named = new(StringComparer.OrdinalIgnoreCase)
    {
        [".jsonl"] = (stream, name) => new JsonRows(stream, name),
        [".ndjson"] = (stream, name) => new JsonRows(stream, name),
    };

    /// <summary>Whether a file extension, such as <c>.jsonl</c>, is that of a format other than delimited text.</summary>
    public static bool IsNamed(string extension) => Named.ContainsKey(extension);

    /// <param name="stream">A seekable stream; read from its start.</param>
    /// <param name="name">Name for messages; its extension tells the format.</param>
    /// <param name="options">How delimited text is formatted.</param>
    /// <exception cref="GpuGradException">The start of the file is broken.</exception>
    public static ITableRows Open(Stream stream, string name, CsvOptions options)
    {
        stream.Position = 0;
        string plain = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
        if (Gzip.Is(stream))
            return OpenText(Inflated(stream, name), name, plain, options);
        stream.Position = 0;
        return ParquetRows.Is(stream) ? new ParquetRows(stream, name) : OpenText(stream, name, plain, options);
    }

    /// <summary>The text of a table, decompressed; null if it is not text.</summary>
    /// <param name="stream">A seekable stream; the caller disposes of it.</param>
    /// <param name="name">For messages.</param>
    public static Stream? TextOf(Stream stream, string name)
    {
        stream.Position = 0;
        if (Gzip.Is(stream))
            return Inflated(stream, name);
        stream.Position = 0;
        return ParquetRows.Is(stream) ? null : stream;
    }

    // A table is held in memory whatever its format; if compressed, so is its text.
    private static MemoryStream Inflated(Stream stream, string name)
    {
        using ByteInput input = Gzip.Open(stream, name);
        byte[] text = input.Take(checked((int)Math.Min(input.Left, Array.MaxLength)), "the table");
        input.End();
        return new MemoryStream(text, writable: false);
    }

    private static ITableRows OpenText(Stream stream, string name, string plain, CsvOptions options)
    {
        var head = new byte[Math.Min(Head, stream.Length)];
        int count = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        string extension = Path.GetExtension(plain).ToLowerInvariant();
        if (Named.TryGetValue(extension, out Func<Stream, string, ITableRows>? open))
            return open(stream, name);
        if (!Delimited.Contains(extension) && JsonRows.Is(head.AsSpan(0, count)))
            return new JsonRows(stream, name);
        bool spaces = options.Separator == ' ' || (options.Separator is null && options.LabelDelim is not " " && CsvOptions.SeparatorOf(plain) is null && SpacedRows.Is(head.AsSpan(0, count), options.Comment));
        Stream text = TextEncodings.ToUtf8(stream, options.Encoding);
        return spaces
            ? new SpacedRows(text, name, options.Comment)
            : new CsvRows(text, name, options with { Separator = options.Separator ?? CsvOptions.SeparatorOf(plain) ?? Beside(head.AsSpan(0, count), options.LabelDelim) });
    }

    // A delimiter of labels within a cell cannot separate columns; null if neither is known.
    private static char? Beside(ReadOnlySpan<byte> head, string? delimiter)
    {
        if (delimiter is not [',' or ';' or '|' or '\t'])
            return null;
        ReadOnlySpan<byte> line = head.IndexOf((byte)'\n') is >= 0 and int end ? head[..end] : head;
        (char, int) best = ('\0', 0);
        foreach (char separator in ",;\t|")
        {
            if (separator != delimiter[0] && line.Count((byte)separator) is var found && found > best.Item2)
                best = (separator, found);
        }
        return best.Item2 > 0 ? best.Item1 : null;
    }
}
