namespace GpuGrad.Training.Data.Formats;

/// <summary>A growing list of numbers: floats as long as these are exact, then doubles, which take twice the memory.</summary>
internal sealed class NumberList
{
    private List<float>? floats = [];
    private List<double> doubles = [];

    public int Count => floats?.Count ?? doubles.Count;

    public void Add(double value)
    {
        if (floats is not null && ((float)value == value || double.IsNaN(value)))
        {
            floats.Add((float)value);
            return;
        }
        if (floats is not null)
        {
            doubles = new List<double>(floats.Count + 1);
            foreach (float v in floats)
                doubles.Add(v);
            floats = null;
        }
        doubles.Add(value);
    }

    /// <summary>All numbers, in one of the two arrays.</summary>
    public (float[]? Floats, double[]? Doubles) ToArrays() => floats is not null ? ([.. floats], null) : (null, [.. doubles]);
}
