using System.Globalization;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Finds gaps in a series: rows further apart than one and a half times the usual interval.</summary>
internal sealed class TimeGaps
{
    private const double Longer = 1.5;

    private readonly double usual;
    private readonly int[] before; // number of gaps before each row
    private readonly (double From, double To) first;

    private TimeGaps(double usual, int[] before, (double, double) first) => (this.usual, this.before, this.first) = (usual, before, first);

    /// <summary>The gaps of a series; null if it has none, or not a date in every row.</summary>
    public static TimeGaps? Of(SampleSet raw)
    {
        int column = raw.Columns!.ToList().FindIndex(c => c.Type == ColumnType.Date);
        if (column < 0 || raw.Count < 3)
            return null;
        var dates = new ColumnValues(raw, column);
        double[] steps = [.. Enumerable.Range(1, raw.Count - 1).Select(i => dates[i] - dates[i - 1])];
        double[] sorted = [.. steps.Where(s => s > 0).Order()];
        if (sorted.Length == 0 || steps.Any(double.IsNaN))
            return null;
        double usual = sorted[sorted.Length / 2];
        var before = new int[raw.Count];
        int first = -1;
        for (int i = 1; i < raw.Count; i++)
        {
            bool gap = steps[i - 1] > Longer * usual;
            before[i] = before[i - 1] + (gap ? 1 : 0);
            first = gap && first < 0 ? i : first;
        }
        return first < 0 ? null : new TimeGaps(usual, before, (dates[first - 1], dates[first]));
    }

    /// <summary>A note about windows across gaps; null for none.</summary>
    /// <param name="firsts">For each window, the first row after its past.</param>
    /// <param name="window">The window.</param>
    public string? Note(int[] firsts, SeriesWindow window)
    {
        int spanning = firsts.Count(f => before[Math.Min(f + window.Horizon, before.Length) - 1] > before[f - window.Past]);
        return spanning == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{spanning:N0} of {firsts.Length:N0} windows span a gap in time, the first of the series from {Date(first.From)} to {Date(first.To)}, where rows are usually {Length(usual)} apart; they are used as if there were none");
    }

    private static string Date(double seconds)
    {
        DateTime date = DateTime.UnixEpoch.AddSeconds(seconds);
        return date.ToString(date.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
    }

    private static string Length(double seconds) => seconds switch
    {
        >= 86400 => Text(seconds / 86400, "day"),
        >= 3600 => Text(seconds / 3600, "hour"),
        >= 60 => Text(seconds / 60, "minute"),
        _ => Text(seconds, "second"),
    };

    private static string Text(double value, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value:G3} {unit}{(value == 1 ? "" : "s")}");
}
