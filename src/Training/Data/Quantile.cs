namespace GpuGrad.Training.Data;

/// <summary>Quantiles of numbers, between neighbours in a straight line (type 7 of Hyndman and Fan, 1996), as NumPy's default.</summary>
internal static class Quantile
{
    /// <param name="sorted">The numbers in their order, one at least.</param>
    /// <param name="share">Share of the numbers that are below it, 0 to 1.</param>
    public static double Of(ReadOnlySpan<double> sorted, double share)
    {
        double at = share * (sorted.Length - 1);
        int below = (int)at;
        double fraction = at - below;
        // Between equal neighbours, infinite ones among them, there is nothing to interpolate.
        return fraction == 0 || sorted[below] == sorted[below + 1] ? sorted[below] : sorted[below] + (fraction * (sorted[below + 1] - sorted[below]));
    }

    /// <summary>The middle one of numbers in any order, or the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values) => Of([.. values.Order()], 0.5);
}
