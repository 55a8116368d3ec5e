namespace GpuGrad.Training.Diagnostics.BatchFinding;

/// <summary>How much the gradients of single samples differ from their mean, for one layer or for the whole network.</summary>
/// <param name="Name">The layer's path, or <c>all</c> for the whole network.</param>
/// <param name="SquaredNorm">|G|², G the gradient over all samples; an unbiased estimate, so noise can make it negative.</param>
/// <param name="Variance">tr Σ: the variance of one sample's gradient, summed over the parameters.</param>
/// <param name="Cosine">Mean cosine between the gradients of two batches: 1 if they agree, 0 if they are unrelated.</param>
public sealed record GradientNoise(string Name, double SquaredNorm, double Variance, double Cosine)
{
    /// <summary>
    /// The simple noise scale tr Σ / |G|², in samples (McCandlish, Kaplan et al., 2018): much smaller batches mostly see noise, in much larger ones most
    /// samples are redundant. NaN if the estimate of |G|² is not above 0.
    /// </summary>
    public double Scale => SquaredNorm > 0 ? Variance / SquaredNorm : double.NaN;

    // 1/scale, which stays finite, with a finite error, even where |G|² may be 0.
    internal double Inverse => SquaredNorm / Variance;
}

/// <summary>
/// Accumulates the moments that gradient noise is estimated from. Each batch (no sample is in two) passes twice, first <see cref="Add"/>, then <see cref="Compare"/>, so that
/// only one gradient and the sum are in memory.
/// </summary>
/// <param name="batches">Batches, at least 3.</param>
/// <param name="size">Samples per batch.</param>
/// <param name="population">Number of training samples, from which the batches are drawn.</param>
/// <param name="parts">Number of parameters in each part (layer) of the gradient.</param>
internal sealed class GradientMoments(int batches, int size, long population, IReadOnlyList<int> parts)
{
    private readonly double[][] sums = [.. parts.Select(p => new double[p])];
    private readonly double[,] squares = new double[batches, parts.Count];
    private readonly double[,] alongSum = new double[batches, parts.Count];

    /// <summary>First pass: adds a batch's gradient of one part.</summary>
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

    /// <summary>Second pass, after all were added: the same gradient again, compared with their sum.</summary>
    public void Compare(int batch, int part, ReadOnlySpan<float> gradient)
    {
        double[] sum = sums[part];
        double along = 0;
        for (int i = 0; i < gradient.Length; i++)
            along += gradient[i] * sum[i];
        alongSum[batch, part] = along;
    }

    /// <summary>The estimate for one part.</summary>
    public GradientNoise Of(string name, int part) => Estimate(name, [part], leftOut: null);

    /// <summary>The estimate for all parts together.</summary>
    public GradientNoise OfAll() => Estimate("all", [.. Enumerable.Range(0, parts.Count)], leftOut: null);

    /// <summary>Standard error of |G|²/tr Σ, the inverse of the noise scale of all parts, by the jackknife over batches.</summary>
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
