using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Data.Generators;

/// <summary>
/// Functions for generated data that use only additions, multiplications and divisions: these give the same bits
/// on every machine, unlike the functions of its mathematical library.
/// </summary>
internal static class Exact
{
    /// <summary>Sine and cosine of a number of turns, to about 1e-13.</summary>
    public static (double Sin, double Cos) Turn(double turns)
    {
        // Reduced to an eighth of a turn either way, where Taylor's series needs eight terms.
        double quarters = Math.Round(turns * 4), x = (turns - (quarters / 4)) * 2 * Math.PI, z = x * x;
        double sin = x * (1 + (z * (-1.0 / 6 + (z * (1.0 / 120 + (z * (-1.0 / 5040 + (z * (1.0 / 362880 + (z * (-1.0 / 39916800 + (z / 6227020800))))))))))));
        double cos = 1 + (z * (-0.5 + (z * (1.0 / 24 + (z * (-1.0 / 720 + (z * (1.0 / 40320 + (z * (-1.0 / 3628800 + (z * (1.0 / 479001600 - (z / 87178291200)))))))))))));
        return ((long)quarters & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    /// <summary>Approximately normal: the sum of twelve uniform numbers has variance 1 (Irwin-Hall), and stays within 6.</summary>
    public static double Normal(RandomStream random)
    {
        double sum = -6;
        for (int i = 0; i < 12; i++)
            sum += random.NextBits() * (1.0 / (1L << 32));
        return sum;
    }

    /// <summary>Roughly normal, from one draw: the sum of its four bytes, within 3.5. For noise on pixels, which needs many.</summary>
    public static double QuickNormal(RandomStream random)
    {
        // Four numbers from 0 to 255 have mean 510 and variance (256² - 1) / 3.
        const double Deviation = 147.80054127099805;
        uint bits = random.NextBits();
        return ((int)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24)) - 510) / Deviation;
    }
}
