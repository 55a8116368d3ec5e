using GpuGrad.Kernels.Numerics;
using ILGPU;
using ILGPU.Runtime;

using Block4x4 = GpuGrad.Kernels.Devices.Ilgpu.Gemm.Block4<GpuGrad.Kernels.Devices.Ilgpu.Gemm.Row4>;
using Block8x8 = GpuGrad.Kernels.Devices.Ilgpu.Gemm.PairBlock<GpuGrad.Kernels.Devices.Ilgpu.Gemm.Block4<GpuGrad.Kernels.Devices.Ilgpu.Gemm.PairRow<GpuGrad.Kernels.Devices.Ilgpu.Gemm.Row4>>, GpuGrad.Kernels.Devices.Ilgpu.Gemm.PairRow<GpuGrad.Kernels.Devices.Ilgpu.Gemm.Row4>>;
using Row8 = GpuGrad.Kernels.Devices.Ilgpu.Gemm.PairRow<GpuGrad.Kernels.Devices.Ilgpu.Gemm.Row4>;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Adds the launches of a GEMM, or of a batch of GEMMs of the same sizes, to a plan.</summary>
internal static class KernelGemm
{
    private const int FewestForGroup = 64; // a shorter sum does not keep a group of threads busy

    // In the order of AddTiled. Rates are 128 times the share of multiply-adds in the inner loop, reduced by the cost of barriers.
    public static readonly TileSize[] Tiles = [Size<Cut128x64>(4, 102), Size<Cut64x128>(4, 102), Size<Cut64x64>(8, 80), Size<Cut32x32>(2, 72), Size<Cut128x16>(4, 72), Size<Cut16x128>(4, 72)];

    /// <summary>Chooses kernel and tile by the sizes, and adds the launches.</summary>
    /// <param name="b">Receives the launches.</param>
    /// <param name="m">Rows of the result.</param>
    /// <param name="n">Columns of the result.</param>
    /// <param name="k">Length of the sum.</param>
    /// <param name="groups">Number of GEMMs in the batch.</param>
    /// <param name="left">The left factor, elements (m, k).</param>
    /// <param name="right">The right factor, elements (n, k).</param>
    /// <param name="result">Stores the sums.</param>
    public static void Add<A, B, S>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        if (b.Node.Op.Precision == Precision.Tf32)
            AddRounded<A, B, S, Tf32Rounding, Tf32Unit, Twice<OneLoad>>(b, m, n, k, groups, left, right, result);
        else if (b.Node.Op.Precision == Precision.Bf16)
            AddRounded<A, B, S, Bf16Rounding, Bf16Unit, Twice<Twice<OneLoad>>>(b, m, n, k, groups, left, right, result);
        else
            AddFloats(b, m, n, k, groups, left, right, result);
    }

    // With few rows or columns most of a tensor core would idle. F: a thread's loads of 64 rows with 128 threads, or of 128 rows with 256.
    private static void AddRounded<A, B, S, X, U, F>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where X : struct, IRounding where U : struct, ITensorUnit where F : struct, IStage<F>
    {
        if (m <= 16 || n <= 16 || !TensorKernels.AreOn(b.Accelerator))
        {
            AddFloats(b, m, n, k, groups, new Rounded<A, X>(left), new Rounded<B, X>(right), result);
            return;
        }
        TileSize[] tiles = TensorTiles<U>();
        (int tile, GemmSizes sizes) = TileChoice.Of(b, tiles, m, n, k, groups);
        if (tile == 0)
            AddWarpTile<A, B, S, Warps128x128, U, F, F>(b, tiles[tile].Resident, sizes, groups, left, right, result);
        else if (tile == 1)
            AddWarpTile<A, B, S, Warps64x128, U, F, Twice<F>>(b, tiles[tile].Resident, sizes, groups, left, right, result);
        else
            AddWarpTile<A, B, S, Warps64x64, U, F, F>(b, tiles[tile].Resident, sizes, groups, left, right, result);
    }

    private static TileSize Size<C>(int warps, double rate) where C : struct, ICut => new(C.M, C.N, C.K, warps, C.Resident, rate);

    // A thread holds 64 sums (32 in the smallest tile) and loads two words per factor; a round of bf16 has twice as many steps.
    private static TileSize[] TensorTiles<U>() where U : struct, ITensorUnit
    {
        int steps = TensorKernels.RowWords * U.PerWord;
        double rate = 256 * U.PerWord;
        return U.PerWord == 1
            ? [new(128, 128, steps, 8, 1, rate), new(64, 128, steps, 4, 3, rate), new(64, 64, steps, 4, 4, rate * 0.8)]
            : [new(128, 128, steps, 8, 1, rate), new(64, 128, steps, 4, 2, rate), new(64, 64, steps, 4, 3, rate * 0.8)];
    }

    private static void AddWarpTile<A, B, S, T, U, FA, FB>(KernelBinding b, int resident, GemmSizes s, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
        where T : struct, IWarpTile where U : struct, ITensorUnit where FA : struct, IStage<FA> where FB : struct, IStage<FB>
    {
        int threads = TensorKernels.Threads<T>();
        var config = new KernelConfig(new Index3D((s.N + T.N - 1) / T.N, (s.M + T.M - 1) / T.M, groups * s.Splits), new Index3D(threads, 1, 1));
        var specialization = new KernelSpecialization(threads, resident);
        if (s.Splits == 1)
        {
            var run = b.Loader.Groups<A, B, S, GemmSizes>(TensorKernels.Tiled<A, B, S, T, U, FA, FB>, specialization);
            b.Launch(() => run(config, left, right, result, s));
            return;
        }
        var partial = b.Loader.Groups<A, B, PartialResult, GemmSizes>(TensorKernels.Tiled<A, B, PartialResult, T, U, FA, FB>, specialization);
        AddSplit(b, s, groups, result, parts => partial(config, left, right, parts, s));
    }

    private static void AddFloats<A, B, S>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        if (m == 1 && B.AlongK && k >= FewestForGroup)
            AddRowByGroups(b, new GemmSizes(m, n, k, 1, k), groups, left, right, result);
        else if (m == 1)
            AddRowByThreads(b, n, k, groups, left, right, result);
        else
            AddTiled(b, m, n, k, groups, left, right, result);
    }

    private static void AddTiled<A, B, S>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        (int tile, GemmSizes sizes) = TileChoice.Of(b, Tiles, m, n, k, groups);
        switch (tile)
        {
            case 0:
                AddTile<A, B, S, Cut128x64, Block8x8, Row8, Twice<OneLoad>, OneLoad>(b, sizes, groups, left, right, result);
                break;
            case 1:
                AddTile<A, B, S, Cut64x128, Block8x8, Row8, OneLoad, Twice<OneLoad>>(b, sizes, groups, left, right, result);
                break;
            case 2:
                AddTile<A, B, S, Cut64x64, Block4x4, Row4, OneLoad, OneLoad>(b, sizes, groups, left, right, result);
                break;
            case 3:
                AddTile<A, B, S, Cut32x32, Block4x4, Row4, Twice<OneLoad>, Twice<OneLoad>>(b, sizes, groups, left, right, result);
                break;
            case 4:
                AddTile<A, B, S, Cut128x16, Block4x4, Row4, Twice<Twice<OneLoad>>, PartialLoad>(b, sizes, groups, left, right, result);
                break;
            default:
                AddTile<A, B, S, Cut16x128, Block4x4, Row4, PartialLoad, Twice<Twice<OneLoad>>>(b, sizes, groups, left, right, result);
                break;
        }
    }

    private static void AddTile<A, B, S, C, K, R, FA, FB>(KernelBinding b, GemmSizes s, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where C : struct, ICut
        where K : struct, IBlock<K, R> where R : struct, IRow<R> where FA : struct, IStage<FA> where FB : struct, IStage<FB>
    {
        int threads = GemmKernels.Threads<C, K, R>();
        var config = new KernelConfig(new Index3D((s.N + C.N - 1) / C.N, (s.M + C.M - 1) / C.M, groups * s.Splits), new Index3D(threads, 1, 1));
        var specialization = new KernelSpecialization(threads, C.Resident);
        if (s.Splits == 1)
        {
            var run = b.Loader.Groups<A, B, S, GemmSizes>(GemmKernels.Tiled<A, B, S, C, K, R, FA, FB>, specialization);
            b.Launch(() => run(config, left, right, result, s));
            return;
        }
        var partial = b.Loader.Groups<A, B, PartialResult, GemmSizes>(GemmKernels.Tiled<A, B, PartialResult, C, K, R, FA, FB>, specialization);
        AddSplit(b, s, groups, result, parts => partial(config, left, right, parts, s));
    }

    private static void AddRowByGroups<A, B, S>(KernelBinding b, GemmSizes sizes, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        var run = b.Loader.Groups<A, B, S, GemmSizes>(GemmKernels.RowByGroups<A, B, S>, new KernelSpecialization(GemmKernels.RowThreads, null));
        var config = new KernelConfig(new Index3D(sizes.N, 1, groups), new Index3D(GemmKernels.RowThreads, 1, 1));
        b.Launch(() => run(config, left, right, result, sizes));
    }

    private static void AddRowByThreads<A, B, S>(KernelBinding b, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        int tiles = (n + GemmKernels.RowThreads - 1) / GemmKernels.RowThreads;
        (_, GemmSizes sizes) = TileChoice.Of([new TileSize(1, GemmKernels.RowThreads, 1, 4, 8, 16)], 1, n, k, groups, b.Multiprocessors);
        var specialization = new KernelSpecialization(GemmKernels.RowThreads, null);
        var config = new KernelConfig(new Index3D(tiles, 1, groups * sizes.Splits), new Index3D(GemmKernels.RowThreads, 1, 1));
        if (sizes.Splits == 1)
        {
            var run = b.Loader.Groups<A, B, S, GemmSizes>(GemmKernels.RowByThreads<A, B, S>, specialization);
            b.Launch(() => run(config, left, right, result, sizes));
            return;
        }
        var partial = b.Loader.Groups<A, B, PartialResult, GemmSizes>(GemmKernels.RowByThreads<A, B, PartialResult>, specialization);
        AddSplit(b, sizes, groups, result, parts => partial(config, left, right, parts, sizes));
    }

    /// <summary>Split-K: writes partial sums to scratch memory, then adds them, always in the same order.</summary>
    public static void AddSplit<S>(KernelBinding b, GemmSizes sizes, int groups, S result, Action<PartialResult> partial) where S : struct, IResult
    {
        KernelScratchRegion scratch = b.Scratch((long)groups * sizes.Splits * sizes.M * sizes.N);
        var add = b.Loader.Items<ArrayView<float>, S, GemmSizes>(GemmKernels.AddParts<S>);
        b.Launch(() => partial(new PartialResult(scratch.View, sizes)));
        b.Launch(() => add(groups * sizes.M * sizes.N, scratch.View, result, sizes));
    }
}
