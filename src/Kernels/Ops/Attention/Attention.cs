using GpuGrad.Kernels.Devices.Accelerated;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// Scaled dot-product attention (Vaswani et al., 2017), softmax(QKᵀ/√D)·V of every head, without the T×T matrix: scores are computed block by
/// block with a running maximum and sum (Milakov and Gimelshein, 2018; Dao et al., 2022), and anew for the gradient. Memory grows with T, not T².
/// </summary>
/// <remarks>
/// Inputs: qkv [N, T, (Heads + 2·Groups)·D] as <see cref="AttentionSizes"/> says, and if padded the real steps of each sequence, int [N]. Outputs:
/// y [N, T, Heads·D]; ln Σ e^score of each query [N, Heads, T], kept for the gradient. Steps that are padding are no keys; as queries they give 0.
/// </remarks>
/// <param name="Heads">Heads of queries.</param>
/// <param name="Groups">Heads of keys and values, each for Heads / Groups of the queries' (Ainslie et al., 2023).</param>
/// <param name="Causal">Whether a position sees only itself and those before it.</param>
/// <param name="Padded">Whether lengths are given.</param>
/// <param name="Alibi">Whether scores fall with the distance, by <see cref="AlibiSlopes"/>.</param>
public sealed record Attention(int Heads, int Groups, bool Causal = false, bool Padded = false, bool Alibi = false) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Padded ? 2 : 1, Name);
        AttentionSizes s = AttentionSizes.Check(inputs[0], Heads, Groups);
        if (Padded)
        {
            Expect.Element(inputs[1], ElementType.Int32, "lengths");
            Expect.Shape(inputs[1], new Shape(s.N), "lengths");
        }
        return [new TensorType(new Shape(s.N, s.T, s.OutRow)), new TensorType(new Shape(s.N, Heads, s.T))];
    }

    public override Cost Cost(Node node) => new(Flops(node.Inputs[0].Shape, 4), node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        var op = new AttentionGradient(this);
        Tensor[] inputs = [b.Gradient(), b.Input(0), b.Output(0), b.Output(1)];
        b.Give(0, b.Graph.Add(op, Padded ? [.. inputs, b.Input(1)] : inputs));
    }

    public override void Reference(ReferenceArguments a)
    {
        AttentionSizes s = AttentionSizes.Of(a.InShape(0), Heads, Groups);
        var scores = new double[s.T];
        double[] slopes = Slopes();
        for (int n = 0; n < s.N; n++)
        {
            int length = Padded ? Math.Clamp(a.InInt(1)[n], 1, s.T) : s.T;
            for (int item = 0; item < s.Heads * s.T; item++)
            {
                (int head, int t) = (item / s.T, item % s.T);
                Span<double> y = a.Out(0).Slice((int)s.Out(n, t, head), s.Width);
                y.Clear();
                double logSum = 0;
                if (t < length)
                    logSum = Attend(a.In(0), s, (n, t, head), slopes[head], scores.AsSpan(0, Causal ? t + 1 : length), y);
                a.Out(1)[(int)s.Statistic(n, t, head)] = logSum;
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(0), Heads, Groups);
        new CpuAttention(s, Causal, Slopes(), b.In(0), Padded ? b.InInt(1) : null, b.Out(0), b.Out(1)).AddPhases(b);
    }

    public override void Kernel(KernelBinding b)
    {
        if (Padded)
            AddKernel(b, new GivenLengths(b.InInt(1)));
        else
            AddKernel(b, new FullLengths(b.InShape(0)[1]));

        void AddKernel<L>(KernelBinding b, L lengths) where L : struct, IKernelRows
        {
            if (Alibi)
                AddForward(b, WithSlopes(b, b.InShape(0), lengths));
            else
                AddForward(b, lengths);
        }
    }

    /// <summary>The slope of each head; zeros without ALiBi.</summary>
    internal double[] Slopes() => Alibi ? AlibiSlopes.Of(Heads) : new double[Heads];

    /// <summary>What kernels read of the rows, with slopes of scores before they are divided by √D.</summary>
    internal Receding<L> WithSlopes<L>(KernelBinding b, Shape qkv, L lengths) where L : struct, IKernelRows =>
        new(lengths, b.Table<float>([.. Slopes().Select(slope => (float)(slope / AttentionSizes.Of(qkv, Heads, Groups).Scale))]));

    internal double Flops(Shape qkv, int perScore)
    {
        AttentionSizes s = AttentionSizes.Of(qkv, Heads, Groups);
        return perScore * (double)s.N * s.Heads * s.T * s.T * s.Width / (Causal ? 2 : 1);
    }

    private void AddForward<L>(KernelBinding b, L lengths) where L : struct, IKernelRows
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(0), Heads, Groups);
        ArrayView<float> qkv = b.In(0), y = b.Out(0), logSums = b.Out(1);
        var sizes = new KernelAttentionSizes(s, Causal);
        var run = b.Loader.Groups<ArrayView<float>, L, KernelAttentionSizes, ArrayView<float>, ArrayView<float>>(AttentionKernels.Forward, AttentionKernels.Specialization);
        var config = new KernelConfig(sizes.Launches(s.Heads), AttentionKernels.Threads);
        b.Launch(() => run(config, qkv, lengths, sizes, y, logSums));
    }

    // y = Σ softmax(scores)·values over the first keys; gives ln Σ e^score.
    private static double Attend(ReadOnlySpan<double> qkv, AttentionSizes s, (int, int, int) query, double slope, Span<double> scores, Span<double> y)
    {
        (int n, int t, int head) = query;
        int group = head / s.Share;
        ReadOnlySpan<double> q = qkv.Slice((int)s.Query(n, t, head), s.Width);
        double max = double.NegativeInfinity, sum = 0;
        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = (s.Scale * AttentionGradient.Dot(q, qkv.Slice((int)s.Key(n, j, group), s.Width))) - (slope * Math.Abs(t - j));
            max = Math.Max(max, scores[j]);
        }
        foreach (double score in scores)
            sum += Math.Exp(score - max);
        double logSum = max + Math.Log(sum);
        for (int j = 0; j < scores.Length; j++)
            AttentionGradient.AddTo(y, Math.Exp(scores[j] - logSum), qkv.Slice((int)s.Value(n, j, group), s.Width));
        return logSum;
    }
}
