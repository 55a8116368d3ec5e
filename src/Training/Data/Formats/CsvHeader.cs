using System.Globalization;
using System.Text;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Whether the first row of a table names its columns.</summary>
internal static class CsvHeader
{
    /// <summary>As the config says; else it does if none of it is a number, or if it holds a name that is looked for.</summary>
    public static bool Holds(string[] first, CsvOptions options)
    {
        if (options.Header is bool stated)
            return stated;
        return Array.TrueForAll(first, cell => !IsValue(cell, options)) || HasName(first, options);
    }

    /// <summary>Whether a first row of texts that was taken for names is a sample: there are only texts, and its own occur again below.</summary>
    /// <param name="first">The row.</param>
    /// <param name="options">How the table is to be read.</param>
    /// <param name="texts">The different texts of columns; null for a column of numbers or dates.</param>
    public static bool IsSample(string[] first, CsvOptions options, IReadOnlyList<(int Column, IReadOnlyCollection<string>? Texts)> texts) =>
        options.Header is null && options.Layout is null && !HasName(first, options) && texts.All(t => t.Texts is not null)
        && 2 * texts.Count(t => t.Texts!.Contains(CellTexts.Clean(first[t.Column]))) > texts.Count;

    private static bool HasName(string[] first, CsvOptions options)
    {
        IEnumerable<string> wanted = options.Layout is not { } layout ? [CsvOptions.DefaultLabel, .. options.Targets, .. options.Ignore, .. options.Columns.Keys, .. options.Label is null ? Array.Empty<string>() : [options.Label]]
            : layout.Named ? layout.Columns.Select(c => c.Name) : [];
        // A column may be asked for by its number.
        HashSet<string> names = [.. wanted.Where(w => !ClassTexts.TryWhole(w, out _))];
        return first.Any(cell => names.Contains(cell.Trim()));
    }

    /// <summary>Refuses a first row that was taken for a sample and looks like names; gives what is to be said of one that may be.</summary>
    public static string? CheckSample(CsvTable table, string[] first, CsvOptions options)
    {
        bool numbers = Array.TrueForAll(first, IsNumber);
        if (options.Layout is { } layout)
            return layout.Named ? $"{table.Name}: no names in the first row; its columns are taken in the order {string.Join(", ", layout.Features.Take(8).Select(DataFault.Quote))}{(layout.Features.Count > 8 ? ", …" : "")}" : null;
        if (options.Header is not null)
            return null;
        if ((numbers && Counts(first)) || HasNameForClass(table))
            throw DataFault.At(table.Name, 1, 1, $"a first row ({string.Join(", ", first.Take(4).Select(DataFault.Quote))}{(first.Length > 4 ? ", …" : "")}) that may be names or a sample", "'header: true' or 'header: false' to say which");
        return numbers ? $"{table.Name}: the first row is numbers and is read as a sample; 'header: true' makes it names, 'header: false' confirms" : null;
    }

    /// <summary>A finite number in the range of float32, with a decimal point.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> text, out double value) => TryNumber(text, null, out value);

    /// <summary>A finite number in the range of float32, written as a culture does where one is given.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> text, NumberCells? culture, out double value) =>
        // The parser takes NULs behind a number for its end.
        (culture is null ? double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) : culture.TryRead(text, out value))
        && Math.Abs(value) <= float.MaxValue && !text.Contains((byte)0);

    // Nobody calls a column 12, 2024-12-31 or ?.
    private static bool IsValue(string cell, CsvOptions options) =>
        IsNumber(cell) || new DateCells(null, options.Culture).TryRead(CellTexts.Clean(cell), out _) || CellTexts.Clean(cell) == "?" || (options.Numbers is { } numbers && TryNumber(Encoding.UTF8.GetBytes(cell), numbers, out _));

    private static bool IsNumber(string cell) => TryNumber(Encoding.UTF8.GetBytes(cell), out _);

    // 0, 1, 2, … or 2019, 2020, 2021: what a program writes for names, or years.
    private static bool Counts(string[] first) =>
        first.Length > 2 && first.Select((cell, i) => ClassTexts.TryWhole(cell.Trim(), out decimal value) ? value - i : (decimal?)null).Distinct().Count() == 1;

    // The only class that is not a number, or the only one that occurs once: a name above a column.
    private static bool HasNameForClass(CsvTable table)
    {
        if (table.Labels is null || table.Rows < 3)
            return false;
        int first = table.Labels[0];
        if (table.Labels.Skip(1).Contains(first) || ClassTexts.TryWhole(table.Classes[first].Text, out _))
            return false;
        var others = table.Labels.Skip(1).ToLookup(l => l);
        return ClassTexts.AreWhole(others.Select(o => table.Classes[o.Key].Text)) || others.All(o => o.Count() > 1);
    }
}
