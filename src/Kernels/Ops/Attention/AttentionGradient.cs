using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// The gradient of <see cref="Attention"/> with respect to queries, keys and values. With P = e^(S - ln Σ e^S) and δ = Σ dy·y of each query:
/// dV = Pᵀ·dy, dS = P ∘ (dy·Vᵀ - δ), dQ = dS·K/√D, dK = dSᵀ·Q/√D. Scores are recomputed block by block. With dropout, where M are the factors on the weights,
/// dV = (P ∘ M)ᵀ·dy and dS = P ∘ (dy·Vᵀ ∘ M - δ).
/// </summary>
/// <remarks>Inputs: dy [N, T, Heads·D], qkv, y, ln Σ e^score [N, Heads, T], if padded lengths int [N], with dropout rng. Output: as qkv.</remarks>
public sealed record AttentionGradient(Attention Of) : Op, IKernelRowsUser
{
    private int Inputs => 4 + (Of.Padded ? 1 : 0) + (Of.Drops ? 1 : 0);

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Inputs, Name);
        Expect.Shape(inputs[0], inputs[2].Shape, "dy");
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new(Of.Flops(node.Inputs[1].Shape, 10), node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        AttentionSizes s = AttentionSizes.Of(a.InShape(1), Of.Heads, Of.Groups);
        a.Out().Clear();
        double[] slopes = Of.Slopes();
        DropoutMask? mask = Of.Drops ? new DropoutMask(a.InInt(Inputs - 1), Of.Stream, Of.DropRate, s.WeightsOfSample) : null;
        for (int n = 0; n < s.N; n++)
        {
            int length = Of.Padded ? Math.Clamp(a.InInt(4)[n], 1, s.T) : s.T;
            for (int head = 0; head < s.Heads; head++)
            {
                for (int t = 0; t < length; t++)
                    AddQuery(a, s, (n, t, head), slopes[head], mask, Of.Causal ? t + 1 : length);
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(1), Of.Heads, Of.Groups);
        new CpuAttentionGradient(s, Of.Causal, Of.Slopes(), b.In(0), b.In(1), b.In(2), b.In(3), Of.Padded ? b.InInt(4) : null, Of.Drops ? new CpuAttentionDropout(s, b.InInt(Inputs - 1), Of.Stream, Of.DropRate) : null, b.Out()).AddPhases(b);
    }

    public override void Kernel(KernelBinding b) => Of.AddFor(b, 1, 4, this);

    internal static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    internal static void AddTo(Span<double> y, double factor, ReadOnlySpan<double> x)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] += factor * x[i];
    }

    private void AddQuery(ReferenceArguments a, AttentionSizes s, (int, int, int) of, double slope, DropoutMask? mask, int keys)
    {
        (int n, int t, int head) = of;
        int group = head / s.Share, out0 = (int)s.Out(n, t, head), query0 = (int)s.Query(n, t, head);
        ReadOnlySpan<double> dy = a.In(0).Slice(out0, s.Width), query = a.In(1).Slice(query0, s.Width);
        double delta = Dot(dy, a.In(2).Slice(out0, s.Width)), logSum = a.In(3)[(int)s.Statistic(n, t, head)];
        for (int j = 0; j < keys; j++)
        {
            int key0 = (int)s.Key(n, j, group), value0 = (int)s.Value(n, j, group);
            ReadOnlySpan<double> key = a.In(1).Slice(key0, s.Width);
            double p = Math.Exp(s.Score(query, key, slope, t - j) - logSum);
            double kept = Of.Kept(mask, s.Weight(n, head, t, j));
            double ds = s.Scale * p * ((Dot(dy, a.In(1).Slice(value0, s.Width)) * kept) - delta);
            AddTo(a.Out().Slice(value0, s.Width), p * kept, dy);
            AddTo(a.Out().Slice(query0, s.Width), ds, key);
            AddTo(a.Out().Slice(key0, s.Width), ds, query);
        }
    }

    void IKernelRowsUser.Add<L>(KernelBinding b, L rows)
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(1), Of.Heads, Of.Groups);
        ArrayView<float> dy = b.In(0), qkv = b.In(1), y = b.In(2), logSums = b.In(3), dqkv = b.Out();
        KernelScratchRegion deltas = b.Scratch((long)s.N * s.Heads * s.T);
        var sizes = new KernelAttentionSizes(s, Of.Causal);
        var queries = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, L, KernelAttentionSizes, ArrayView<float>, ArrayView<float>>(
            AttentionKernels.QueryGradient, AttentionKernels.SpecializationOf<L>());
        var keys = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, L, KernelAttentionSizes, ArrayView<float>>(
            AttentionKernels.KeyGradient, AttentionKernels.SpecializationOf<L>());
        KernelConfig ofQueries = new(sizes.Launches(s.Heads), AttentionKernels.Threads), ofKeys = new(sizes.Launches(s.Groups), AttentionKernels.Threads);
        b.Launch(() => queries(ofQueries, dy, qkv, y, logSums, rows, sizes, deltas.View, dqkv));
        b.Launch(() => keys(ofKeys, dy, qkv, logSums, deltas.View, rows, sizes, dqkv));
    }
}
