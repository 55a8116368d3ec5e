using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Fits a table's encoding to its training part.</summary>
internal static class TableFitting
{
    private static readonly DatePart[] UsualParts = [DatePart.Year, DatePart.Month, DatePart.Day, DatePart.Weekday, DatePart.Hour, DatePart.Minute];

    /// <summary>Fits the columns to their values in the training part.</summary>
    /// <param name="columns">The columns, with types from the config and the file.</param>
    /// <param name="train">Samples as they were read.</param>
    public static TableColumns Fit(TableColumns columns, SampleSet train)
    {
        TableColumn[] fitted = [.. columns.Columns];
        IReadOnlyList<int> features = columns.Of(ColumnRole.Feature);
        Parallel.For(0, features.Count, i =>
        {
            TableColumn column = fitted[features[i]];
            fitted[features[i]] = column with { Fit = Fit(column.Fit!, train.Columns![i], new ColumnValues(train, i)) };
        });
        return columns with { Columns = fitted };
    }

    private static ColumnFit Fit(ColumnFit plan, RawColumn raw, ColumnValues values)
    {
        (int missing, int present) = values.Count();
        ColumnFit fit = plan with { Indicator = plan.Missing == MissingStrategy.Indicator && missing > 0 };
        return plan.Type switch
        {
            ColumnType.Category => Category(fit, raw, values),
            ColumnType.Date => Date(fit, values, present),
            ColumnType.Boolean => fit with { Fill = fit.Fill ?? [present == 0 ? 0 : fit.Missing == MissingStrategy.Mean ? values.Mean() : values.MostFrequent()] },
            _ => Number(fit, values, present),
        };
    }

    private static ColumnFit Number(ColumnFit fit, ColumnValues values, int present)
    {
        double fill = fit.Fill?[0] ?? (present == 0 ? 0 : Typical(fit.Missing, values));
        ColumnFit fitted = fit with { Edges = fit.Bins == 0 ? null : Edges(values, fit.Bins) };
        var numbers = new double[fitted.Values];
        fitted.Place(fill, numbers);
        return fitted with { Fill = numbers };
    }

    // Quantiles of the distinct values: otherwise a value that most rows share would take most of the ranges.
    private static double[]? Edges(ColumnValues values, int bins)
    {
        double[] different = [.. values.Present().Distinct().Order()];
        if (different.Length < 2)
            return null;
        int count = Math.Min(bins, different.Length - 1);
        return [.. Enumerable.Range(0, count + 1).Select(i => Quantile.Of(different, (double)i / count)).Distinct()];
    }

    private static double Typical(MissingStrategy missing, ColumnValues values) => missing switch
    {
        MissingStrategy.Median => values.Median(),
        MissingStrategy.MostFrequent => values.MostFrequent(),
        _ => values.Mean(),
    };

    private static ColumnFit Category(ColumnFit fit, RawColumn raw, ColumnValues values)
    {
        var counts = new int[raw.Texts!.Count];
        values.CountCodes(counts);
        string[] seen = [.. raw.Texts.Where((_, i) => counts[i] > 0)];
        // A number may be written in several ways: 3 and 3.0.
        bool whole = seen.Length > 0 && ClassTexts.AreNumbers(seen);
        string[] categories = whole
            ? [.. seen.Select(ClassTexts.Value).Distinct().Order().Select(ClassTexts.NameOf)]
            : [.. seen.Order(StringComparer.Ordinal)];
        string? fill = fit.Missing switch
        {
            MissingStrategy.MostFrequent when seen.Length > 0 => NameOf(raw.Texts[Array.IndexOf(counts, counts.Max())], whole),
            MissingStrategy.Constant => NameOf(fit.FillCategory!, whole),
            _ => null,
        };
        // The replacement constant is a category too, even if it does not occur.
        return fit with { Categories = fill is null || categories.Contains(fill) ? categories : [.. categories, fill], FillCategory = fill };
    }

    private static string NameOf(string text, bool whole) => whole && ClassTexts.TryWhole(text, out decimal value) ? ClassTexts.NameOf(value) : text;

    private static ColumnFit Date(ColumnFit fit, ColumnValues values, int present)
    {
        double latest = present == 0 ? 0 : values.Present().Max();
        DatePart[] parts = fit.Parts is { } stated ? [.. stated] : [.. UsualParts.Where(p => Differ(values, p))];
        if (parts.Length == 0)
            parts = [DatePart.Age];
        ColumnFit fitted = fit with { Parts = parts, Latest = latest };
        return fitted with { Fill = [.. fitted.DateNumbers().Select(n => present == 0 ? 0 : Typical(fit.Missing, values.Select(v => n.Of(v, latest))))] };
    }

    private static bool Differ(ColumnValues values, DatePart part) =>
        values.Present().Select(v => DateCells.Part(part, v, 0)).Distinct().Take(2).Count() == 2;
}
