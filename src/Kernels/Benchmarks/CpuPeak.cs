using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>
/// Measures the processor's peak: multiply-adds that touch no memory, and the triad a = b + s·c (McCalpin's STREAM) over working
/// sets of a cache's size. The loops are its own, so that kernels are compared with the machine, not with
/// themselves.
/// </summary>
internal static unsafe class CpuPeak
{
    private const int Tries = 15;
    private const int Chains = 24;     // independent sums: a latency of 4 cycles times 2 units is 8, with a margin
    private const int Steps = 100_000; // about 0.3 ms

    private static readonly (string Name, long Bytes)[] Sets = [("L2", 512 << 10), ("L3", 6 << 20), ("memory", 192 << 20)];

    public static DevicePeak Measure(int threads)
    {
        double flops = 2.0 * Chains * Simd.Lanes * Steps * threads / Best(threads, worker => Multiply(worker));
        // The L2 set is per core, the others are shared.
        MemoryLevel[] levels = [.. Sets.Select((s, i) => Level(s.Name, i == 0 ? s.Bytes * threads : s.Bytes, threads))];
        return new DevicePeak(flops, levels, $"fused multiply-adds in {Simd.Description} registers and a triad, {threads} thread{(threads == 1 ? "" : "s")}");
    }

    private static MemoryLevel Level(string name, long bytes, int threads)
    {
        int floats = (int)(bytes / 3 / sizeof(float) / threads / Simd.Lanes) * Simd.Lanes;
        long moved = 3L * floats * sizeof(float);
        int repeats = (int)Math.Max(1, (32L << 20) / moved);
        float* memory = (float*)NativeMemory.AlignedAlloc((nuint)(moved * threads), 64);
        new Span<byte>(memory, checked((int)(moved * threads))).Clear();
        double seconds = Best(threads, worker => Triad(memory + (3L * floats * worker), floats, repeats));
        NativeMemory.AlignedFree(memory);
        return new MemoryLevel(name, bytes, (double)moved * repeats * threads / seconds);
    }

    // Separate threads that start together; the slowest one's time counts.
    private static double Best(int threads, Action<int> body)
    {
        double best = double.PositiveInfinity;
        using var barrier = new Barrier(threads);
        var seconds = new double[threads];
        Thread[] team = [.. Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            for (int i = 0; i < Tries; i++)
            {
                barrier.SignalAndWait();
                long begin = Stopwatch.GetTimestamp();
                body(worker);
                seconds[worker] = Stopwatch.GetElapsedTime(begin).TotalSeconds;
                barrier.SignalAndWait();
                if (worker == 0)
                    best = Math.Min(best, seconds.Max());
            }
        }))];
        foreach (Thread thread in team)
            thread.Start();
        foreach (Thread thread in team)
            thread.Join();
        return best;
    }

    private static float Multiply(int seed)
    {
        if (Simd.Is512)
            return Multiply<V512>(seed);
        return Simd.Is256 ? Multiply<V256>(seed) : Multiply<V128>(seed);
    }

    private static void Triad(float* memory, int floats, int repeats)
    {
        if (Simd.Is512)
            Triad<V512>(memory, floats, repeats);
        else if (Simd.Is256)
            Triad<V256>(memory, floats, repeats);
        else
            Triad<V128>(memory, floats, repeats);
    }

    // Two rounds of 12 with 16 registers, one of 24 with 32: the same work.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Multiply<V>(int seed) where V : struct, IVector<V>
    {
        V x = V.Of(0.999 + (seed * 1e-6)), y = V.Of(1e-3);
        V a0 = y, a1 = y, a2 = y, a3 = y, a4 = y, a5 = y, a6 = y, a7 = y, a8 = y, a9 = y, a10 = y, a11 = y;
        if (V.Lanes < 16)
        {
            for (int i = 0; i < 2 * Steps; i++)
            {
                a0 = V.Fma(a0, x, y); a1 = V.Fma(a1, x, y); a2 = V.Fma(a2, x, y); a3 = V.Fma(a3, x, y);
                a4 = V.Fma(a4, x, y); a5 = V.Fma(a5, x, y); a6 = V.Fma(a6, x, y); a7 = V.Fma(a7, x, y);
                a8 = V.Fma(a8, x, y); a9 = V.Fma(a9, x, y); a10 = V.Fma(a10, x, y); a11 = V.Fma(a11, x, y);
            }
            return (a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11).Sum();
        }
        V b0 = y, b1 = y, b2 = y, b3 = y, b4 = y, b5 = y, b6 = y, b7 = y, b8 = y, b9 = y, b10 = y, b11 = y;
        for (int i = 0; i < Steps; i++)
        {
            a0 = V.Fma(a0, x, y); a1 = V.Fma(a1, x, y); a2 = V.Fma(a2, x, y); a3 = V.Fma(a3, x, y);
            a4 = V.Fma(a4, x, y); a5 = V.Fma(a5, x, y); a6 = V.Fma(a6, x, y); a7 = V.Fma(a7, x, y);
            a8 = V.Fma(a8, x, y); a9 = V.Fma(a9, x, y); a10 = V.Fma(a10, x, y); a11 = V.Fma(a11, x, y);
            b0 = V.Fma(b0, x, y); b1 = V.Fma(b1, x, y); b2 = V.Fma(b2, x, y); b3 = V.Fma(b3, x, y);
            b4 = V.Fma(b4, x, y); b5 = V.Fma(b5, x, y); b6 = V.Fma(b6, x, y); b7 = V.Fma(b7, x, y);
            b8 = V.Fma(b8, x, y); b9 = V.Fma(b9, x, y); b10 = V.Fma(b10, x, y); b11 = V.Fma(b11, x, y);
        }
        return (a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11 + b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7 + b8 + b9 + b10 + b11).Sum();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Triad<V>(float* a, int floats, int repeats) where V : struct, IVector<V>
    {
        float* b = a + floats, c = b + floats;
        V s = V.Of(3);
        for (; repeats > 0; repeats--)
        {
            for (nint i = 0; i < floats; i += V.Lanes)
                V.Fma(s, V.Load(c + i), V.Load(b + i)).Store(a + i);
        }
    }
}
