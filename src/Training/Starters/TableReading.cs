using System.Text;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Starters;

/// <summary>Format of a table, detected by trying: the culture that reads most columns as numbers and dates, comment lines, and texts for missing values.</summary>
/// <param name="Table">The table read in this format.</param>
/// <param name="Settings">Settings of the config besides its columns.</param>
internal sealed record TableReading(TableProfile Table, CsvConfig Settings)
{
    private const int Head = 1 << 16;

    // A larger share of the values is not slips.
    private const double MostSlips = 0.05;

    // Of ties the first is taken. Semicolons separate columns where a comma separates decimals.
    private static readonly string[] Cultures = ["en", "en-GB", "de", "fr", "de-CH"], WithSemicolons = ["de", "fr", "de-CH", "en", "en-GB"];

    /// <summary>Texts in place of numbers that are read as missing values; empty for none.</summary>
    public IReadOnlyList<string> Slips { get; private init; } = [];

    public static TableReading Of(string path)
    {
        string[] lines = Lines(path);
        TableReading plain = Of(new CsvConfig { Path = path, Comment = HasRemarks(lines) ? "#" : null, Encoding = TableProfile.EncodingOf(path) });
        return plain.InItsLanguage(Separators(lines[^1])).WithSlipsMissing();
    }

    /// <summary>The same for a file beside it.</summary>
    public TableProfile Profile(string path, string? target = null) => TableProfile.Of(path, Settings with { Path = path }, target);

    private static TableReading Of(CsvConfig settings) => new(TableProfile.Of(settings.Path, settings), settings);

    private TableReading InItsLanguage((char Best, bool Known) separator)
    {
        TableReading best = this;
        // Only if something looks like another culture.
        if (!Table.Columns.Any(MayBeForeign))
            return best;
        foreach (string culture in separator == (';', true) ? WithSemicolons : Cultures)
        {
            TableReading other = Of(Settings with { Culture = culture });
            if (Readable(other.Table) > Readable(best.Table))
                best = other;
        }
        return best;
    }

    // An occasional 'inf' or '#DIV/0!' among numbers is a missing value.
    private TableReading WithSlipsMissing()
    {
        string[] slips = [.. Table.Columns.Where(c => c.Unread <= Math.Max(1, MostSlips * (Table.Rows - c.Missing))).SelectMany(c => c.Slips).Distinct(StringComparer.Ordinal)];
        if (slips.Length == 0)
            return this;
        string[] missing = [.. ClassTexts.UsualGaps, .. Table.Columns.SelectMany(c => c.Gaps), .. slips];
        return Of(Settings with { MissingValues = [.. missing.Distinct(StringComparer.Ordinal)] }) with { Slips = slips };
    }

    // The first lines, at least one.
    private static string[] Lines(string path) => DataFile.Read(path, stream =>
    {
        var head = new byte[Math.Min(Head, stream.Length)];
        stream.ReadExactly(head);
        string[] lines = [.. Encoding.Latin1.GetString(head).Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
        return lines.Length == 0 ? [""] : stream.Length > Head && lines.Length > 1 ? lines[..^1] : lines;
    });

    // A first line that starts with # may be the header: it then has as many columns as the others.
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

    // The share of readable values, summed over columns of numbers and dates: 1,234 is a number in English and in German, 0,512 only in German.
    private static double Readable(TableProfile table) => table.Columns.Where(c => c.Type is ColumnType.Number or ColumnType.Date).Sum(c => 1 - ((double)c.Unread / table.Rows));
}
