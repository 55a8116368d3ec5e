namespace GpuGrad.Web.Board;

/// <summary>Reduces a curve to fewer points that look the same: the lowest and the highest of each piece of the axis, so that no spike is lost.</summary>
internal static class Downsampling
{
    /// <param name="column">The metric.</param>
    /// <param name="from">The first step shown.</param>
    /// <param name="to">The last step shown.</param>
    /// <param name="most">Approximate number of points, 4 or more.</param>
    public static (List<long> Steps, List<float> Values) Of(MetricColumn column, long from, long to, int most)
    {
        List<long> steps = column.Steps;
        // One more point on either side, for the lines that leave the chart.
        int first = Math.Max(0, Lower(steps, from) - 1), end = Math.Min(steps.Count, Lower(steps, to == long.MaxValue ? to : to + 1) + 1);
        int count = end - first;
        var (x, y) = (new List<long>(), new List<float>());
        if (count <= most)
        {
            x.AddRange(steps.GetRange(first, Math.Max(0, count)));
            y.AddRange(column.Values.GetRange(first, Math.Max(0, count)));
            return (x, y);
        }
        int pieces = Math.Max(1, most / 2);
        for (int p = 0; p < pieces; p++)
        {
            int begin = first + (int)((long)count * p / pieces), last = first + (int)((long)count * (p + 1) / pieces);
            (int low, int high) = Extremes(column.Values, begin, last);
            Add(Math.Min(low, high));
            if (low != high)
                Add(Math.Max(low, high));
        }
        return (x, y);

        void Add(int i)
        {
            x.Add(steps[i]);
            y.Add(column.Values[i]);
        }
    }

    // A NaN counts as the highest, so that it stays visible.
    private static (int Low, int High) Extremes(List<float> values, int begin, int end)
    {
        int low = begin, high = begin;
        for (int i = begin; i < end; i++)
        {
            if (float.IsNaN(values[i]))
                return (low, i);
            low = values[i] < values[low] ? i : low;
            high = values[i] > values[high] ? i : high;
        }
        return (low, high);
    }

    private static int Lower(List<long> steps, long value)
    {
        int low = 0, high = steps.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = steps[middle] < value ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
