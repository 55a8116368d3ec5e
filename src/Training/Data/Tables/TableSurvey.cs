using System.Globalization;
using System.Text;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Profiles a table in two passes: first each column, then which of them duplicate others.</summary>
internal static class TableSurvey
{
    private const int MostColumns = 1 << 16, MostCounted = 20_000, LeastCounted = 100, Budget = 4_000_000;

    public static TableProfile Of(Stream stream, string name, CsvOptions options, string? target)
    {
        bool header;
        string[] names;
        ColumnSurvey[] columns;
        int rows;
        while (true)
        {
            string[] first;
            (first, header, columns, rows) = Look(stream, name, options);
            names = [.. first.Select((n, i) => header ? n.Trim() : TableColumns.NameOf(i))];
            if (!header || !CsvHeader.IsSample(first, options, [.. columns.Select((c, i) => (i, c.Texts))]))
                break;
            options = options with { Header = false };
        }
        int? answer = target is null ? null : Find(names, target) ?? throw DataFault.At(name, 1, 1, $"no column {DataFault.Quote(target)}", "a column of the table, by name or number");
        ColumnProfile[] profiles = [.. columns.Select((c, i) => c.Profile(names[i]))];
        var kinship = new ColumnKinship(columns, profiles, answer, options.Numbers);
        var time = new TableTimeSearch(profiles, options);
        Read(stream, name, options, header, row =>
        {
            kinship.Add(row);
            time.Add(row);
        });
        for (int i = 0; i < profiles.Length; i++)
        {
            if (kinship.Suspicion(i) is not (string says, bool ignore))
                continue;
            profiles[i] = profiles[i] with { Suspicions = [.. profiles[i].Suspicions, says], IsBetterIgnored = profiles[i].IsBetterIgnored || ignore };
        }
        return new TableProfile(name, rows, header, profiles) { Time = time.Found(), Encoding = options.Encoding };
    }

    public static int? Find(string[] names, string column)
    {
        int at = Array.IndexOf(names, column);
        if (at >= 0)
            return at;
        return int.TryParse(column, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= -names.Length && number < names.Length
            ? number < 0 ? number + names.Length : number
            : null;
    }

    private static (string[] First, bool Header, ColumnSurvey[] Columns, int Rows) Look(Stream stream, string name, CsvOptions options)
    {
        string[] first = [];
        bool header = false;
        ColumnSurvey[]? columns = null;
        int rows = Read(stream, name, options, null, row =>
        {
            if (columns is null)
                columns = [.. Enumerable.Range(0, row.Count).Select(_ => new ColumnSurvey(options, Math.Clamp(Budget / row.Count, LeastCounted, MostCounted)))];
            for (int i = 0; i < columns.Length; i++)
                columns[i].Add(row.Cell(i));
        }, (f, h) => (first, header) = (f, h));
        return columns is null ? throw DataFault.At(name, 1, 1, "no rows below the names", "samples") : (first, header, columns, rows);
    }

    private static int Read(Stream stream, string name, CsvOptions options, bool? header, Action<ITableRows> each, Action<string[], bool>? begun = null)
    {
        using ITableRows rows = TableRows.Open(stream, name, options);
        try
        {
            if (!rows.Read())
                throw DataFault.At(name, 1, 1, "no rows", "a table");
            int width = rows.Count, count = 0;
            if (width > MostColumns)
                throw DataFault.At(name, 1, 1, $"{width} columns", $"at most {MostColumns}");
            string[] first = rows.Names is { } names ? [.. names] : [.. Enumerable.Range(0, width).Select(i => CsvReading.Strict.GetString(rows.Cell(i)))];
            bool skip = header ?? (rows.Names is null && CsvHeader.Holds(first, options));
            begun?.Invoke(first, skip || rows.Names is not null);
            for (bool more = !(skip && rows.Names is null) || rows.Read(); more; more = rows.Read(), count++)
            {
                if (rows.Count != width)
                    throw DataFault.At(name, rows.Line, 1, $"{rows.Count} columns", $"{width}, as in the first row");
                each(rows);
            }
            return count;
        }
        catch (DecoderFallbackException)
        {
            throw DataFault.NoText(name, rows.Line);
        }
    }
}
