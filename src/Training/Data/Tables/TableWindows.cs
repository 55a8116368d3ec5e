using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Makes samples from windows of a series: [columns, past] each, with the targets of the rows that follow.</summary>
/// <param name="columns">The fitted columns, with a window.</param>
/// <param name="note">Receives notes about windows that are left out.</param>
internal sealed class TableWindows(TableColumns columns, Action<string>? note = null)
{
    private readonly SeriesWindow window = columns.Window!;

    /// <summary>Refuses rows that are not in time order, if a column has the time.</summary>
    public static void RequireOrder(SampleSet raw)
    {
        if (raw.Columns!.FirstOrDefault(c => c.Type == ColumnType.Date) is not { } date)
            return;
        var values = new ColumnValues(raw, raw.Columns!.ToList().IndexOf(date));
        double last = double.NegativeInfinity;
        for (int row = 0; row < raw.Count; row++)
        {
            double value = values[row];
            if (value < last)
                throw DataFault.In(raw.PlaceOf(row), $"an earlier date in column {DataFault.Quote(date.Name)} than in the row before", "rows in time order, oldest first");
            last = double.IsNaN(value) ? last : value;
        }
    }

    /// <summary>Makes the samples whose targets are in a range of the rows; rows before the range may be part of them.</summary>
    /// <param name="raw">The raw rows.</param>
    /// <param name="rows">The encoded rows.</param>
    /// <param name="begin">First row whose targets are predicted.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="answers">Whether targets are needed; otherwise there is also a sample for the row after the last.</param>
    /// <param name="what">Name for messages.</param>
    public SampleSet Make(SampleSet raw, SampleSet rows, int begin, int end, bool answers, string what)
    {
        int width = rows.Shape.Count;
        // If a sample's last row has the predicted class, that row must be in the range, too.
        begin = Math.Max(begin + (window.Horizon == 0 ? 1 : 0), window.Past);
        int[] firsts = answers
            ? [.. Enumerable.Range(begin, Math.Max(0, end - window.Ahead - begin)).Where(t => HasAnswers(raw, t))]
            : [.. Enumerable.Range(begin, Math.Max(0, end + 1 - begin))];
        int whole = Math.Max(0, end - window.Ahead - begin);
        if (answers && firsts.Length < whole)
            note?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{what}: {whole - firsts.Length:N0} of {whole:N0} windows are left out, because a target is missing in the rows after them"));
        if (firsts.Length == 0)
            throw DataFault.In(what, string.Create(CultureInfo.InvariantCulture, $"{end:N0} rows"), string.Create(CultureInfo.InvariantCulture, $"enough for a window of {window.Past} rows{(!answers ? "" : window.IsOfClass ? " and the class that it has" : $" and the targets of the {window.Horizon} after it")}"));
        if (TimeGaps.Of(raw)?.Note(firsts, window) is string gaps)
            note?.Invoke($"{what}: {gaps}");
        var shape = new Shape(width, window.Past);
        if (firsts.Length * shape.Length > Array.MaxLength)
            throw DataFault.In(what, string.Create(CultureInfo.InvariantCulture, $"{firsts.Length:N0} windows of {shape.Length:N0} numbers"), $"at most {Array.MaxLength:N0} numbers; a smaller 'past' or fewer columns");
        var numbers = new double[firsts.Length * shape.Count];
        Parallel.For(0, firsts.Length, i =>
        {
            int at = i * shape.Count;
            for (int column = 0; column < width; column++)
            {
                for (int row = firsts[i] - window.Past; row < firsts[i]; row++)
                    numbers[at++] = rows[((long)row * width) + column];
            }
        });
        SampleSet samples = rows with
        {
            Shape = shape,
            Count = firsts.Length,
            Labels = answers && raw.Labels is { } labels ? [.. firsts.Select(t => labels[t + window.Ahead])] : null,
            Targets = answers && !window.IsOfClass ? [.. firsts.SelectMany(t => Answers(raw, t).Select(v => (float)v))] : null,
            TargetSize = answers ? window.Answers : 0,
            // The place of a sample is that of its last known row.
            Places = rows.Places?.Pick([.. firsts.Select(t => t - 1)]) is { } places ? places with { Names = null } : null,
        };
        return samples.WithNumbers(numbers);
    }

    private bool HasAnswers(SampleSet raw, int first) => !Answers(raw, first).Any(double.IsNaN);

    private IEnumerable<double> Answers(SampleSet raw, int first) =>
        Enumerable.Range(first, window.Horizon).SelectMany(row => window.Targets.Select(t => raw[((long)row * raw.Shape.Count) + t]));
}
