using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>
/// The multiclass support vector machine's loss (Weston and Watkins, 1999): Σ over j ≠ y of max(0, s_j - s_y + Δ), or of its
/// square, mean over the batch. Unlike <c>torch.nn.MultiMarginLoss</c>, it is not divided by the number of classes.
/// </summary>
/// <remarks>
/// Inputs: scores [N, K], labels int [N]. Output: [1]. With m_j = s_j - s_y + Δ the gradient of a sample with respect to s_j is [m_j &gt; 0],
/// to s_y minus the number of such j; squared: 2·max(0, m_j), and minus their sum. At m_j = 0 it is taken as 0.
/// </remarks>
/// <param name="Margin">Δ: how far the score of the true class must be above the others.</param>
/// <param name="Squared">Whether margins are squared.</param>
public sealed record Hinge(double Margin = 1, bool Squared = false) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        RowLosses.Check(inputs[0], inputs[1]);
        return [new TensorType(Shape.Scalar)];
    }

    public override Cost Cost(Node node) => new(4.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b) =>
        b.Give(0, b.Graph.Add(new HingeGradient(Margin, Squared), b.Gradient(), b.Input(0), b.Input(1)));

    public override void Reference(ReferenceArguments a)
    {
        int n = a.InShape(0)[0], k = a.InShape(0)[1];
        double loss = 0;
        for (int i = 0; i < n; i++)
        {
            ReadOnlySpan<double> s = a.In(0).Slice(i * k, k);
            int y = a.InInt(1)[i];
            for (int j = 0; j < k; j++)
            {
                double m = j == y ? 0 : Math.Max(0, s[j] - s[y] + Margin);
                loss += Squared ? m * m : m;
            }
        }
        a.Out()[0] = loss / n;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int n = b.InShape(0)[0], k = b.InShape(0)[1];
        float* scores = b.In(0);
        int* labels = b.InInt(1);
        RowLosses.AddMean(b, n, i => Row(scores + ((long)i * k), k, labels[i]), b.Out());
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> scores = b.In(0);
        ArrayView<int> labels = b.InInt(1);
        RowSizes sizes = RowLosses.Sizes(b.InShape(0));
        KernelScratchRegion terms = b.Scratch(sizes.Rows);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<int>, RowSizes, float, int, ArrayView<float>>(RowLossKernels.Hinge, RowTeams.Specialization);
        KernelConfig config = RowTeams.Launch(sizes.Rows, sizes.Team);
        (float margin, int squared) = ((float)Margin, Squared ? 1 : 0);
        b.Launch(() => run(config, scores, labels, sizes, margin, squared, terms.View));
        LossKernels.AddFinish(b, terms, sizes.Rows, 1.0 / sizes.Rows);
    }

    private unsafe double Row(float* s, int k, int label)
    {
        float offset = (float)Margin - s[label], sum = 0;
        for (int j = 0; j < k; j++)
        {
            float m = j == label ? 0 : MathF.Max(0, s[j] + offset);
            sum += Squared ? m * m : m;
        }
        return sum;
    }
}

/// <summary>The gradient of <see cref="Hinge"/> with respect to the scores.</summary>
/// <remarks>Inputs: dloss [1], scores [N, K], labels int [N]. Output: [N, K].</remarks>
public sealed record HingeGradient(double Margin, bool Squared) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 3, Name);
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new(5.0 * node.Inputs[1].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int n = a.InShape(1)[0], k = a.InShape(1)[1];
        for (int i = 0; i < n; i++)
        {
            ReadOnlySpan<double> s = a.In(1).Slice(i * k, k);
            Span<double> ds = a.Out().Slice(i * k, k);
            int y = a.InInt(2)[i];
            ds[y] = 0;
            for (int j = 0; j < k; j++)
            {
                if (j == y)
                    continue;
                double m = s[j] - s[y] + Margin;
                ds[j] = a.In(0)[0] / n * (m > 0 ? Squared ? 2 * m : 1 : 0);
                ds[y] -= ds[j];
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int n = b.InShape(1)[0], k = b.InShape(1)[1];
        float* dloss = b.In(0), scores = b.In(1), gradient = b.Out();
        int* labels = b.InInt(2);
        b.Parallel(n, (begin, end, _) =>
        {
            float scale = dloss[0] / n;
            for (int i = begin; i < end; i++)
                Row(scores + ((long)i * k), k, labels[i], scale, gradient + ((long)i * k));
        }, grain: Math.Max(1, 4096 / k));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> dloss = b.In(0), scores = b.In(1), dscores = b.Out();
        ArrayView<int> labels = b.InInt(2);
        RowSizes sizes = RowLosses.Sizes(b.InShape(1));
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<int>, RowSizes, float, int, ArrayView<float>>(RowLossKernels.HingeGradient, RowTeams.Specialization);
        KernelConfig config = RowTeams.Launch(sizes.Rows, sizes.Team);
        (float margin, int squared) = ((float)Margin, Squared ? 1 : 0);
        b.Launch(() => run(config, dloss, scores, labels, sizes, margin, squared, dscores));
    }

    private unsafe void Row(float* s, int k, int label, float scale, float* ds)
    {
        float offset = (float)Margin - s[label], sum = 0;
        for (int j = 0; j < k; j++)
        {
            float m = j == label ? 0 : s[j] + offset;
            ds[j] = m > 0 ? Squared ? 2 * scale * m : scale : 0;
            sum += ds[j];
        }
        ds[label] = -sum;
    }
}
