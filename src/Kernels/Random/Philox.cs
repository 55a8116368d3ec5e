namespace GpuGrad.Kernels.Random;

/// <summary>
/// Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): bits as a function of a key and a
/// counter, so that a mask or a shuffle needs no state and is the same on every device and in any order.
/// </summary>
public static class Philox
{
    internal const uint Multiplier0 = 0xD2511F53;
    internal const uint Multiplier1 = 0xCD9E8D57;
    internal const uint Weyl0 = 0x9E3779B9;
    internal const uint Weyl1 = 0xBB67AE85;

    /// <summary>The four 32-bit words for a 128-bit counter under a 64-bit key.</summary>
    public static (uint A, uint B, uint C, uint D) Bits(uint c0, uint c1, uint c2, uint c3, uint key0, uint key1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0;
            ulong p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ key0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ key1, (uint)p0);
            key0 += Weyl0;
            key1 += Weyl1;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>A float in [0, 1) from the upper 24 bits: every value is a multiple of 2⁻²⁴, exact in float and double.</summary>
    public static float Uniform(uint bits) => (int)(bits >> 8) * (1f / (1 << 24)); // through an int: from an unsigned integer C# would convert through double
}
