namespace GpuGrad.Training.Data.Tables;

/// <summary>The values of one column of samples; NaN where one is missing.</summary>
internal readonly struct ColumnValues
{
    private readonly SampleSet samples;
    private readonly int column;
    private readonly Func<double, double>? change;

    public ColumnValues(SampleSet samples, int column, Func<double, double>? change = null)
    {
        this.samples = samples;
        this.column = column;
        this.change = change;
    }

    /// <summary>The same column with a function applied to each value.</summary>
    public ColumnValues Select(Func<double, double> made) => new(samples, column, made);

    public double this[int row]
    {
        get
        {
            double value = samples[checked((row * samples.Shape.Count) + column)];
            return change is null || double.IsNaN(value) ? value : change(value);
        }
    }

    public IEnumerable<double> Present()
    {
        for (int row = 0; row < samples.Count; row++)
        {
            double value = this[row];
            if (!double.IsNaN(value))
                yield return value;
        }
    }

    public (int Missing, int Present) Count()
    {
        int missing = 0;
        for (int row = 0; row < samples.Count; row++)
            missing += double.IsNaN(this[row]) ? 1 : 0;
        return (missing, samples.Count - missing);
    }

    /// <summary>The mean, summed relative to the first value: the plain sum of large numbers would lose their last digits.</summary>
    public double Mean()
    {
        double pivot = double.NaN, sum = 0;
        long count = 0;
        for (int row = 0; row < samples.Count; row++)
        {
            double value = this[row];
            if (double.IsNaN(value))
                continue;
            pivot = count++ == 0 ? value : pivot;
            sum += value - pivot;
        }
        return pivot + (sum / count);
    }

    public double Median() => Quantile.Median(Present());

    /// <summary>The most frequent value; in a tie the smallest, as in scikit-learn.</summary>
    public double MostFrequent() => Present().GroupBy(v => v).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).First().Key;

    public void CountCodes(int[] counts)
    {
        for (int row = 0; row < samples.Count; row++)
        {
            double code = this[row];
            if (!double.IsNaN(code))
                counts[(int)code]++;
        }
    }
}
