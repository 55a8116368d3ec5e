namespace GpuGrad.Training.Diagnostics.BatchFinding;

/// <summary>How much the gradients of single samples differ from their mean, of one layer or of the whole network.</summary>
/// <param name="Name">The layer's path; of the whole network <c>all</c>.</param>
/// <param name="SquaredNorm">|G|², of the gradient over all samples; an unbiased estimate, so it may be below 0 where noise drowns it.</param>
/// <param name="Variance">tr Σ: the variance of one sample's gradient, added up over the parameters.</param>
/// <param name="Cosine">Of the angle between the gradients of two batches, on average: 1 where they agree, 0 where they have nothing in common.</param>
public sealed record GradientNoise(string Name, double SquaredNorm, double Variance, double Cosine)
{
    /// <summary>
    /// The simple noise scale tr Σ / |G|², in samples (McCandlish, Kaplan et al., 2018): much smaller batches mostly see noise, in much larger ones most
    /// samples tell what is known already. NaN where |G|² was not found to be above 0.
    /// </summary>
    public double Scale => SquaredNorm > 0 ? Variance / SquaredNorm : double.NaN;

    // Of the scale; it has a value and an error where the scale itself has none.
    internal double Inverse => SquaredNorm / Variance;
}

/// <summary>
/// Adds up what the noise of gradients is estimated from: batches of distinct samples, in two rounds over the same batches, so that no more than one
/// gradient and their sum are held.
/// </summary>
/// <param name="batches">Batches, at least 3.</param>
/// <param name="size">Samples of a batch.</param>
/// <param name="population">All training samples, of which the batches are some.</param>
/// <param name="parts">Numbers of each part that a gradient is cut into (layers).</param>
internal sealed class GradientMoments(int batches, int size, long population, IReadOnlyList<int> parts)
{
    private readonly double[][] sums = [.. parts.Select(p => new double[p])];
    private readonly double[,] squares = new double[batches, parts.Count];
    private readonly double[,] alongSum = new double[batches, parts.Count];

    /// <summary>First round: a batch's gradient of a part.</summary>
    public void Add(int batch, int part, ReadOnlySpan<float> gradient)
    {
        double[] sum = sums[part];
        double square = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            sum[i] += gradient[i];
            square += (double)gradient[i] * gradient[i];
        }
        squares[batch, part] = square;
    }

    /// <summary>Second round, once all were added: the same gradient again.</summary>
    public void Compare(int batch, int part, ReadOnlySpan<float> gradient)
    {
        double[] sum = sums[part];
        double along = 0;
        for (int i = 0; i < gradient.Length; i++)
            along += gradient[i] * sum[i];
        alongSum[batch, part] = along;
    }

    /// <summary>What the batches say about one part.</summary>
    public GradientNoise Of(string name, int part) => Estimate(name, [part], leftOut: null);

    /// <summary>What they say about all parts together.</summary>
    public GradientNoise OfAll() => Estimate("all", [.. Enumerable.Range(0, parts.Count)], leftOut: null);

    /// <summary>Standard error of |G|²/tr Σ, the inverse of the noise scale of all parts, by the jackknife: what each batch changes in it.</summary>
    public double InverseError()
    {
        int[] all = [.. Enumerable.Range(0, parts.Count)];
        double[] without = [.. Enumerable.Range(0, batches).Select(k => Estimate("all", all, k)).Select(n => n.Inverse)];
        double mean = without.Average();
        return Math.Sqrt((batches - 1.0) / batches * without.Sum(x => (x - mean) * (x - mean)));
    }

    // With g_k the gradients of K batches of b samples: the mean of g_k·g_l over pairs estimates |G|² - tr Σ/N, because samples are drawn without
    // replacement, and the mean of |g_k|² less that estimates tr Σ/b.
    private GradientNoise Estimate(string name, int[] of, int? leftOut)
    {
        double square = 0, sum = 0;
        for (int k = 0; k < batches; k++)
        {
            square += k == leftOut ? 0 : Square(k);
            sum += Along(k);
        }
        if (leftOut is int left)
            sum += Square(left) - (2 * Along(left));
        double count = batches - (leftOut is null ? 0 : 1), pairs = (sum - square) / (count * (count - 1)), mean = square / count;
        double variance = size * (mean - pairs);
        return new GradientNoise(name, pairs + (variance / population), variance, mean > 0 ? pairs / mean : 0);

        double Square(int k) => of.Sum(p => squares[k, p]);
        double Along(int k) => of.Sum(p => alongSum[k, p]);
    }
}
