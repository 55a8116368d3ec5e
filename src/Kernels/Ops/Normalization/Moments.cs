using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>Count, mean and Σ (x - mean)² of numbers. Two of them can be merged without reading the numbers again.</summary>
internal readonly record struct Moments(long Count, double Mean, double SumOfSquares)
{
    // 16 KiB: the second pass over a chunk finds it in the L1 cache, so memory is read once.
    private const int Chunk = 4096;

    /// <summary>The biased variance, Σ (x - mean)² / n.</summary>
    public double Variance => SumOfSquares / Count;

    /// <summary>The unbiased variance, Σ (x - mean)² / (n - 1).</summary>
    public double UnbiasedVariance => SumOfSquares / (Count - 1);

    public double InverseDeviation(double epsilon) => 1 / Math.Sqrt(Variance + epsilon);

    /// <summary>The moments of both together (Chan, Golub and LeVeque, 1979).</summary>
    public Moments With(Moments other)
    {
        if (Count == 0)
            return other;
        long count = Count + other.Count;
        double gap = other.Mean - Mean, share = (double)other.Count / count;
        return new Moments(count, Mean + (gap * share), SumOfSquares + other.SumOfSquares + (gap * gap * Count * share));
    }

    /// <summary>
    /// From sums over <paramref name="count"/> numbers of their distance to a guess of their mean, and of its square: exact
    /// for any guess, and without cancellation for a close one.
    /// </summary>
    public static Moments About(double guess, long count, double distances, double squares)
    {
        double shift = distances / count;
        return new Moments(count, guess + shift, Math.Max(0, squares - (distances * shift)));
    }

    /// <summary>
    /// Merges parts, each given by its mean followed by its sum of squares, <paramref name="step"/> doubles apart; all but the last
    /// are of <paramref name="size"/> numbers.
    /// </summary>
    public static unsafe Moments OfParts(double* parts, int count, long step, int size, int lastSize)
    {
        long numbers = ((long)(count - 1) * size) + lastSize;
        double means = 0, squares = 0, distances = 0;
        for (int i = 0; i < count; i++)
        {
            means += parts[i * step] * SizeOf(i);
            squares += parts[(i * step) + 1];
        }
        double mean = means / numbers;
        for (int i = 0; i < count; i++)
            distances += (parts[i * step] - mean) * (parts[i * step] - mean) * SizeOf(i);
        return new Moments(numbers, mean, squares + distances);

        int SizeOf(int part) => part == count - 1 ? lastSize : size;
    }

    public static unsafe Moments Of(float* x, int count)
    {
        Moments all = default;
        for (int begin = 0; begin < count; begin += Chunk)
        {
            int length = Math.Min(Chunk, count - begin);
            all = all.With(
                Simd.Is512 ? OfChunk<V512>(x + begin, length)
                : Simd.Is256 ? OfChunk<V256>(x + begin, length)
                : OfChunk<V128>(x + begin, length));
        }
        return all;
    }

    public static Moments Of(ReadOnlySpan<double> x)
    {
        double sum = 0, squares = 0;
        foreach (double v in x)
            sum += v;
        double mean = sum / x.Length;
        foreach (double v in x)
            squares += (v - mean) * (v - mean);
        return new Moments(x.Length, mean, squares);
    }

    private static unsafe Moments OfChunk<V>(float* x, int count) where V : struct, IVector<V>
    {
        float guess = Sums.Of(x, count) / count;
        V center = V.Of(guess), d0 = V.Of(0), d1 = d0, s0 = d0, s1 = d0;
        int i = 0;
        for (; i <= count - (2 * V.Lanes); i += 2 * V.Lanes)
        {
            V a = V.Load(x + i) - center, b = V.Load(x + i + V.Lanes) - center;
            d0 += a;
            d1 += b;
            s0 = V.Fma(a, a, s0);
            s1 = V.Fma(b, b, s1);
        }
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V a = V.Load(x + i) - center;
            d0 += a;
            s0 = V.Fma(a, a, s0);
        }
        double distances = (d0 + d1).Sum(), squares = (s0 + s1).Sum();
        for (; i < count; i++)
        {
            double d = x[i] - guess;
            distances += d;
            squares += d * d;
        }
        return About(guess, count, distances, squares);
    }
}
