using System.Text;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Starters;

/// <summary>How a table is written, found out by trying: whose numbers and dates make most of its columns numbers and dates, and whether remarks stand in it.</summary>
/// <param name="Table">As it is read that way.</param>
/// <param name="Culture">The language; null for a decimal point and dates that can be read in one way only.</param>
/// <param name="Comment">What lines of remarks begin with; null for none.</param>
internal sealed record TableReading(TableProfile Table, string? Culture, string? Comment)
{
    private const int Head = 1 << 16;

    // Where several do equally well the first is taken. Semicolons stand between columns where a comma stands before the decimals.
    private static readonly string[] Cultures = ["en", "en-GB", "de", "fr", "de-CH"], WithSemicolons = ["de", "fr", "de-CH", "en", "en-GB"];

    public static TableReading Of(string path)
    {
        string[] lines = Lines(path);
        string? comment = HasRemarks(lines) ? "#" : null;
        var best = new TableReading(TableProfile.Of(path, new CsvConfig { Path = path, Comment = comment }), null, comment);
        // Looked at only where something looks foreign.
        if (!best.Table.Columns.Any(MayBeForeign))
            return best;
        double readable = Readable(best.Table);
        foreach (string culture in Separators(lines[^1]) == (';', true) ? WithSemicolons : Cultures)
        {
            TableProfile table = TableProfile.Of(path, new CsvConfig { Path = path, Culture = culture, Comment = comment });
            if (Readable(table) > readable)
                (best, readable) = (new TableReading(table, culture, comment), Readable(table));
        }
        return best;
    }

    /// <summary>The same for a file beside it.</summary>
    public TableProfile Profile(string path, string? target = null) => TableProfile.Of(path, new CsvConfig { Path = path, Culture = Culture, Comment = Comment }, target);

    // Those at the beginning; one at least.
    private static string[] Lines(string path) => DataFile.Read(path, stream =>
    {
        var head = new byte[Math.Min(Head, stream.Length)];
        stream.ReadExactly(head);
        string[] lines = [.. Encoding.Latin1.GetString(head).Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
        return lines.Length == 0 ? [""] : stream.Length > Head && lines.Length > 1 ? lines[..^1] : lines;
    });

    // A first line that begins with # may name the columns: then it has as many as the others.
    private static bool HasRemarks(string[] lines) =>
        lines[0].StartsWith('#') && Array.Find(lines, l => !l.StartsWith('#')) is string row && Separators(row) is { Known: true, Best: char separator }
        && lines[0].Count(c => c == separator) != row.Count(c => c == separator);

    private static (char Best, bool Known) Separators(string line)
    {
        char best = ",;\t|".MaxBy(s => line.Count(c => c == s));
        return (best, line.Contains(best));
    }

    // Numbers with commas, or short texts with digits and separators, such as 31/12/2024.
    private static bool MayBeForeign(ColumnProfile column) => column is { Unread: > 0, MayBeNumbers: true } || (column.Type is ColumnType.Category or ColumnType.Text
        && column.Examples.Count > 0
        && column.Examples.All(e => e.Length <= 24 && char.IsAsciiDigit(e.TrimStart('-', '+', ' ')[..Math.Min(1, e.Length)].FirstOrDefault()) && e.AsSpan().IndexOfAny(",./-'’") > 0));

    // Columns of numbers and dates, each by the share of its values that are: 1,234 is a number in English and in German, 0,512 in German alone.
    private static double Readable(TableProfile table) => table.Columns.Where(c => c.Type is ColumnType.Number or ColumnType.Date).Sum(c => 1 - ((double)c.Unread / table.Rows));
}
