using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Finds columns that duplicate others, or that leak the target.</summary>
internal sealed class ColumnKinship
{
    // Each pair of columns needs a contingency table of this size squared.
    private const int MostValues = 50, MostKin = 60, LeastRows = 20, RowsOfValue = 5;
    private const double Same = 0.9999;

    private readonly ColumnProfile[] profiles;
    private readonly NumberCells? numbers;
    private readonly int? target;
    private readonly Dictionary<string, int>?[] codes;
    private readonly int[] kin;
    private readonly bool[,][,] seen;
    private readonly int[] places;
    private readonly Correlation[]? correlations;
    private int rows;

    public ColumnKinship(ColumnSurvey[] columns, ColumnProfile[] profiles, int? target, NumberCells? numbers)
    {
        this.numbers = numbers;
        this.profiles = profiles;
        this.target = target;
        codes = [.. columns.Select(c => c.Codes(MostValues))];
        kin = [.. Enumerable.Range(0, columns.Length).Where(i => codes[i] is not null).Take(MostKin)];
        if (target is int t && codes[t] is not null && !kin.Contains(t))
            kin = [.. kin, t];
        places = new int[kin.Length];
        seen = new bool[kin.Length, kin.Length][,];
        for (int a = 0; a < kin.Length; a++)
        {
            for (int b = 0; b < a; b++)
                seen[a, b] = new bool[codes[kin[a]]!.Count + 1, codes[kin[b]]!.Count + 1];
        }
        correlations = target is int n && profiles[n].Type == ColumnType.Number ? [.. profiles.Select(_ => new Correlation())] : null;
    }

    public void Add(ITableRows row)
    {
        rows++;
        for (int k = 0; k < kin.Length; k++)
        {
            Dictionary<string, int> known = codes[kin[k]]!;
            // A missing value counts as a value here.
            places[k] = known.GetValueOrDefault(CellTexts.Clean(Encoding.UTF8.GetString(row.Cell(kin[k]))), known.Count);
            for (int other = 0; other < k; other++)
                seen[k, other][places[k], places[other]] = true;
        }
        if (correlations is null || !CsvHeader.TryNumber(row.Cell(target!.Value), numbers, out double y))
            return;
        for (int i = 0; i < correlations.Length; i++)
        {
            if (i != target && profiles[i].Type == ColumnType.Number && CsvHeader.TryNumber(row.Cell(i), numbers, out double x))
                correlations[i].Add(x, y);
        }
    }

    /// <summary>A suspicion about a column, and whether it should be ignored; null for none.</summary>
    public (string, bool)? Suspicion(int column)
    {
        if (rows < LeastRows || column == target)
            return null;
        if (correlations?[column] is { Count: >= LeastRows } correlation && Math.Abs(correlation.Value) > Same)
            return ($"gives '{profiles[target!.Value].Name}' away: the one is the other times a factor", true);
        int at = Array.IndexOf(kin, column);
        if (at < 0)
            return null;
        int answer = target is int t ? Array.IndexOf(kin, t) : -1;
        if (answer >= 0 && IsFewValues(column) && Determines(at, answer))
            return ($"gives '{profiles[target!.Value].Name}' away: each of its values has one answer", true);
        if (!IsFewValues(column))
            return null;
        int twin = Array.FindIndex(kin, k => k != column && k != target && Says(at, Array.IndexOf(kin, k)));
        return twin < 0 ? null : ($"says the same as '{profiles[kin[twin]].Name}'", false);
    }

    private bool Says(int a, int b) => Determines(a, b) && Determines(b, a);

    private bool IsFewValues(int column) => codes[column]!.Count * RowsOfValue <= rows;

    // Whether each value of a column occurs with only one value of the other.
    private bool Determines(int a, int b)
    {
        bool[,] pairs = a > b ? seen[a, b] : seen[b, a];
        int rowsOfA = codes[kin[a]]!.Count + 1, rowsOfB = codes[kin[b]]!.Count + 1;
        for (int i = 0; i < rowsOfA; i++)
        {
            int found = 0;
            for (int j = 0; j < rowsOfB; j++)
                found += (a > b ? pairs[i, j] : pairs[j, i]) ? 1 : 0;
            if (found > 1)
                return false;
        }
        return true;
    }

    /// <summary>Pearson's correlation of pairs, one after the other (Welford).</summary>
    private sealed class Correlation
    {
        private double meanX, meanY, xx, yy, xy;

        public int Count { get; private set; }

        public double Value => xx * yy == 0 ? 0 : xy / Math.Sqrt(xx * yy);

        public void Add(double x, double y)
        {
            Count++;
            double dx = x - meanX, dy = y - meanY;
            meanX += dx / Count;
            meanY += dy / Count;
            xx += dx * (x - meanX);
            yy += dy * (y - meanY);
            xy += dx * (y - meanY);
        }
    }
}
