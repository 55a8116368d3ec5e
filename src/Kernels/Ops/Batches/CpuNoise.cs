using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>Gaussian noise on the CPU: eight blocks of Philox at a time, then the Box-Muller transform of their words.</summary>
internal static unsafe class CpuNoise
{
    private const int Lanes = 8, Words = 4, Piece = Lanes * Words;

    // Philox 4×32-10, as in Philox.Bits, on eight counters at once.
    private const int Rounds = 10;
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>y += deviation·z, the z of a sample in a step as defined at <see cref="Augmentation"/>.</summary>
    public static void Add(float* y, int count, float deviation, ReadOnlySpan<int> rng, int sample)
    {
        float* z = stackalloc float[Piece];
        for (int first = 0; first < count; first += Piece)
        {
            Fill(z, Augmentation.NoiseBlock + (uint)(first / Words), (uint)sample, rng);
            int i = 0, rest = Math.Min(Piece, count - first);
            for (; i <= rest - Words; i += Words)
            {
                float* block = z + (i / Words);
                Vector128<float> four = Vector128.Create(block[0], block[Lanes], block[2 * Lanes], block[3 * Lanes]);
                Vector128.FusedMultiplyAdd(Vector128.Create(deviation), four, Vector128.Load(y + first + i)).Store(y + first + i);
            }
            for (; i < rest; i++)
                y[first + i] = MathF.FusedMultiplyAdd(deviation, z[(i % Words * Lanes) + (i / Words)], y[first + i]);
        }
    }

    // Word k of block l lands at z[k · Lanes + l].
    private static void Fill(float* z, uint block, uint sample, ReadOnlySpan<int> rng)
    {
        Vector256<uint> c0 = Vector256.Create(block) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7);
        Vector256<uint> c1 = Vector256.Create(sample), c2 = Vector256.Create((uint)rng[2]), c3 = Vector256.Create(Augmentation.CounterHigh((uint)rng[3]));
        uint key0 = (uint)rng[0], key1 = (uint)rng[1];
        for (int round = 0; round < Rounds; round++)
        {
            (Vector256<uint> low0, Vector256<uint> high0) = Multiply(c0, Multiplier0);
            (Vector256<uint> low1, Vector256<uint> high1) = Multiply(c2, Multiplier1);
            (c0, c1, c2, c3) = (high1 ^ c1 ^ Vector256.Create(key0), low1, high0 ^ c3 ^ Vector256.Create(key1), low0);
            key0 += Weyl0;
            key1 += Weyl1;
        }
        Normals(c0, c1, z);
        Normals(c2, c3, z + (2 * Lanes));
    }

    private static void Normals(Vector256<uint> radius, Vector256<uint> angle, float* z)
    {
        Vector256<float> length = Vector256.Sqrt(Vector256.Create(-2f) * Vector256.Log(Vector256.Create(1f) - Uniform(radius)));
        (Vector256<float> sin, Vector256<float> cos) = Vector256.SinCos(Vector256.Create(2 * MathF.PI) * Uniform(angle));
        (length * cos).Store(z);
        (length * sin).Store(z + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Uniform(Vector256<uint> bits) =>
        Vector256.ConvertToSingle((bits >>> 8).AsInt32()) * Vector256.Create(1f / (1 << 24));

    // The 64-bit products of 32-bit lanes, as their low and high words.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> Low, Vector256<uint> High) Multiply(Vector256<uint> a, uint factor)
    {
        Vector256<ulong> f = Vector256.Create((ulong)factor);
        Vector256<ulong> even = (a.AsUInt64() & Vector256.Create(0xFFFFFFFFul)) * f, odd = (a.AsUInt64() >>> 32) * f;
        Vector256<ulong> lows = Vector256.Create(0xFFFFFFFFul);
        return (((even & lows) | (odd << 32)).AsUInt32(), ((even >>> 32) | (odd & ~lows)).AsUInt32());
    }
}
