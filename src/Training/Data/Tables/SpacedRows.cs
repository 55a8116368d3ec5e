using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Reads rows whose cells are separated by any number of spaces and tabs; a cell that contains spaces is quoted.</summary>
internal sealed class SpacedRows(Stream stream, string name, char? comment) : ITableRows
{
    private const int LookedAt = 20;

    private readonly LineInput lines = new(stream, name);
    private readonly List<(int Begin, int Length)> cells = [];
    private byte[] line = [];

    public string Name => name;

    public int Count => cells.Count;

    public long Line => lines.Number;

    public IReadOnlyList<string>? Names => null;

    /// <summary>Whether the first lines have equally many cells, and no other separator is possible.</summary>
    public static bool Is(ReadOnlySpan<byte> head, char? comment)
    {
        // The last line may be incomplete.
        int end = head.LastIndexOf((byte)'\n');
        using var rows = new SpacedRows(new MemoryStream(head[..(end < 0 ? head.Length : end)].ToArray()), "", comment);
        int width = 0, count = 0, byTabs = 0;
        try
        {
            for (; count < LookedAt && rows.Read(); count++)
            {
                ReadOnlySpan<byte> text = rows.line;
                int tabs = text.Count((byte)'\t');
                if (text.IndexOfAny(",;|"u8) >= 0 || (count > 0 && rows.Count != width))
                    return false;
                (width, byTabs) = (rows.Count, count == 0 ? tabs : byTabs == tabs ? tabs : -1);
            }
        }
        catch (GpuGradException)
        {
            return false;
        }
        // Equally many tabs in every line separate the columns, unless spaces give more of them.
        return count > 0 && width > 1 && (byTabs < 1 || width > byTabs + 2);
    }

    public bool Read()
    {
        while (lines.TryRead(out ReadOnlySpan<byte> next))
        {
            if (next.Trim(" \t"u8).IsEmpty || (comment is char mark && next[0] == mark))
                continue;
            line = next.ToArray();
            Part();
            return true;
        }
        return false;
    }

    public ReadOnlySpan<byte> Cell(int column) => line.AsSpan(cells[column].Begin, cells[column].Length);

    public TextPlace PlaceOf(int column) => new(Line, cells[column].Begin + 1);

    public void Dispose()
    {
        // The owner disposes of the stream.
    }

    private void Part()
    {
        cells.Clear();
        for (int at = 0; at < line.Length;)
        {
            if (line[at] is (byte)' ' or (byte)'\t')
            {
                at++;
                continue;
            }
            bool quoted = line[at] == '"';
            int begin = quoted ? at + 1 : at;
            int length = quoted ? line.AsSpan(begin).IndexOf((byte)'"') : line.AsSpan(begin).IndexOfAny((byte)' ', (byte)'\t');
            if (quoted && length < 0)
                throw DataFault.At(name, Line, at + 1, "a quote that is not closed", "one before the end of the line");
            length = length < 0 ? line.Length - begin : length;
            cells.Add((begin, length));
            at = begin + length + (quoted ? 1 : 0);
            if (quoted && at < line.Length && line[at] is not ((byte)' ' or (byte)'\t'))
                throw DataFault.At(name, Line, at + 1, "text after a quote", "a space or the end of the line");
        }
    }
}
