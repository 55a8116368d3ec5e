using GpuGrad.Kernels.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Accelerated.Products;

/// <summary>Adds the launches of a product, or of several of the same sizes side by side, to a plan.</summary>
internal static class KernelProduct
{
    private const int MostSplits = 64;
    private const int FewestForGroup = 64; // a sum shorter than that is no work for a group of threads
    private const int FewestSteps = 128; // of a part of the sum: fewer are not worth a launch that adds them up

    /// <param name="b">Where the launches go.</param>
    /// <param name="m">Rows of the result.</param>
    /// <param name="n">Columns of the result.</param>
    /// <param name="k">Steps of the sum.</param>
    /// <param name="groups">How many products.</param>
    /// <param name="left">Element (m, k).</param>
    /// <param name="right">Element (n, k).</param>
    /// <param name="result">Takes the sums.</param>
    public static void Add<A, B, S>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        if (b.Node.Op.Precision == Precision.Tf32)
            AddRounded<Rounded<A, Tf32Rounding>, Rounded<B, Tf32Rounding>, S, Tf32Unit>(b, m, n, k, groups, new(left), new(right), result);
        else if (b.Node.Op.Precision == Precision.Bf16)
            AddRounded<Rounded<A, Bf16Rounding>, Rounded<B, Bf16Rounding>, S, Bf16Unit>(b, m, n, k, groups, new(left), new(right), result);
        else
            AddFloats(b, m, n, k, groups, left, right, result);
    }

    // A few rows or columns would leave most of a matrix unit idle.
    private static void AddRounded<A, B, S, U>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where U : struct, IMatrixUnit
    {
        if (m <= 16 || n <= 16 || !TensorCores.AreOn(b.Accelerator))
            AddFloats(b, m, n, k, groups, left, right, result);
        else if (m > 96 && n > 96 && WarpTiles<LargeWarpTile>(m, n) * groups >= b.Multiprocessors)
            AddOnTensorCores<A, B, S, LargeWarpTile, U>(b, m, n, k, groups, left, right, result);
        else
            AddOnTensorCores<A, B, S, SmallWarpTile, U>(b, m, n, k, groups, left, right, result);
    }

    private static void AddFloats<A, B, S>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        if (m == 1 && B.AlongK && k >= FewestForGroup)
            AddRowByGroups(b, new ProductSizes(m, n, k, 1, k), groups, left, right, result);
        else if (m == 1)
            AddRowByThreads(b, n, k, groups, left, right, result);
        else if (n <= 16)
            AddTiled<A, B, S, TallTile>(b, m, n, k, groups, left, right, result);
        else if (m <= 16)
            AddTiled<A, B, S, WideTile>(b, m, n, k, groups, left, right, result);
        else if (m > 96 && n > 96 && Tiles<LargeTile>(m, n) * groups >= b.Multiprocessors)
            AddTiled<A, B, S, LargeTile>(b, m, n, k, groups, left, right, result);
        else if (m > 48 && n > 48 && Tiles<MediumTile>(m, n) * groups * 2 >= b.Multiprocessors)
            AddTiled<A, B, S, MediumTile>(b, m, n, k, groups, left, right, result);
        else
            AddTiled<A, B, S, SmallTile>(b, m, n, k, groups, left, right, result);
    }

    private static int Tiles<T>(int m, int n) where T : struct, ITile => (m + T.M - 1) / T.M * ((n + T.N - 1) / T.N);

    private static void AddTiled<A, B, S, T>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where T : struct, ITile
    {
        ProductSizes sizes = Split(b, m, n, k, Tiles<T>(m, n) * groups, T.K);
        var config = new KernelConfig(new Index3D((n + T.N - 1) / T.N, (m + T.M - 1) / T.M, groups * sizes.Splits), new Index3D(ProductKernels.Threads<T>(), 1, 1));
        var specialization = new KernelSpecialization(ProductKernels.Threads<T>(), null);
        if (sizes.Splits == 1)
        {
            var run = b.Loader.Groups<A, B, S, ProductSizes>(ProductKernels.Tiled<A, B, S, T>, specialization);
            b.Launch(() => run(config, left, right, result, sizes));
            return;
        }
        var partial = b.Loader.Groups<A, B, PartialResult, ProductSizes>(ProductKernels.Tiled<A, B, PartialResult, T>, specialization);
        AddSplit(b, sizes, groups, result, parts => partial(config, left, right, parts, sizes));
    }

    private static int WarpTiles<T>(int m, int n) where T : struct, IWarpTile => (m + T.M - 1) / T.M * ((n + T.N - 1) / T.N);

    private static void AddOnTensorCores<A, B, S, T, U>(KernelBinding b, int m, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where T : struct, IWarpTile where U : struct, IMatrixUnit
    {
        ProductSizes sizes = Split(b, m, n, k, WarpTiles<T>(m, n) * groups, T.K);
        var config = new KernelConfig(new Index3D((n + T.N - 1) / T.N, (m + T.M - 1) / T.M, groups * sizes.Splits), new Index3D(TensorKernels.Threads<T>(), 1, 1));
        var specialization = new KernelSpecialization(TensorKernels.Threads<T>(), null);
        if (sizes.Splits == 1)
        {
            var run = b.Loader.Groups<A, B, S, ProductSizes>(TensorKernels.Tiled<A, B, S, T, U>, specialization);
            b.Launch(() => run(config, left, right, result, sizes));
            return;
        }
        var partial = b.Loader.Groups<A, B, PartialResult, ProductSizes>(TensorKernels.Tiled<A, B, PartialResult, T, U>, specialization);
        AddSplit(b, sizes, groups, result, parts => partial(config, left, right, parts, sizes));
    }

    private static void AddRowByGroups<A, B, S>(KernelBinding b, ProductSizes sizes, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        var run = b.Loader.Groups<A, B, S, ProductSizes>(ProductKernels.RowByGroups<A, B, S>, new KernelSpecialization(ProductKernels.RowThreads, null));
        var config = new KernelConfig(new Index3D(sizes.N, 1, groups), new Index3D(ProductKernels.RowThreads, 1, 1));
        b.Launch(() => run(config, left, right, result, sizes));
    }

    private static void AddRowByThreads<A, B, S>(KernelBinding b, int n, int k, int groups, A left, B right, S result)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        int tiles = (n + ProductKernels.RowThreads - 1) / ProductKernels.RowThreads;
        ProductSizes sizes = Split(b, 1, n, k, tiles * groups, 1);
        var specialization = new KernelSpecialization(ProductKernels.RowThreads, null);
        var config = new KernelConfig(new Index3D(tiles, 1, groups * sizes.Splits), new Index3D(ProductKernels.RowThreads, 1, 1));
        if (sizes.Splits == 1)
        {
            var run = b.Loader.Groups<A, B, S, ProductSizes>(ProductKernels.RowByThreads<A, B, S>, specialization);
            b.Launch(() => run(config, left, right, result, sizes));
            return;
        }
        var partial = b.Loader.Groups<A, B, PartialResult, ProductSizes>(ProductKernels.RowByThreads<A, B, PartialResult>, specialization);
        AddSplit(b, sizes, groups, result, parts => partial(config, left, right, parts, sizes));
    }

    private static void AddSplit<S>(KernelBinding b, ProductSizes sizes, int groups, S result, Action<PartialResult> partial) where S : struct, IResult
    {
        KernelScratchRegion scratch = b.Scratch((long)groups * sizes.Splits * sizes.M * sizes.N);
        var add = b.Loader.Items<ArrayView<float>, S, ProductSizes>(ProductKernels.AddParts<S>);
        b.Launch(() => partial(new PartialResult(scratch.View, sizes)));
        b.Launch(() => add(groups * sizes.M * sizes.N, scratch.View, result, sizes));
    }

    // As many parts as give every multiprocessor two groups of threads.
    private static ProductSizes Split(KernelBinding b, int m, int n, int k, int groups, int step)
    {
        int wanted = Math.Clamp(2 * b.Multiprocessors / groups, 1, Math.Clamp(k / FewestSteps, 1, MostSplits));
        int chunk = (((k + wanted - 1) / wanted) + step - 1) / step * step;
        return new ProductSizes(m, n, k, (k + chunk - 1) / chunk, chunk);
    }
}
