namespace GpuGrad.Training.Data.Formats;

/// <summary>Numbers as they come: floats for as long as each is one, then doubles, which take twice the room.</summary>
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

    /// <summary>All of them, in one of the two arrays.</summary>
    public (float[]? Floats, double[]? Doubles) ToArrays() => floats is not null ? ([.. floats], null) : (null, [.. doubles]);
}
