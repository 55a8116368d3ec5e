using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.LabelMaps;

/// <summary>A loop over the classes of a vector of positions; neighbouring classes are <c>step</c> floats apart.</summary>
internal interface IClassMap
{
    /// <summary>1, or 2 if b is read.</summary>
    static abstract int Inputs { get; }

    static abstract unsafe void Apply<V>(float* a, float* b, float* y, int classes, int step) where V : struct, IVector<V>;
}

/// <summary>The CPU's loop over positions, a vector of neighbours at a time.</summary>
internal static unsafe class ClassLoop
{
    private const int Chunk = 256; // positions per item: K times as many floats
    private const int Grain = 4096;

    /// <summary>Adds the phase y = f(a, b) for arrays [N, K, places].</summary>
    public static void Add<F>(CpuBinding binding, float* a, float* b, float* y) where F : struct, IClassMap
    {
        LabelMap z = LabelMap.Of(binding.InShape(0));
        int chunks = (z.Places + Chunk - 1) / Chunk;
        // The last positions of a chunk that don't fill a vector, class by class; shared by both inputs and the result.
        WorkerScratch tails = binding.ScratchOfWorkers(3L * z.K * V512.Lanes);
        binding.Parallel(z.N * chunks, (begin, end, worker) =>
        {
            for (int item = begin; item < end; item++)
            {
                int first = item % chunks * Chunk, count = Math.Min(Chunk, z.Places - first);
                long at = ((long)(item / chunks) * z.K * z.Places) + first;
                Run<F>(z, a + at, b + at, y + at, count, tails.Of(worker));
            }
        }, grain: Math.Max(1, Grain / (z.K * Math.Min(Chunk, z.Places))));
    }

    private static void Run<F>(LabelMap z, float* a, float* b, float* y, int count, float* tail) where F : struct, IClassMap
    {
        if (Simd.Is512)
            Run<F, V512>(z, a, b, y, count, tail);
        else if (Simd.Is256)
            Run<F, V256>(z, a, b, y, count, tail);
        else
            Run<F, V128>(z, a, b, y, count, tail);
    }

    private static void Run<F, V>(LabelMap z, float* a, float* b, float* y, int count, float* tail) where F : struct, IClassMap where V : struct, IVector<V>
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            F.Apply<V>(a + i, b + i, y + i, z.K, z.Places);
        if (i == count)
            return;
        float* second = tail + (z.K * V.Lanes), result = second + (z.K * V.Lanes);
        new Span<float>(tail, 2 * z.K * V.Lanes).Clear();
        for (int c = 0; c < z.K; c++)
        {
            for (int j = i; j < count; j++)
            {
                tail[(c * V.Lanes) + j - i] = a[((long)c * z.Places) + j];
                second[(c * V.Lanes) + j - i] = F.Inputs > 1 ? b[((long)c * z.Places) + j] : 0;
            }
        }
        F.Apply<V>(tail, second, result, z.K, V.Lanes);
        for (int c = 0; c < z.K; c++)
        {
            for (int j = i; j < count; j++)
                y[((long)c * z.Places) + j] = result[(c * V.Lanes) + j - i];
        }
    }
}
