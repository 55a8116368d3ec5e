using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Accelerated.Products;

/// <summary>Sizes of a product, as its kernels get them. The sum is cut into <c>Splits</c> parts of <c>Chunk</c> steps.</summary>
internal readonly record struct ProductSizes(int M, int N, int K, int Splits, int Chunk);

/// <summary>The kernels of products.</summary>
internal static class ProductKernels
{
    /// <summary>Threads of a group that reduces, a power of two.</summary>
    public const int RowThreads = 128;

    public static int Threads<T>() where T : struct, ITile => T.M / T.ThreadM * (T.N / T.ThreadN);

    /// <summary>
    /// A tile of the result for each group. While the threads multiply what lies in one half of the shared memory, the next
    /// steps of the sum are on their way from global memory into registers, and from there into the other half.
    /// </summary>
    public static void Tiled<A, B, S, T>(A a, B b, S result, ProductSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult where T : struct, ITile
    {
        int threads = T.M / T.ThreadM * (T.N / T.ThreadN);
        int rowA = T.M + 4, rowB = T.N + 4; // the pad keeps threads that store down a column out of each other's banks
        ArrayView<float> tileA = SharedMemory.Allocate<float>(2 * T.K * (T.M + 4));
        ArrayView<float> tileB = SharedMemory.Allocate<float>(2 * T.K * (T.N + 4));
        int loadsA = ((T.M * T.K / 4) + threads - 1) / threads, loadsB = ((T.N * T.K / 4) + threads - 1) / threads;
        int thread = Group.IdxX, group = Grid.IdxZ / s.Splits, part = Grid.IdxZ % s.Splits;
        int firstM = Grid.IdxY * T.M, firstN = Grid.IdxX * T.N;
        int begin = part * s.Chunk, end = Math.Min(begin + s.Chunk, s.K);
        int threadN = thread % (T.N / T.ThreadN) * 4, threadM = thread / (T.N / T.ThreadN) * 4;

        ArrayView<float> sums = LocalMemory.Allocate<float>(T.ThreadM * T.ThreadN);
        for (int i = 0; i < T.ThreadM * T.ThreadN; i++)
            sums[i] = 0f;
        ArrayView<Float4> nextA = LocalMemory.Allocate<Float4>(((T.M * T.K / 4) + (T.M / T.ThreadM * (T.N / T.ThreadN)) - 1) / (T.M / T.ThreadM * (T.N / T.ThreadN)));
        ArrayView<Float4> nextB = LocalMemory.Allocate<Float4>(((T.N * T.K / 4) + (T.M / T.ThreadM * (T.N / T.ThreadN)) - 1) / (T.M / T.ThreadM * (T.N / T.ThreadN)));
        ArrayView<float> x = LocalMemory.Allocate<float>(T.ThreadM), y = LocalMemory.Allocate<float>(T.ThreadN);

        for (int l = 0; l < loadsA; l++)
            nextA[l] = Fetch(a, group, firstM, begin, end, T.M, T.K, thread + (l * threads));
        for (int l = 0; l < loadsB; l++)
            nextB[l] = Fetch(b, group, firstN, begin, end, T.N, T.K, thread + (l * threads));
        int half = 0;
        for (int k0 = begin; k0 < end; k0 += T.K)
        {
            int atA = half * T.K * rowA, atB = half * T.K * rowB;
            for (int l = 0; l < loadsA; l++)
                Put<A>(tileA, atA, rowA, T.M, T.K, thread + (l * threads), nextA[l]);
            for (int l = 0; l < loadsB; l++)
                Put<B>(tileB, atB, rowB, T.N, T.K, thread + (l * threads), nextB[l]);
            Group.Barrier();
            if (k0 + T.K < end)
            {
                for (int l = 0; l < loadsA; l++)
                    nextA[l] = Fetch(a, group, firstM, k0 + T.K, end, T.M, T.K, thread + (l * threads));
                for (int l = 0; l < loadsB; l++)
                    nextB[l] = Fetch(b, group, firstN, k0 + T.K, end, T.N, T.K, thread + (l * threads));
            }
            for (int k = 0; k < T.K; k++)
            {
                for (int i = 0; i < T.ThreadM; i += 4)
                {
                    Float4 four = tileA.Cast<Float4>()[(atA + (k * rowA) + threadM + (i * (T.M / T.ThreadM))) / 4];
                    (x[i], x[i + 1], x[i + 2], x[i + 3]) = (four.X, four.Y, four.Z, four.W);
                }
                for (int j = 0; j < T.ThreadN; j += 4)
                {
                    Float4 four = tileB.Cast<Float4>()[(atB + (k * rowB) + threadN + (j * (T.N / T.ThreadN))) / 4];
                    (y[j], y[j + 1], y[j + 2], y[j + 3]) = (four.X, four.Y, four.Z, four.W);
                }
                for (int i = 0; i < T.ThreadM; i++)
                {
                    for (int j = 0; j < T.ThreadN; j++)
                        sums[(i * T.ThreadN) + j] = MultiplyAdd.Of(x[i], y[j], sums[(i * T.ThreadN) + j]);
                }
            }
            half = 1 - half; // the barrier of the next round keeps a fast thread from overwriting what a slow one still reads
        }

        for (int i = 0; i < T.ThreadM; i++)
        {
            for (int j = 0; j < T.ThreadN; j++)
            {
                int m = firstM + threadM + (i / 4 * 4 * (T.M / T.ThreadM)) + (i % 4), n = firstN + threadN + (j / 4 * 4 * (T.N / T.ThreadN)) + (j % 4);
                if (m < s.M && n < s.N)
                    result.Store(group, part, m, n, sums[(i * T.ThreadN) + j]);
            }
        }
    }

    /// <summary>One row, the other factor stored along the sum: a group adds up each element of the result.</summary>
    public static void RowByGroups<A, B, S>(A a, B b, S result, ProductSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        ArrayView<float> sums = SharedMemory.Allocate<float>(RowThreads);
        int thread = Group.IdxX, n = Grid.IdxX, group = Grid.IdxZ;
        float sum = 0f;
        for (int k = thread; k < s.K; k += RowThreads)
            sum = MultiplyAdd.Of(a.At(group, 0, k), b.At(group, n, k), sum);
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

    /// <summary>One row, the other factor stored along the row: a thread adds up each element of a part of the sum.</summary>
    public static void RowByThreads<A, B, S>(A a, B b, S result, ProductSizes s)
        where A : struct, IOperand where B : struct, IOperand where S : struct, IResult
    {
        int n = (Grid.IdxX * Group.DimX) + Group.IdxX, group = Grid.IdxZ / s.Splits, part = Grid.IdxZ % s.Splits;
        if (n >= s.N)
            return;
        int begin = part * s.Chunk, end = Math.Min(begin + s.Chunk, s.K);
        float sum = 0f;
        for (int k = begin; k < end; k++)
            sum = MultiplyAdd.Of(a.At(group, 0, k), b.At(group, n, k), sum);
        result.Store(group, part, 0, n, sum);
    }

    /// <summary>Adds the parts of a sum, always in the same order.</summary>
    public static void AddParts<S>(Index1D i, ArrayView<float> parts, S result, ProductSizes s) where S : struct, IResult
    {
        int size = s.M * s.N, group = i / size, at = i % size;
        float sum = 0f;
        for (int part = 0; part < s.Splits; part++)
            sum += parts[((long)((group * s.Splits) + part) * size) + at];
        result.Store(group, 0, at / s.N, at % s.N, sum);
    }

    // The e-th four elements of a tile that begins at (first, k0): neighbouring threads read neighbours in memory.
    public static Float4 Fetch<A>(A a, int group, int first, int k0, int end, int size, int steps, int e) where A : struct, IOperand
    {
        int i = A.AlongK ? e / (steps / 4) : e % (size / 4) * 4, k = A.AlongK ? e % (steps / 4) * 4 : e / (size / 4);
        return e < size * steps / 4 && k0 + k < end ? a.Four(group, first + i, k0 + k) : new Float4(0f, 0f, 0f, 0f);
    }

    public static void Put<A>(ArrayView<float> tile, int begin, int row, int size, int steps, int e, Float4 four) where A : struct, IOperand
    {
        if (e >= size * steps / 4)
            return;
        if (A.AlongK)
        {
            int i = e / (steps / 4), at = begin + (e % (steps / 4) * 4 * row) + i;
            tile[at] = four.X;
            tile[at + row] = four.Y;
            tile[at + (2 * row)] = four.Z;
            tile[at + (3 * row)] = four.W;
        }
        else
            tile.Cast<Float4>()[(begin + (e / (size / 4) * row) + (e % (size / 4) * 4)) / 4] = four;
    }
}
