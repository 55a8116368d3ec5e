using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>Adds the launch of a permutation to y; <paramref name="strides"/> are the strides of y's axes in x.</summary>
internal sealed class PermuteLaunch(KernelBinding b, Shape y, int[] strides)
{
    // With fewer rows or columns most of a tile would be empty.
    private const int FewestForTiles = 8;

    /// <param name="inner">The axis of y that is contiguous in x.</param>
    public void Add(int inner)
    {
        int last = y.Rank - 1;
        if (inner == last || Math.Min(y[inner], y[last]) < FewestForTiles)
            AddGather(new OuterAxis(strides[0], 0), 1);
        else
            AddTranspose(inner, [.. Enumerable.Range(0, last).Where(a => a != inner)]);
    }

    // Each call adds one more axis inside the outer ones.
    private void AddGather<A>(A axes, int next) where A : struct, IIndexMap
    {
        if (next < y.Rank)
        {
            AddGather(new InnerAxis<A>(axes, y[next], strides[next], 0), next + 1);
            return;
        }
        ArrayView<float> from = b.In(0), to = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, A>(PermuteKernels.Gather<A>);
        b.Launch(() => run(to.IntLength, from, to, axes));
    }

    private void AddTranspose(int inner, int[] others)
    {
        if (others.Length == 0)
            AddTranspose(inner, others, new OuterAxis(0, 0), 0);
        else
            AddTranspose(inner, others, new OuterAxis(strides[others[0]], TargetStride(others[0])), 1);
    }

    private void AddTranspose<A>(int inner, int[] others, A matrices, int next) where A : struct, IIndexMap
    {
        if (next < others.Length)
        {
            int axis = others[next];
            AddTranspose(inner, others, new InnerAxis<A>(matrices, y[axis], strides[axis], TargetStride(axis)), next + 1);
            return;
        }
        var sizes = new TransposeSizes(y[^1], y[inner], strides[^1], TargetStride(inner));
        int tiles = (sizes.Rows + PermuteKernels.Tile - 1) / PermuteKernels.Tile * ((sizes.Columns + PermuteKernels.Tile - 1) / PermuteKernels.Tile);
        var config = new KernelConfig(checked(tiles * (y.Count / sizes.Rows / sizes.Columns)), PermuteKernels.Threads);
        ArrayView<float> from = b.In(0), to = b.Out();
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, A, TransposeSizes>(PermuteKernels.Transpose<A>, new KernelSpecialization(PermuteKernels.Threads, null));
        b.Launch(() => run(config, from, to, matrices, sizes));
    }

    // Stride of an axis in y.
    private int TargetStride(int axis) => y.LengthOf((axis + 1)..);
}
