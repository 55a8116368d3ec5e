using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// Causal attention for one further step of a sequence: its keys and values are stored in a cache, and its queries attend to all that are there. The cost
/// of a step grows with the steps before it; nothing is recomputed.
/// </summary>
/// <remarks>
/// Inputs: qkv [N, 1, (Heads + 2·Groups)·D] in the layout of <see cref="AttentionSizes"/>; cache [N, most, 2·Groups·D] (changed), per step the keys of all
/// groups, then their values; the step's position, int [1], clamped to 0 … most - 1. Output: y [N, 1, Heads·D]. It has no gradient: it is for generating.
/// </remarks>
/// <param name="Heads">Number of query heads.</param>
/// <param name="Groups">Number of key and value heads.</param>
/// <param name="Alibi">As for <see cref="Attention"/>.</param>
public sealed record StepAttention(int Heads, int Groups, bool Alibi = false) : Op
{
    private static readonly int[] Changed = [1];

    // Vectors of scores extend beyond the last.
    private const int Lane = 16;

    public override ReadOnlySpan<int> Updates => Changed;

    private double[] Slopes => Alibi ? AlibiSlopes.Of(Heads) : new double[Heads];

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 3, Name);
        AttentionSizes s = AttentionSizes.Check(inputs[0], Heads, Groups);
        Expect.Shape(inputs[0], inputs[0].Shape.With(1, 1), "qkv");
        Expect.Rank(inputs[1], 3, "cache", "[N, most, keys and values]");
        Expect.Shape(inputs[1], new Shape(s.N, inputs[1].Shape[1], 2 * Groups * s.Width), "cache");
        Expect.Element(inputs[2], ElementType.Int32, "position");
        Expect.Shape(inputs[2], new Shape(1), "position");
        return [new TensorType(new Shape(s.N, 1, s.OutRow))];
    }

    public override Cost Cost(Node node) => new(4.0 * node.Inputs[1].Shape.Length * Heads / Groups / 2, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        AttentionSizes s = AttentionSizes.Of(a.InShape(0), Heads, Groups);
        Cache c = CacheOf(a.InShape(1), s);
        int position = Math.Clamp(a.InInt(2)[0], 0, c.Most - 1);
        var scores = new double[position + 1];
        double[] slopes = Slopes;
        for (int n = 0; n < s.N; n++)
        {
            a.In(0).Slice((int)s.Key(n, 0, 0), c.Row).CopyTo(a.Updated(1)[c.Key(n, position, 0)..]);
            for (int head = 0; head < Heads; head++)
            {
                Span<double> y = a.Out().Slice((int)s.Out(n, 0, head), s.Width);
                for (int t = 0; t <= position; t++)
                    scores[t] = s.Score(a.In(0).Slice((int)s.Query(n, 0, head), s.Width), a.Updated(1).Slice(c.Key(n, t, head / s.Share), s.Width), slopes[head], position - t);
                double most = scores.Max(), sum = scores.Sum(score => Math.Exp(score - most));
                y.Clear();
                for (int t = 0; t <= position; t++)
                    AttentionGradient.AddTo(y, Math.Exp(scores[t] - most) / sum, a.Updated(1).Slice(c.Value(n, t, head / s.Share), s.Width));
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(0), Heads, Groups);
        Cache c = CacheOf(b.InShape(1), s);
        float* qkv = b.In(0), cache = b.Updated(1), y = b.Out();
        int* at = b.InInt(2);
        WorkerScratch scores = b.ScratchOfWorkers(c.Most + Lane);
        double[] slopes = Slopes;
        b.Parallel(s.N * Groups, (begin, end, worker) =>
        {
            int position = Math.Clamp(*at, 0, c.Most - 1);
            float* own = scores.Of(worker);
            for (int item = begin; item < end; item++)
            {
                (int n, int group) = Math.DivRem(item, Groups);
                Copies.Copy(qkv + s.Key(n, 0, group), cache + c.Key(n, position, group), s.Width);
                Copies.Copy(qkv + s.Value(n, 0, group), cache + c.Value(n, position, group), s.Width);
                for (int head = group * s.Share; head < (group + 1) * s.Share; head++)
                {
                    for (int t = 0; t <= position; t++)
                        own[t] = (float)s.Scale * Sums.Dot(qkv + s.Query(n, 0, head), cache + c.Key(n, t, group), s.Width);
                    if (Alibi)
                        AttentionRows.Recede(own, position + 1, (float)slopes[head], position);
                    float sum = AttentionRows.Exp(own, position + 1, position + 1, AttentionRows.Max(own, position + 1));
                    float* result = y + s.Out(n, 0, head);
                    AttentionRows.AddUp(own, cache + c.Value(n, 0, group), c.Row, position + 1, result, s.Width);
                    AttentionRows.Scale(result, 1 / sum, result, s.Width);
                }
            }
        });
    }

    public override void Kernel(KernelBinding b)
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(0), Heads, Groups);
        var sizes = new StepAttentionSizes(s, b.InShape(1)[1]);
        ArrayView<float> qkv = b.In(0), cache = b.Updated(1), y = b.Out();
        ArrayView<int> position = b.InInt(2);
        ArrayView<float> slopes = b.Table<float>([.. Slopes.Select(slope => (float)slope)]);
        KernelScratchRegion scores = b.Scratch((long)s.N * Heads * sizes.Most);
        var keep = b.Loader.Items<ArrayView<float>, ArrayView<int>, StepAttentionSizes, ArrayView<float>>(StepAttentionKernels.Keep);
        var score = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<float>, StepAttentionSizes, ArrayView<float>>(StepAttentionKernels.Score);
        var mix = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<int>, StepAttentionSizes, ArrayView<float>>(StepAttentionKernels.Mix);
        int heads = s.N * Heads;
        b.Launch(() => keep(s.N * sizes.CacheRow, qkv, position, sizes, cache));
        b.Launch(() => score(heads * sizes.Most, qkv, cache, position, slopes, sizes, scores.View));
        b.Launch(() => mix(heads * sizes.Width, scores.View, cache, position, sizes, y));
    }

    private static Cache CacheOf(Shape cache, AttentionSizes s) => new(cache[1], s.Groups, s.Width);

    /// <summary>Offset of a step's keys and values in the cache [N, most, 2·Groups·Width].</summary>
    private readonly record struct Cache(int Most, int Groups, int Width)
    {
        public int Row => 2 * Groups * Width;

        public int Key(int n, int t, int group) => checked((((n * Most) + t) * Row) + (group * Width));

        public int Value(int n, int t, int group) => Key(n, t, Groups + group);
    }
}

/// <summary>The sizes, as kernel arguments.</summary>
internal readonly struct StepAttentionSizes(AttentionSizes s, int most)
{
    public readonly int Most = most, Heads = s.Heads, Share = s.Share, Width = s.Width, Row = s.Row, Queries = s.Heads * s.Width, CacheRow = 2 * s.Groups * s.Width, Values = s.Groups * s.Width;
    public readonly float Scale = (float)s.Scale;
}

internal static class StepAttentionKernels
{
    /// <summary>Stores keys and values in the cache, one thread per element.</summary>
    public static void Keep(Index1D i, ArrayView<float> qkv, ArrayView<int> position, StepAttentionSizes s, ArrayView<float> cache)
    {
        int n = i.X / s.CacheRow, column = i.X % s.CacheRow;
        cache[(((n * s.Most) + At(position, s)) * s.CacheRow) + column] = qkv[(n * s.Row) + s.Queries + column];
    }

    /// <summary>The score of a head's query and a key, one thread each; those after the position are left alone.</summary>
    public static void Score(Index1D i, ArrayView<float> qkv, ArrayView<float> cache, ArrayView<int> position, ArrayView<float> slopes, StepAttentionSizes s, ArrayView<float> scores)
    {
        int row = i.X / s.Most, t = i.X % s.Most, n = row / s.Heads, head = row % s.Heads;
        if (t > At(position, s))
            return;
        int query = (n * s.Row) + (head * s.Width), key = (((n * s.Most) + t) * s.CacheRow) + (head / s.Share * s.Width);
        float sum = 0f;
        for (int k = 0; k < s.Width; k++)
            sum += qkv[query + k] * cache[key + k];
        scores[i] = (sum * s.Scale) - (slopes[head] * (At(position, s) - t));
    }

    /// <summary>An element of a head's result, one thread each.</summary>
    public static void Mix(Index1D i, ArrayView<float> scores, ArrayView<float> cache, ArrayView<int> position, StepAttentionSizes s, ArrayView<float> y)
    {
        int row = i.X / s.Width, k = i.X % s.Width, n = row / s.Heads, head = row % s.Heads, end = At(position, s) + 1, first = row * s.Most;
        int value = (n * s.Most * s.CacheRow) + s.Values + (head / s.Share * s.Width) + k;
        float most = scores[first];
        for (int t = 1; t < end; t++)
            most = scores[first + t] > most ? scores[first + t] : most;
        float sum = 0f, mixed = 0f;
        for (int t = 0; t < end; t++)
        {
            float weight = KernelMath.Exp(scores[first + t] - most);
            sum += weight;
            mixed += weight * cache[value + (t * s.CacheRow)];
        }
        y[i] = mixed / sum;
    }

    private static int At(ArrayView<int> position, StepAttentionSizes s) => IntrinsicMath.Clamp(position[0], 0, s.Most - 1);
}
