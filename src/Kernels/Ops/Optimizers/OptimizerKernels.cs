using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Optimizers;

/// <summary><see cref="OptimizerConstants"/> as kernel arguments.</summary>
/// <param name="Scaled">1 if gradients are multiplied by a factor on the device.</param>
internal readonly record struct UpdateConstants(float RateFactor, float Decay, float A, float B, float RestA, float RestB, float Epsilon, float ClipValue, int Scaled);

/// <summary>GPU kernels of optimizers.</summary>
internal static class OptimizerKernels
{
    /// <summary>Gradients whose squares one group sums.</summary>
    public const int Block = 4096;

    /// <summary>One step, one thread per weight. Slots that the rule does not have are not accessed.</summary>
    public static void Update<Rule>(
        Index1D i, ArrayView<float> w, ArrayView<float> g, ArrayView<float> hyper, ArrayView<float> factor, ArrayView<float> m0, ArrayView<float> m1, ArrayView<float> m2, UpdateConstants c)
        where Rule : struct, IOptimizerRule
    {
        var h = new Hyper<F32>(
            new F32(hyper[HyperLayout.Rate] * c.RateFactor), new F32(c.Decay), new F32(c.A), new F32(c.B), new F32(c.RestA), new F32(c.RestB), new F32(c.Epsilon),
            new F32(hyper[HyperLayout.Correction1]), new F32(hyper[HyperLayout.Correction2]));
        float gradient = c.Scaled != 0 ? g[i] * factor[0] : g[i];
        F32 clipped = c.ClipValue > 0f ? Real.Clamp(new F32(gradient), new F32(-c.ClipValue), new F32(c.ClipValue)) : new F32(gradient);
        F32 s0 = new(Rule.Slots > 0 ? m0[i] : 0f), s1 = new(Rule.Slots > 1 ? m1[i] : 0f), s2 = new(Rule.Slots > 2 ? m2[i] : 0f);
        w[i] = Rule.Step(new F32(w[i]), clipped, ref s0, ref s1, ref s2, h).Value;
        if (Rule.Slots > 0)
            m0[i] = s0.Value;
        if (Rule.Slots > 1)
            m1[i] = s1.Value;
        if (Rule.Slots > 2)
            m2[i] = s2.Value;
    }

    /// <summary>mean ← mean + (g - mean)·w / (weight + w), one thread per gradient.</summary>
    public static void AddToMean(Index1D i, ArrayView<float> mean, ArrayView<float> weight, ArrayView<float> g, ArrayView<float> own, int samples)
    {
        float w = own.Length > 0 ? own[0] : samples, all = weight[0] + w;
        mean[i] += (g[i] - mean[i]) * (all > 0f ? w / all : 0f);
    }

    /// <summary>average ← decay·average + (1 - decay)·w, one thread per weight.</summary>
    public static void Average(Index1D i, ArrayView<float> average, ArrayView<float> w, ArrayView<float> hyper) =>
        average[i] = Ema.Map.Apply(new F32(average[i]), new F32(w[i]), default, new F32(hyper[HyperLayout.AverageDecay])).Value;

    /// <summary>weight ← weight + w, after all gradients have used it.</summary>
    public static void AddWeight(Index1D i, ArrayView<float> weight, ArrayView<float> own, int samples) =>
        weight[i] += own.Length > 0 ? own[0] : samples;

    /// <summary>Σ g² of a block.</summary>
    public static void SquareBlocks(ArrayView<float> g, int count, ArrayView<float> sums)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int first = Grid.IdxX * Block, length = IntrinsicMath.Min(Block, count - first);
        float sum = 0f;
        for (int i = Group.IdxX; i < length; i += RowTeams.Threads)
            sum += g[first + i] * g[first + i];
        sum = GroupReduce.Sum(room, sum);
        if (Group.IdxX == 0)
            sums[Grid.IdxX] = sum;
    }

    /// <summary>The norm and the factor that keeps it within the limit (0: none), by a single group.</summary>
    public static void FinishNorm(ArrayView<float> sums, int blocks, float limit, ArrayView<float> factor, ArrayView<float> norm)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        float sum = 0f;
        for (int i = Group.IdxX; i < blocks; i += RowTeams.Threads)
            sum += sums[i];
        sum = GroupReduce.Sum(room, sum);
        if (Group.IdxX != 0)
            return;
        float length = MathF.Sqrt(sum);
        float share = limit > 0f ? limit / (length + 1e-6f) : 1f;
        factor[0] = share > 1f ? 1f : share; // NaN is kept
        norm[0] = length;
    }
}
