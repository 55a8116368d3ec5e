using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Starters;

/// <summary>How a table is written, found out by trying: whose numbers and dates make most of its columns numbers and dates.</summary>
/// <param name="Table">As it is read that way.</param>
/// <param name="Culture">The language; null for a decimal point and dates that can be read in one way only.</param>
internal sealed record TableReading(TableProfile Table, string? Culture)
{
    // Where several do equally well the first is taken.
    private static readonly string[] Cultures = ["en", "en-GB", "de", "fr", "de-CH"];

    public static TableReading Of(string path)
    {
        var best = new TableReading(TableProfile.Of(path), null);
        // Looked at only where something looks foreign.
        if (!best.Table.Columns.Any(MayBeForeign))
            return best;
        double readable = Readable(best.Table);
        foreach (string culture in Cultures)
        {
            TableProfile table = TableProfile.Of(path, new CsvConfig { Path = path, Culture = culture });
            if (Readable(table) > readable)
                (best, readable) = (new TableReading(table, culture), Readable(table));
        }
        return best;
    }

    // Numbers with commas, or short texts with digits and separators, such as 31/12/2024.
    private static bool MayBeForeign(ColumnProfile column) => column is { Unread: > 0, MayBeNumbers: true } || (column.Type is ColumnType.Category or ColumnType.Text
        && column.Examples.Count > 0
        && column.Examples.All(e => e.Length <= 24 && char.IsAsciiDigit(e.TrimStart('-', '+', ' ')[..Math.Min(1, e.Length)].FirstOrDefault()) && e.AsSpan().IndexOfAny(",./-'’") > 0));

    // Columns of numbers and dates, each by the share of its values that are: 1,234 is a number in English and in German, 0,512 in German alone.
    private static double Readable(TableProfile table) => table.Columns.Where(c => c.Type is ColumnType.Number or ColumnType.Date).Sum(c => 1 - ((double)c.Unread / table.Rows));
}
