using System.Globalization;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Infers the types of a table's columns from all of their values.</summary>
internal static class TypeInference
{
    // The values of a category repeat; a thousand inputs for one column are too many for a default.
    private const int FewTexts = 20, RowsOfText = 10, MostCategories = 1000, RowsOfMixed = 5;

    /// <summary>Whether texts are categories, rather than names or free text.</summary>
    public static bool AreCategories(int texts, int rows) => texts <= MostCategories && texts <= Math.Max(FewTexts, rows / RowsOfText);

    /// <summary>Whether numbers and texts in one column are categories (0, 1, 2, 3+), rather than numbers with a slip.</summary>
    public static bool IsMixedCategory(int numbers, int texts, int rows) => 2 * numbers < rows || (long)texts * RowsOfMixed <= rows;

    /// <summary>Assigns types to all features; columns without categories are left out and reported.</summary>
    public static CsvTable Settle(CsvTable table, CsvColumns columns, ColumnReader[] readers, CsvOptions options)
    {
        var kept = new List<int>();
        var raw = new List<RawColumn>();
        var notes = new List<string>();
        TableColumn[] layout = [.. table.Layout.Columns];
        for (int i = 0; i < readers.Length; i++)
        {
            int at = columns.Features[i];
            ColumnType type = columns.Plans[i]?.Type ?? TypeOf(table.Name, columns, readers[i], options);
            if (columns.Plans[i] is null && type is ColumnType.Category or ColumnType.Text && DayMonthDates.AdviceFor(readers[i].Texts) is string advice)
                notes.Add($"{table.Name}: {readers[i].Name} holds {advice}, and 'date: {{format: …}}' of the column any others");
            if (type == ColumnType.Text)
            {
                notes.Add(string.Create(CultureInfo.InvariantCulture, $"{table.Name}: {readers[i].Name} is left out: {LeftOut(readers[i])}; 'columns' can make it a category{(readers[i].Code is null ? "" : " or a number")}"));
                layout[at] = layout[at] with { Role = ColumnRole.Ignored };
                continue;
            }
            if (readers[i].Code is string code)
                notes.Add($"{table.Name}: {readers[i].Name} holds codes such as {DataFault.Quote(code)}, with leading zeros, and is read as a category; 'columns' can make it a number");
            layout[at] = layout[at] with { Fit = columns.Plans[i] ?? new ColumnFit(type) };
            kept.Add(i);
            raw.Add(readers[i].ToRaw(layout[at].Name, type));
        }
        if (kept.Count == 0)
            throw DataFault.In(table.Name, $"no column that a network could learn from: {string.Join(", ", readers.Take(6).Select(r => $"{r.Name} ({LeftOut(r)})"))}{(readers.Length > 6 ? ", …" : "")}", "numbers, categories or dates besides the target; 'columns' can make a column a category");
        var settled = table with { Layout = table.Layout with { Columns = layout }, Columns = raw, Notes = notes };
        return Rearrange(settled, readers, kept);
    }

    private static string LeftOut(ColumnReader reader) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(reader.HasTooManyTexts ? "more than " : "")}{reader.Texts.Count:N0} different {(reader.Code is string code ? $"codes with leading zeros, such as {DataFault.Quote(code)}," : "texts")} in {reader.Present:N0} rows");

    private static ColumnType TypeOf(string file, CsvColumns columns, ColumnReader reader, CsvOptions options)
    {
        if (reader.Present == 0 && reader.FirstMissing is (string text, TextPlace place))
            throw DataFault.At(file, place.Line, place.Column, $"{(text.Length == 0 ? "nothing" : DataFault.Quote(text))} in {reader.Name}, as in every row", "values; 'ignore' leaves a column out");
        if (reader.Type != ColumnType.Category)
            return reader.Type;
        if (reader.Code is not null)
            return !reader.HasTooManyTexts && AreCategories(reader.Texts.Count, reader.Present) ? ColumnType.Category : ColumnType.Text;
        int numbers = 0;
        for (int i = 0; i < reader.Texts.Count; i++)
            numbers += CsvHeader.TryNumber(System.Text.Encoding.UTF8.GetBytes(reader.Texts[i]), options.Numbers, out _) ? reader.Counts[i] : 0;
        if (numbers > 0 && reader.FirstText is (string slip, TextPlace where) && !IsMixedCategory(numbers, reader.Texts.Count, reader.Present))
        {
            string header = columns.Names is null && options.Header is null ? "; 'header: true' makes the first row names" : "";
            throw DataFault.At(file, where.Line, where.Column, $"{DataFault.Quote(slip)} in {reader.Name}", $"a finite number as in other rows; 'missing-values' makes it a missing one, 'columns' the column a category, and 'ignore' leaves it out{header}");
        }
        if (CellTexts.AreBoolean(reader.Texts))
            return ColumnType.Boolean;
        return !reader.HasTooManyTexts && AreCategories(reader.Texts.Count, reader.Present) ? ColumnType.Category : ColumnType.Text;
    }

    // Drops columns that are left out, and turns boolean texts into 0 and 1.
    private static CsvTable Rearrange(CsvTable table, ColumnReader[] readers, List<int> kept)
    {
        int width = readers.Length;
        foreach ((int i, RawColumn column) in kept.Zip(table.Columns))
        {
            if (column.Type != ColumnType.Boolean || readers[i].Type == ColumnType.Boolean)
                continue;
            double[] meaning = [.. readers[i].Texts.Select(t => CellTexts.Boolean(t) == true ? 1.0 : 0)];
            for (long row = 0; row < table.Rows; row++)
            {
                long place = (row * width) + i;
                if (table.Values is { } floats && !float.IsNaN(floats[place]))
                    floats[place] = (float)meaning[(int)floats[place]];
                else if (table.Doubles is { } doubles && !double.IsNaN(doubles[place]))
                    doubles[place] = meaning[(int)doubles[place]];
            }
        }
        return kept.Count == width ? table : table with { Values = Pick(table.Values, width, kept), Doubles = Pick(table.Doubles, width, kept) };
    }

    private static T[]? Pick<T>(T[]? values, int width, List<int> kept)
    {
        if (values is null)
            return null;
        var picked = new T[values.Length / width * kept.Count];
        for (int from = 0, to = 0; from < values.Length; from += width)
        {
            foreach (int i in kept)
                picked[to++] = values[from + i];
        }
        return picked;
    }
}
