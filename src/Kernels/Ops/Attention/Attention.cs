using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// Scaled dot-product attention (Vaswani et al., 2017), softmax(QKᵀ/√D)·V of every head, without the T×T matrix: scores are computed block by
/// block with a running maximum and sum (Milakov and Gimelshein, 2018; Dao et al., 2022), and recomputed for the gradient. Memory grows with T, not T².
/// </summary>
/// <remarks>
/// Inputs: qkv [N, T, (Heads + 2·Groups)·D] in the layout of <see cref="AttentionSizes"/>, and if padded the real steps of each sequence, int [N]. Outputs:
/// y [N, T, Heads·D]; ln Σ e^score of each query [N, Heads, T], saved for the gradient. Padding is never a key; as a query it gives 0.
/// </remarks>
/// <param name="Heads">Number of query heads.</param>
/// <param name="Groups">Number of key and value heads, each shared by Heads / Groups query heads (Ainslie et al., 2023).</param>
/// <param name="Causal">Whether a position attends only to itself and earlier ones.</param>
/// <param name="Padded">Whether lengths are given.</param>
/// <param name="Alibi">Whether scores decrease with distance, by <see cref="AlibiSlopes"/>.</param>
/// <param name="DropRate">Dropout rate of the weights; the others are divided by 1 - rate. Above 0 the last input is rng, as for <see cref="Dropout.Dropout"/>.</param>
/// <param name="Stream">Random stream, which distinguishes it from other layers with dropout.</param>
public sealed record Attention(int Heads, int Groups, bool Causal = false, bool Padded = false, bool Alibi = false, double DropRate = 0, uint Stream = 0) : Op, IKernelRowsUser
{
    // With dropout, weights are numbered with 32 bits.
    private const long MostWeights = 1L << 32;

    /// <summary>Whether weights are dropped.</summary>
    internal bool Drops => DropRate > 0;

    private int Inputs => 1 + (Padded ? 1 : 0) + (Drops ? 1 : 0);

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Inputs, Name);
        AttentionSizes s = AttentionSizes.Check(inputs[0], Heads, Groups);
        if (Padded)
        {
            Expect.Element(inputs[1], ElementType.Int32, "lengths");
            Expect.Shape(inputs[1], new Shape(s.N), "lengths");
        }
        if (Drops)
        {
            Expect.That(DropRate < 1, $"Attention drops weights at a rate of {DropRate}, expected a number from 0 to below 1.");
            Expect.Element(inputs[^1], ElementType.Int32, "rng");
            Expect.Shape(inputs[^1], new Shape(DropoutMask.RngLength), "rng");
            Expect.That(s.Weight(s.N, 0, 0, 0) <= MostWeights, $"{s.N} sequences of {s.T} steps in {Heads} heads have more than {MostWeights} weights to drop; expected fewer or shorter ones.");
        }
        return [new TensorType(new Shape(s.N, s.T, s.OutRow)), new TensorType(new Shape(s.N, Heads, s.T))];
    }

    public override Cost Cost(Node node) => new(Flops(node.Inputs[0].Shape, 4), node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        var op = new AttentionGradient(this);
        Tensor[] inputs = [b.Gradient(), b.Input(0), b.Output(0), b.Output(1)];
        b.Give(0, b.Graph.Add(op, [.. inputs, .. Enumerable.Range(1, Inputs - 1).Select(b.Input)]));
    }

    public override void Reference(ReferenceArguments a)
    {
        AttentionSizes s = AttentionSizes.Of(a.InShape(0), Heads, Groups);
        var scores = new double[s.T];
        double[] slopes = Slopes();
        DropoutMask? mask = Drops ? new DropoutMask(a.InInt(Inputs - 1), Stream, DropRate, s.WeightsOfSample) : null;
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
                    logSum = Attend(a.In(0), s, (n, t, head), slopes[head], mask, scores.AsSpan(0, Causal ? t + 1 : length), y);
                a.Out(1)[(int)s.Statistic(n, t, head)] = logSum;
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(0), Heads, Groups);
        new CpuAttention(s, Causal, Slopes(), b.In(0), Padded ? b.InInt(1) : null, Drops ? new CpuAttentionDropout(s, b.InInt(Inputs - 1), Stream, DropRate) : null, b.Out(0), b.Out(1)).AddPhases(b);
    }

    public override void Kernel(KernelBinding b) => AddFor(b, 0, 1, this);

    void IKernelRowsUser.Add<L>(KernelBinding b, L rows)
    {
        AttentionSizes s = AttentionSizes.Of(b.InShape(0), Heads, Groups);
        ArrayView<float> qkv = b.In(0), y = b.Out(0), logSums = b.Out(1);
        var sizes = new KernelAttentionSizes(s, Causal);
        var run = b.Loader.Groups<ArrayView<float>, L, KernelAttentionSizes, ArrayView<float>, ArrayView<float>>(AttentionKernels.Forward, AttentionKernels.SpecializationOf<L>());
        var config = new KernelConfig(sizes.Launches(s.Heads), AttentionKernels.Threads);
        b.Launch(() => run(config, qkv, rows, sizes, y, logSums));
    }

    /// <summary>Adds kernels for the type of rows that this attention has.</summary>
    /// <param name="b">The binding of the kernels' op.</param>
    /// <param name="qkv">Index of the input with queries, keys and values.</param>
    /// <param name="lengths">Index of the lengths, if there are any; rng comes next.</param>
    /// <param name="user">Adds the kernels.</param>
    internal void AddFor(KernelBinding b, int qkv, int lengths, IKernelRowsUser user)
    {
        Shape shape = b.InShape(qkv);
        if (Padded)
            AddReceding(new GivenLengths(b.InInt(lengths)));
        else
            AddReceding(new FullLengths(shape[1]));

        void AddReceding<L>(L rows) where L : struct, IKernelRows
        {
            if (Alibi)
                AddDropping(WithSlopes(b, shape, rows));
            else
                AddDropping(rows);
        }

        void AddDropping<L>(L rows) where L : struct, IKernelRows
        {
            if (Drops)
                user.Add(b, WithDropout(b.InInt(lengths + (Padded ? 1 : 0)), shape, rows));
            else
                user.Add(b, rows);
        }
    }

    /// <summary>The slope of each head; zeros without ALiBi.</summary>
    internal double[] Slopes() => Alibi ? AlibiSlopes.Of(Heads) : new double[Heads];

    /// <summary>The rows as kernel arguments, with slopes of scores before they are divided by √D.</summary>
    private Receding<L> WithSlopes<L>(KernelBinding b, Shape qkv, L lengths) where L : struct, IKernelRows =>
        new(lengths, b.Table<float>([.. Slopes().Select(slope => (float)(slope / AttentionSizes.Of(qkv, Heads, Groups).Scale))]));

    /// <summary>The same with dropout.</summary>
    private Dropping<L> WithDropout<L>(ArrayView<int> rng, Shape qkv, L lengths) where L : struct, IKernelRows =>
        new(lengths, rng, new DropoutRule(Stream, DropoutMask.ThresholdOf(DropRate), (float)(1 / (1 - DropRate)), AttentionSizes.Of(qkv, Heads, Groups).WeightsOfSample), Heads, qkv[1]);

    internal double Flops(Shape qkv, int perScore)
    {
        AttentionSizes s = AttentionSizes.Of(qkv, Heads, Groups);
        return perScore * (double)s.N * s.Heads * s.T * s.T * s.Width / (Causal ? 2 : 1);
    }

    /// <summary>Factor on a weight: 0 if it is dropped.</summary>
    internal double Kept(DropoutMask? mask, long weight) => mask is null ? 1 : mask.Value.Keeps(weight) ? 1 / (1 - DropRate) : 0;

    // y = Σ softmax(scores)·values over the first keys; returns ln Σ e^score.
    private double Attend(ReadOnlySpan<double> qkv, AttentionSizes s, (int, int, int) query, double slope, DropoutMask? mask, Span<double> scores, Span<double> y)
    {
        (int n, int t, int head) = query;
        int group = head / s.Share;
        ReadOnlySpan<double> q = qkv.Slice((int)s.Query(n, t, head), s.Width);
        double max = double.NegativeInfinity, sum = 0;
        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = s.Score(q, qkv.Slice((int)s.Key(n, j, group), s.Width), slope, t - j);
            max = Math.Max(max, scores[j]);
        }
        foreach (double score in scores)
            sum += Math.Exp(score - max);
        double logSum = max + Math.Log(sum);
        for (int j = 0; j < scores.Length; j++)
            AttentionGradient.AddTo(y, Math.Exp(scores[j] - logSum) * Kept(mask, s.Weight(n, head, t, j)), qkv.Slice((int)s.Value(n, j, group), s.Width));
        return logSum;
    }
}
