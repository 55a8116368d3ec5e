using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>How often samples of a batch are mixed, and how strongly. With both ways, each batch randomly takes one of them.</summary>
/// <param name="Mixup">Mixup settings; null for none.</param>
/// <param name="Cutmix">Cutmix settings; null for none.</param>
public sealed record BatchMixing(MixupConfig? Mixup = null, CutmixConfig? Cutmix = null)
{
    /// <summary>Draws the mixing of a batch.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="batch">Number of the batch in the run.</param>
    /// <param name="height">Height of a picture; 1 for other samples.</param>
    /// <param name="width">Width of a picture; 1 for other samples.</param>
    public BatchMix Draw(ulong seed, long batch, int height, int width)
    {
        var random = new RandomStream(seed, Purpose.Mix, unchecked((uint)batch));
        (double coin, double chance) = (random.NextDouble(), random.NextDouble());
        bool cuts = Cutmix is not null && (Mixup is null || coin < 0.5);
        if (chance >= (cuts ? Cutmix!.Probability : Mixup!.Probability))
            return BatchMix.None;
        double share = Beta(random, cuts ? Cutmix!.Alpha : Mixup!.Alpha);
        return cuts ? Rectangle(random, share, height, width) : new BatchMix((int)Math.Round(share * BatchMix.Whole), 0, 0, 0, 0);
    }

    // Centred anywhere in the picture and clipped to it; the share is that of the remaining pixels.
    private static BatchMix Rectangle(RandomStream random, double share, int height, int width)
    {
        double half = 0.5 * Math.Sqrt(1 - share);
        (int x, int y) = (random.NextInt(width), random.NextInt(height));
        (int halfWidth, int halfHeight) = ((int)(half * width), (int)(half * height));
        (int left, int right) = (Math.Max(0, x - halfWidth), Math.Min(width, x + halfWidth));
        (int top, int bottom) = (Math.Max(0, y - halfHeight), Math.Min(height, y + halfHeight));
        if (left == right || top == bottom)
            return BatchMix.None;
        double kept = 1 - ((double)(right - left) * (bottom - top) / ((double)width * height));
        return new BatchMix((int)Math.Round(kept * BatchMix.Whole), top, left, bottom - top, right - left);
    }

    /// <summary>A random number with distribution Beta(α, α): G / (G + G′) of two gamma variables, from their logarithms, which do not underflow.</summary>
    internal static double Beta(RandomStream random, double alpha) => 1 / (1 + Math.Exp(LogGamma(random, alpha) - LogGamma(random, alpha)));

    // Marsaglia and Tsang, "A simple method for generating gamma variables", 2000; below 1 through α + 1.
    private static double LogGamma(RandomStream random, double alpha)
    {
        double below = alpha < 1 ? Math.Log(1 - random.NextDouble()) / alpha : 0;
        double d = (alpha < 1 ? alpha + 1 : alpha) - (1.0 / 3), c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double z = random.NextNormal(), v = Math.Pow(1 + (c * z), 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < (z * z / 2) + d - (d * v) + (d * Math.Log(v)))
                return Math.Log(d * v) + below;
        }
    }
}
