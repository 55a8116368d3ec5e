using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Tile of a thread group: it computes M×N of the result, each of its warps WarpM×32.</summary>
internal interface IWarpTile
{
    static abstract int M { get; }

    static abstract int N { get; }

    /// <summary>Rows per warp, 32 or 64.</summary>
    static abstract int WarpM { get; }
}

internal readonly struct Warps128x128 : IWarpTile
{
    public static int M => 128;

    public static int N => 128;

    public static int WarpM => 64;
}

internal readonly struct Warps64x128 : IWarpTile
{
    public static int M => 64;

    public static int N => 128;

    public static int WarpM => 64;
}

internal readonly struct Warps64x64 : IWarpTile
{
    public static int M => 64;

    public static int N => 64;

    public static int WarpM => 32;
}

/// <summary>GEMMs on tensor cores.</summary>
internal static class TensorKernels
{
    public const int RowWords = 16; // of a tile, without the pad

    private const int Lanes = 32;
    private const int WarpN = 32;

    /// <summary>Whether the device has tensor cores with mma.sync for tf32 and bf16, and ldmatrix: compute capability 8.0.</summary>
    public static bool AreOn(Accelerator accelerator) => accelerator is CudaAccelerator { Architecture.Major: >= 8 };

    public static int Threads<T>() where T : struct, IWarpTile => T.M / T.WarpM * (T.N / WarpN) * Lanes;

    /// <summary>
    /// Like <see cref="GemmKernels.Tiled"/>: one tile of the result per group, shared memory double-buffered. The operands
    /// are rounded in registers on their way there, so an asynchronous copy that bypasses registers (cp.async) is no option.
    /// </summary>
    public static void Tiled<A, B, S, T, U, FA, FB>(A a, B b, S result, GemmSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
        where T : struct, IWarpTile where U : struct, ITensorUnit where FA : struct, IStage<FA> where FB : struct, IStage<FB>
    {
        ArrayView<float> tiles = SharedMemory.Allocate<float>(2 * (T.M + T.N) * TensorAssembly.Row);
        int steps = RowWords * U.PerWord;
        int group = Grid.IdxZ / s.Splits, part = Grid.IdxZ % s.Splits;
        int firstM = Grid.IdxY * T.M, firstN = Grid.IdxX * T.N;
        int begin = part * s.Chunk, end = Math.Min(begin + s.Chunk, s.K);
        int warp = Group.IdxX / Lanes, lane = Group.IdxX % Lanes;
        int warpM = warp / (T.N / WarpN), warpN = warp % (T.N / WarpN) * WarpN;
        // The row that each lane passes to ldmatrix: of the first or second eight, at the first or second four words.
        int left = ((((warpM * T.WarpM) + (lane / 8 % 2 * 8) + (lane % 8)) * TensorAssembly.Row) + (lane / 16 * 4)) * 4;
        int right = ((((T.M + warpN) + (lane / 16 * 8) + (lane % 8)) * TensorAssembly.Row) + (lane / 8 % 2 * 4)) * 4;
        TensorAssembly.Begin();
        FA nextA = FA.Find<A, U>(a, group, firstM, T.M, steps, TensorAssembly.Row, Group.IdxX, Threads<T>());
        FB nextB = FB.Find<B, U>(b, group, firstN, T.N, steps, TensorAssembly.Row, Group.IdxX, Threads<T>());
        nextA = nextA.Load<A, U>(a, begin);
        nextB = nextB.Load<B, U>(b, begin);
        int half = 0;
        for (int k = begin; k < end; k += steps)
        {
            nextA.Put<A, U>(tiles, half, TensorAssembly.Row);
            nextB.Put<B, U>(tiles, half + (T.M * TensorAssembly.Row), TensorAssembly.Row);
            Group.Barrier();
            if (k + steps < end)
            {
                nextA = nextA.Load<A, U>(a, k + steps);
                nextB = nextB.Load<B, U>(b, k + steps);
            }
            Multiply<T, U>(left + (half * 4), right + (half * 4));
            Multiply<T, U>(left + (half * 4) + 32, right + (half * 4) + 32);
            half = ((T.M + T.N) * TensorAssembly.Row) - half; // the next round's barrier keeps a fast warp from overwriting what a slow one still reads
        }
        Store<S, T>(result, tiles, group, part, firstM, firstN, s);
    }

    private static void Multiply<T, U>(int left, int right) where T : struct, IWarpTile where U : struct, ITensorUnit
    {
        if (T.WarpM == 64)
            U.Multiply64(left, right);
        else
            U.Multiply32(left, right);
    }

    // Through shared memory, 16 rows of each warp at a time: stores are coalesced, and the epilogue's code is emitted once.
    private static void Store<S, T>(S result, ArrayView<float> tiles, int group, int part, int firstM, int firstN, GemmSizes s)
        where S : struct, IResult where T : struct, IWarpTile
    {
        int row = T.N + 4, warp = Group.IdxX / Lanes, lane = Group.IdxX % Lanes;
        int at = ((((warp / (T.N / WarpN) * 16) + (lane / 4)) * row) + (warp % (T.N / WarpN) * WarpN) + (lane % 4 * 2)) * 4;
        for (int i = 0; i < T.WarpM / 16; i++)
        {
            Group.Barrier();
            TensorAssembly.Store(i, at, at + (8 * 4 * row));
            Group.Barrier();
            for (int e = Group.IdxX; e < T.M / T.WarpM * 16 * (T.N / 4); e += Threads<T>())
            {
                int r = e / (T.N / 4), column = e % (T.N / 4) * 4, m = firstM + (r / 16 * T.WarpM) + (i * 16) + (r % 16);
                if (m < s.M)
                    Results.Put(result, group, part, m, firstN + column, tiles.Cast<Float4>()[((r * row) + column) >> 2], s);
            }
        }
    }
}
