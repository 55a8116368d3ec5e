using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Time order of a table's rows, mostly at equal intervals.</summary>
/// <param name="Columns">The columns with the time: one of dates, or year, month, day, hour.</param>
/// <param name="Step">Interval between two rows in seconds.</param>
public sealed record TableTime(IReadOnlyList<int> Columns, double Step)
{
    private const double Day = 86400;

    /// <summary>Number of past rows that usually covers a period: a year of months, a day of hours.</summary>
    public int UsualPast => Step switch
    {
        >= 300 * Day => 10,
        >= 80 * Day => 8,
        >= 28 * Day => 12,
        >= 7 * Day => 26,
        >= Day => 28,
        >= 3600 => 24,
        _ => 30,
    };
}

/// <summary>Detects, row by row, whether a table is a time series.</summary>
internal sealed class TableTimeSearch
{
    private const int LeastRows = 30, MostSteps = 1000;
    private const double Day = 86400, Usual = 2.0 / 3;

    private static readonly string[] Parts = ["year", "month", "day", "hour", "minute"];

    private readonly List<Clock> clocks = [];
    private int rows;

    public TableTimeSearch(ColumnProfile[] columns, CsvOptions options)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i] is { Type: ColumnType.Date, Missing: 0 })
                clocks.Add(new Clock([i], new DateCells(null, options.Culture), null));
        }
        int[] parts = [.. Parts.Select(p => Array.FindIndex(columns, c => c is { Type: ColumnType.Number, Missing: 0, IsWhole: true } && c.Name.Equals(p, StringComparison.OrdinalIgnoreCase))).TakeWhile(at => at >= 0)];
        if (parts.Length >= 2)
            clocks.Add(new Clock(parts, null, options.Numbers));
    }

    public void Add(ITableRows row)
    {
        rows++;
        foreach (Clock clock in clocks)
            clock.Add(row);
    }

    /// <summary>The columns of its time; null for none.</summary>
    public TableTime? Found() => rows < LeastRows ? null : clocks.Select(c => c.Found(rows)).FirstOrDefault(t => t is not null);

    /// <summary>A column of dates, or several of their parts.</summary>
    private sealed class Clock(int[] columns, DateCells? dates, NumberCells? numbers)
    {
        private readonly Dictionary<double, int> steps = [];
        private double last = double.NegativeInfinity;
        private bool rises = true;

        public void Add(ITableRows row)
        {
            if (!rises)
                return;
            double now = Seconds(row) ?? double.NaN;
            rises = now > last;
            if (!rises)
                return;
            double step = Rounded(now - last);
            if (double.IsFinite(step) && (steps.Count < MostSteps || steps.ContainsKey(step)))
                steps[step] = steps.GetValueOrDefault(step) + 1;
            last = now;
        }

        public TableTime? Found(int rows) =>
            rises && steps.MaxBy(s => s.Value) is { Value: > 0 } usual && usual.Value >= Usual * (rows - 1) ? new TableTime(columns, usual.Key) : null;

        private double? Seconds(ITableRows row)
        {
            if (dates is not null)
                return dates.TryRead(CellTexts.Clean(Encoding.UTF8.GetString(row.Cell(columns[0]))), out double seconds) ? seconds : null;
            var parts = new int[Parts.Length];
            (parts[0], parts[1], parts[2]) = (1, 1, 1);
            for (int i = 0; i < columns.Length; i++)
            {
                if (!CsvHeader.TryNumber(row.Cell(columns[i]), numbers, out double part) || part is < 0 or > 9999)
                    return null;
                parts[i] = (int)part;
            }
            return parts is [>= 1 and <= 9999, >= 1 and <= 12, >= 1, < 24, < 60] && parts[2] <= DateTime.DaysInMonth(parts[0], parts[1])
                ? (new DateTime(parts[0], parts[1], parts[2], parts[3], parts[4], 0, DateTimeKind.Utc) - DateTime.UnixEpoch).TotalSeconds
                : null;
        }

        // Months, quarters and years vary in length.
        private static double Rounded(double step) => step switch
        {
            >= 28 * Day and <= 31 * Day => 30 * Day,
            >= 89 * Day and <= 92 * Day => 91 * Day,
            >= 365 * Day and <= 366 * Day => 365 * Day,
            _ => step,
        };
    }
}
