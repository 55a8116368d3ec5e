using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Sizes of a GEMM as kernel arguments. The sum over K is split into <c>Splits</c> parts of <c>Chunk</c> steps (split-K).</summary>
internal readonly record struct GemmSizes(int M, int N, int K, int Splits, int Chunk);

/// <summary>GEMM kernels without tensor cores.</summary>
internal static class GemmKernels
{
    /// <summary>Group size of <see cref="RowByGroups"/>, a power of two.</summary>
    public const int RowThreads = 128;

    private const int Pad = 4; // floats after each row of a tile, so that threads that store down a column hit different banks

    /// <summary>Group size of <see cref="Tiled"/>.</summary>
    public static int Threads<C, K, R>() where C : struct, ICut where K : struct, IBlock<K, R> where R : struct, IRow<R> => C.M / K.Height * (C.N / R.Width);

    /// <summary>
    /// Computes one tile of the result per group, double-buffered: while the threads multiply from one half of the shared memory, they load the
    /// next steps of K from global memory into registers, and from there into the other half.
    /// </summary>
    /// <remarks>
    /// C is the group's tile, K the block of it that a thread computes and R a row of that block; FA and FB are a thread's loads of the
    /// factors. A thread's rows and columns come in groups of four, interleaved with those of the other threads.
    /// </remarks>
    public static void Tiled<A, B, S, C, K, R, FA, FB>(A a, B b, S result, GemmSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where C : struct, ICut
        where K : struct, IBlock<K, R> where R : struct, IRow<R> where FA : struct, IStage<FA> where FB : struct, IStage<FB>
    {
        int rowA = C.M + Pad, rowB = C.N + Pad;
        ArrayView<float> tileA = SharedMemory.Allocate<float>(2 * C.K * (C.M + Pad));
        ArrayView<float> tileB = SharedMemory.Allocate<float>(2 * C.K * (C.N + Pad));
        int group = Grid.IdxZ / s.Splits, part = Grid.IdxZ % s.Splits;
        int firstM = Grid.IdxY * C.M, firstN = Grid.IdxX * C.N;
        int begin = part * s.Chunk, end = Math.Min(begin + s.Chunk, s.K);
        int down = C.M / K.Height, across = C.N / R.Width, row = Group.IdxX / across, column = Group.IdxX % across;
        FA nextA = FA.Find<A, RowPerStep>(a, group, firstM, C.M, C.K, rowA, Group.IdxX, Threads<C, K, R>());
        FB nextB = FB.Find<B, RowPerStep>(b, group, firstN, C.N, C.K, rowB, Group.IdxX, Threads<C, K, R>());
        nextA = nextA.Load<A, RowPerStep>(a, begin);
        nextB = nextB.Load<B, RowPerStep>(b, begin);
        K sums = default;
        int atA = 0, atB = 0;
        for (int k0 = begin; k0 < end; k0 += C.K)
        {
            nextA.Put<A, RowPerStep>(tileA, atA, rowA);
            nextB.Put<B, RowPerStep>(tileB, atB, rowB);
            Group.Barrier();
            if (k0 + C.K < end)
            {
                nextA = nextA.Load<A, RowPerStep>(a, k0 + C.K);
                nextB = nextB.Load<B, RowPerStep>(b, k0 + C.K);
            }
            int left = (atA >> 2) + row, right = (atB >> 2) + column;
            for (int k = 0; k < C.K; k += 4)
            {
                sums = sums.MultiplyAdd(tileA.Cast<Float4>(), left, down, R.Load(tileB.Cast<Float4>(), right, across));
                sums = sums.MultiplyAdd(tileA.Cast<Float4>(), left + (rowA / 4), down, R.Load(tileB.Cast<Float4>(), right + (rowB / 4), across));
                sums = sums.MultiplyAdd(tileA.Cast<Float4>(), left + (rowA / 2), down, R.Load(tileB.Cast<Float4>(), right + (rowB / 2), across));
                sums = sums.MultiplyAdd(tileA.Cast<Float4>(), left + (3 * rowA / 4), down, R.Load(tileB.Cast<Float4>(), right + (3 * rowB / 4), across));
                left += rowA;
                right += rowB;
            }
            // The next round's barrier keeps a fast thread from overwriting what a slow one still reads.
            atA = (C.K * rowA) - atA;
            atB = (C.K * rowB) - atB;
        }
        for (int i = 0; i < K.Height; i++)
        {
            int m = firstM + (((i / 4 * down) + row) * 4) + (i % 4);
            if (m < s.M)
                sums.First.Store(result, group, part, m, firstN + (column * 4), across * 4, s);
            sums = sums.Next(sums.First);
        }
    }

    /// <summary>For one row and a right factor that is contiguous along K: a group computes each element of the result.</summary>
    public static void RowByGroups<A, B, S>(A a, B b, S result, GemmSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        ArrayView<float> sums = SharedMemory.Allocate<float>(RowThreads);
        int thread = Group.IdxX, n = Grid.IdxX, group = Grid.IdxZ;
        Place left = a.Find(group, 0), right = b.Find(group, n);
        float sum = 0f;
        for (int k = thread; k < s.K; k += RowThreads)
            sum = MultiplyAdd.Of(a.At(left, k), b.At(right, k), sum);
        sums[thread] = sum;
        Group.Barrier();
        for (int width = RowThreads / 2; width > 0; width /= 2)
        {
            if (thread < width)
                sums[thread] += sums[thread + width];
            Group.Barrier();
        }
        if (thread == 0)
            result.Store(group, 0, 0, n, sums[0]);
    }

    /// <summary>For one row and a right factor that is contiguous along N: a thread computes each element, for one part of K.</summary>
    public static void RowByThreads<A, B, S>(A a, B b, S result, GemmSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        int n = (Grid.IdxX * Group.DimX) + Group.IdxX, group = Grid.IdxZ / s.Splits, part = Grid.IdxZ % s.Splits;
        if (n >= s.N)
            return;
        int begin = part * s.Chunk, end = Math.Min(begin + s.Chunk, s.K);
        Place left = a.Find(group, 0), right = b.Find(group, n);
        float sum = 0f;
        for (int k = begin; k < end; k++)
            sum = MultiplyAdd.Of(a.At(left, k), b.At(right, k), sum);
        result.Store(group, part, 0, n, sum);
    }

    /// <summary>Adds the parts of split sums, always in the same order.</summary>
    public static void AddParts<S>(Index1D i, ArrayView<float> parts, S result, GemmSizes s) where S : struct, IResult
    {
        int size = s.M * s.N, group = i / size, at = i % size;
        float sum = 0f;
        for (int part = 0; part < s.Splits; part++)
            sum += parts[((long)((group * s.Splits) + part) * size) + at];
        result.Store(group, 0, at / s.N, at % s.N, sum);
    }
}
