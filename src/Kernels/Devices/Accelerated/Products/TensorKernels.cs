using GpuGrad.Kernels.Numerics;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Accelerated.Products;

/// <summary>An operand whose elements are rounded on their way out of memory.</summary>
internal readonly struct Rounded<A, R>(A values) : IOperand where A : struct, IOperand where R : struct, IRounding
{
    public static bool AlongK => A.AlongK;

    public float At(int group, int i, int k) => R.Round(values.At(group, i, k));

    public Float4 Four(int group, int i, int k)
    {
        Float4 four = values.Four(group, i, k);
        return new Float4(R.Round(four.X), R.Round(four.Y), R.Round(four.Z), R.Round(four.W));
    }
}

/// <summary>How a group of warps cuts up a product: the group makes M×N of the result, a warp WarpM×WarpN, K steps at a time.</summary>
internal interface IWarpTile
{
    static abstract int M { get; }

    static abstract int N { get; }

    static abstract int K { get; }

    /// <summary>A multiple of 16.</summary>
    static abstract int WarpM { get; }

    /// <summary>A multiple of 8.</summary>
    static abstract int WarpN { get; }
}

internal readonly struct LargeWarpTile : IWarpTile
{
    public static int M => 128;

    public static int N => 128;

    public static int K => 16;

    public static int WarpM => 64;

    public static int WarpN => 32;
}

internal readonly struct SmallWarpTile : IWarpTile
{
    public static int M => 64;

    public static int N => 64;

    public static int K => 16;

    public static int WarpM => 32;

    public static int WarpN => 32;
}

/// <summary>
/// A warp's product of 16 rows and 8 columns. Lane 4 g + t brings rows g and g + 8 of the left factor, column g of the right
/// one, and holds rows g and g + 8 of the result at columns 2 t and 2 t + 1 (PTX ISA, "Matrix Fragments for mma").
/// </summary>
internal interface IMatrixUnit
{
    /// <summary>Steps of the sum that one instruction takes.</summary>
    static abstract int Steps { get; }

    /// <summary>The lane's word of one row or column: of the first half of the steps, or of the second.</summary>
    /// <param name="tile">A row a step.</param>
    /// <param name="at">The row or column at the first step.</param>
    /// <param name="row">Floats from a step to the next.</param>
    /// <param name="t">The lane's number in its four.</param>
    /// <param name="half">0 or 1.</param>
    static abstract uint Word(ArrayView<float> tile, int at, int row, int t, int half);

    /// <summary>Adds to four sums from <paramref name="at"/> on; words of the left factor from <paramref name="left"/> on, of the right one alike.</summary>
    static abstract void Multiply(ArrayView<float> sums, int at, ArrayView<uint> a, int left, ArrayView<uint> b, int right);
}

internal readonly struct Tf32Unit : IMatrixUnit
{
    public static int Steps => 8;

    public static uint Word(ArrayView<float> tile, int at, int row, int t, int half) => Interop.FloatAsInt(tile[at + ((t + (4 * half)) * row)]);

    public static void Multiply(ArrayView<float> sums, int at, ArrayView<uint> a, int left, ArrayView<uint> b, int right) =>
        TensorCores.MultiplyTf32(ref sums[at], ref sums[at + 1], ref sums[at + 2], ref sums[at + 3], a[left], a[left + 1], a[left + 2], a[left + 3], b[right], b[right + 1]);
}

internal readonly struct Bf16Unit : IMatrixUnit
{
    public static int Steps => 16;

    // Two neighbouring steps in a word, the first in its lower half; the floats are rounded already.
    public static uint Word(ArrayView<float> tile, int at, int row, int t, int half)
    {
        int first = at + (((2 * t) + (8 * half)) * row);
        return (Interop.FloatAsInt(tile[first]) >> 16) | (Interop.FloatAsInt(tile[first + row]) & 0xFFFF0000u);
    }

    public static void Multiply(ArrayView<float> sums, int at, ArrayView<uint> a, int left, ArrayView<uint> b, int right) =>
        TensorCores.MultiplyBf16(ref sums[at], ref sums[at + 1], ref sums[at + 2], ref sums[at + 3], a[left], a[left + 1], a[left + 2], a[left + 3], b[right], b[right + 1]);
}

/// <summary>Products on tensor cores.</summary>
internal static class TensorKernels
{
    private const int Lanes = 32;

    public static int Threads<T>() where T : struct, IWarpTile => T.M / T.WarpM * (T.N / T.WarpN) * Lanes;

    /// <summary>
    /// As <see cref="ProductKernels.Tiled"/>: a tile of the result for each group, two halves of shared memory by turns. What comes
    /// out of the operands is rounded.
    /// </summary>
    public static void Tiled<A, B, S, T, U>(A a, B b, S result, ProductSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where T : struct, IWarpTile where U : struct, IMatrixUnit
    {
        int threads = Threads<T>();
        int rowA = T.M + 8, rowB = T.N + 8; // with this pad the 32 lanes of a fragment read 32 different banks
        ArrayView<float> tileA = SharedMemory.Allocate<float>(2 * T.K * (T.M + 8));
        ArrayView<float> tileB = SharedMemory.Allocate<float>(2 * T.K * (T.N + 8));
        int loadsA = T.M * T.K / 4 / threads, loadsB = T.N * T.K / 4 / threads;
        int thread = Group.IdxX, group = Grid.IdxZ / s.Splits, part = Grid.IdxZ % s.Splits;
        int firstM = Grid.IdxY * T.M, firstN = Grid.IdxX * T.N;
        int begin = part * s.Chunk, end = Math.Min(begin + s.Chunk, s.K);
        int warp = thread / Lanes, g = thread % Lanes / 4, t = thread % 4;
        int warpM = (warp / (T.N / T.WarpN) * T.WarpM) + g, warpN = (warp % (T.N / T.WarpN) * T.WarpN) + g;

        ArrayView<float> sums = LocalMemory.Allocate<float>(T.WarpM / 16 * (T.WarpN / 8) * 4);
        for (int i = 0; i < T.WarpM / 16 * (T.WarpN / 8) * 4; i++)
            sums[i] = 0f;
        ArrayView<Float4> nextA = LocalMemory.Allocate<Float4>(T.M * T.K / 4 / Threads<T>());
        ArrayView<Float4> nextB = LocalMemory.Allocate<Float4>(T.N * T.K / 4 / Threads<T>());
        ArrayView<uint> left = LocalMemory.Allocate<uint>(T.WarpM / 16 * 4), right = LocalMemory.Allocate<uint>(T.WarpN / 8 * 2);
        for (int l = 0; l < loadsA; l++)
            nextA[l] = ProductKernels.Fetch(a, group, firstM, begin, end, T.M, T.K, thread + (l * threads));
        for (int l = 0; l < loadsB; l++)
            nextB[l] = ProductKernels.Fetch(b, group, firstN, begin, end, T.N, T.K, thread + (l * threads));
        int half = 0;
        for (int k0 = begin; k0 < end; k0 += T.K)
        {
            int atA = half * T.K * rowA, atB = half * T.K * rowB;
            for (int l = 0; l < loadsA; l++)
                ProductKernels.Put<A>(tileA, atA, rowA, T.M, T.K, thread + (l * threads), nextA[l]);
            for (int l = 0; l < loadsB; l++)
                ProductKernels.Put<B>(tileB, atB, rowB, T.N, T.K, thread + (l * threads), nextB[l]);
            Group.Barrier();
            if (k0 + T.K < end)
            {
                for (int l = 0; l < loadsA; l++)
                    nextA[l] = ProductKernels.Fetch(a, group, firstM, k0 + T.K, end, T.M, T.K, thread + (l * threads));
                for (int l = 0; l < loadsB; l++)
                    nextB[l] = ProductKernels.Fetch(b, group, firstN, k0 + T.K, end, T.N, T.K, thread + (l * threads));
            }
            for (int k = 0; k < T.K; k += U.Steps)
            {
                for (int i = 0; i < T.WarpM / 16 * 4; i++)
                    left[i] = U.Word(tileA, atA + (k * rowA) + warpM + (i / 4 * 16) + (i % 2 * 8), rowA, t, i % 4 / 2);
                for (int j = 0; j < T.WarpN / 8 * 2; j++)
                    right[j] = U.Word(tileB, atB + (k * rowB) + warpN + (j / 2 * 8), rowB, t, j % 2);
                for (int i = 0; i < T.WarpM / 16; i++)
                {
                    for (int j = 0; j < T.WarpN / 8; j++)
                        U.Multiply(sums, ((i * (T.WarpN / 8)) + j) * 4, left, i * 4, right, j * 2);
                }
            }
            half = 1 - half; // the barrier of the next round keeps a fast thread from overwriting what a slow one still reads
        }

        for (int i = 0; i < T.WarpM / 16; i++)
        {
            for (int j = 0; j < T.WarpN / 8; j++)
            {
                for (int e = 0; e < 4; e++)
                {
                    int m = firstM + warpM + (i * 16) + (e / 2 * 8), n = firstN + warpN - g + (j * 8) + (2 * t) + (e % 2);
                    if (m < s.M && n < s.N)
                        result.Store(group, part, m, n, sums[(((i * (T.WarpN / 8)) + j) * 4) + e]);
                }
            }
        }
    }
}
