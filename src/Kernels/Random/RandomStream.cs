namespace GpuGrad.Kernels.Random;

/// <summary>Purpose of a random draw. It is part of the counter, so no two draws share bits.</summary>
public enum Purpose : uint
{
    Initialise = 1,
    Shuffle = 2,
    Dropout = 3,
    Augment = 4,
    Generate = 5,
    Split = 6,
    Explore = 7,
    Search = 8,
    Mix = 9,
    Change = 10,
    Reinitialise = 11,
}

/// <summary>A sequence of random numbers on the host, determined by seed, purpose and index (of the parameter, of the epoch).</summary>
public sealed class RandomStream(ulong seed, Purpose purpose, uint index = 0)
{
    private readonly uint[] words = new uint[4];
    private ulong position;
    private int left;
    private double spare = double.NaN;

    public uint NextBits()
    {
        if (left == 0)
        {
            (words[0], words[1], words[2], words[3]) =
                Philox.Bits((uint)position, (uint)(position >> 32), index, (uint)purpose, (uint)seed, (uint)(seed >> 32));
            position++;
            left = 4;
        }
        return words[4 - left--];
    }

    /// <summary>Uniform in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (((ulong)(NextBits() >> 6) << 27) | (NextBits() >> 5)) * (1.0 / (1L << 53));

    public double NextUniform(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Uniform in [0, <paramref name="bound"/>), without bias.</summary>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        // Lemire's method: the low word of the product is rejected if the range does not divide 2^32 evenly.
        uint limit = (uint)bound;
        uint threshold = (0u - limit) % limit;
        while (true)
        {
            ulong product = (ulong)NextBits() * limit;
            if ((uint)product >= threshold)
                return (int)(product >> 32);
        }
    }

    /// <summary>Standard normal, by the Box-Muller transform.</summary>
    public double NextNormal()
    {
        if (!double.IsNaN(spare))
        {
            double kept = spare;
            spare = double.NaN;
            return kept;
        }
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        (double sin, double cos) = Math.SinCos(2 * Math.PI * NextDouble());
        spare = radius * sin;
        return radius * cos;
    }

    /// <summary>Fisher-Yates shuffle of 0 … n-1.</summary>
    public int[] Permutation(int n)
    {
        int[] order = [.. Enumerable.Range(0, n)];
        for (int i = n - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
