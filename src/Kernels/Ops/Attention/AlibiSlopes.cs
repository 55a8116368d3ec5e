namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// The slopes of ALiBi (Press et al., 2022): a head's score decreases by its slope times the distance, so that near steps count more and a network handles
/// sequences longer than those it was trained on. For n heads, n a power of two, the slopes are 2^(-8/n), 2^(-16/n), …; otherwise those of the next lower power, then every
/// second one of the next higher power.
/// </summary>
public static class AlibiSlopes
{
    /// <summary>The slope of each head.</summary>
    public static double[] Of(int heads)
    {
        int below = 1;
        while (2 * below <= heads)
            below *= 2;
        return [.. Enumerable.Range(1, below).Select(h => Slope(h, below)), .. Enumerable.Range(0, heads - below).Select(i => Slope((2 * i) + 1, 2 * below))];
    }

    private static double Slope(int head, int heads) => Math.Pow(2, -8.0 * head / heads);
}
