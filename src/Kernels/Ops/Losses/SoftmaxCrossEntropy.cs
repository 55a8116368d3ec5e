using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Softmax;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>
/// Mean over the batch of -ln softmax(x)[label]. With smoothing ε the target is (1-ε) on the label and ε/K on all K
/// classes; with class weights w each term is weighted and the sum divided by Σ w[label], as PyTorch's CrossEntropyLoss. Rows may have
/// no label (-1) and are then ignored.
/// </summary>
/// <remarks>
/// Inputs: logits [N, K], labels int [N], class weights [K] if any. Outputs: loss [1], probabilities [N, K], with class weights, or where rows
/// may have no label, also Σ w[label] [1], the batch's weight in an epoch. A batch in which all samples have weight 0 has loss 0.
/// </remarks>
/// <param name="Smoothing">ε.</param>
/// <param name="Weighted">Whether there are class weights.</param>
/// <param name="Ignores">Whether rows may have no label.</param>
public sealed record SoftmaxCrossEntropy(double Smoothing = 0, bool Weighted = false, bool Ignores = false) : Op
{
    private bool HasTotal => Weighted || Ignores;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Weighted ? 3 : 2, Name);
        RowLosses.Check(inputs[0], inputs[1]);
        if (Weighted)
            Expect.Shape(inputs[2], new Shape(inputs[0].Shape[1]), "class weights");
        return HasTotal ? [new TensorType(Shape.Scalar), inputs[0], new TensorType(Shape.Scalar)] : [new TensorType(Shape.Scalar), inputs[0]];
    }

    public override Cost Cost(Node node) => new(14.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        var backward = new SoftmaxCrossEntropyGradient(Smoothing, Weighted, Ignores);
        b.Give(0, Weighted
            ? b.Graph.Add(backward, b.Gradient(), b.Output(1), b.Input(1), b.Input(2))
            : b.Graph.Add(backward, b.Gradient(), b.Output(1), b.Input(1)));
    }

    public override void Reference(ReferenceArguments a)
    {
        int n = a.InShape(0)[0], k = a.InShape(0)[1];
        ReadOnlySpan<double> x = a.In(0), weights = Weighted ? a.In(2) : default;
        ReadOnlySpan<int> labels = a.InInt(1);
        double loss = 0, total = 0;
        for (int i = 0; i < n; i++)
        {
            ReadOnlySpan<double> row = x.Slice(i * k, k);
            double max = Max(row), sum = 0;
            for (int c = 0; c < k; c++)
                sum += Math.Exp(row[c] - max);
            double logSum = max + Math.Log(sum);
            for (int c = 0; c < k; c++)
            {
                double target = labels[i] < 0 ? 0 : (c == labels[i] ? 1 - Smoothing : 0) + (Smoothing / k);
                loss += target * (Weighted ? weights[c] : 1) * (logSum - row[c]);
                a.Out(1)[(i * k) + c] = Math.Exp(row[c] - logSum);
            }
            total += labels[i] < 0 ? 0 : Weighted ? weights[labels[i]] : 1;
        }
        a.Out(0)[0] = total > 0 ? loss / total : loss;
        if (HasTotal)
            a.Out(2)[0] = total;
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int n = b.InShape(0)[0], k = b.InShape(0)[1];
        float* x = b.In(0), weights = Weighted ? b.In(2) : null, loss = b.Out(0), p = b.Out(1);
        int* labels = b.InInt(1);
        double Row(int i)
        {
            float* row = x + ((long)i * k);
            double logSum = SoftmaxRow.Run(row, p + ((long)i * k), k);
            return labels[i] < 0 ? 0 : Term(row, weights, k, labels[i], logSum);
        }
        if (!HasTotal)
        {
            RowLosses.AddMean(b, n, Row, loss);
            return;
        }
        float* weight = b.Out(2);
        RowLosses.AddMean(b, n, Row, loss, () =>
        {
            double total = TotalWeight(weights, labels, n);
            weight[0] = (float)total;
            return total;
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), weights = Weighted ? b.In(2) : x.SubView(0, 0), loss = b.Out(0), p = b.Out(1);
        ArrayView<int> labels = b.InInt(1);
        RowSizes sizes = RowLosses.Sizes(b.InShape(0));
        EntropyShares shares = Shares(Smoothing, sizes.Classes, Weighted, Ignores);
        KernelScratchRegion terms = b.Scratch(sizes.Rows), own = b.Scratch(HasTotal ? sizes.Rows : 1);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<int>, ArrayView<float>, RowSizes, EntropyShares, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
            RowLossKernels.Entropy, RowTeams.Specialization);
        KernelConfig config = RowTeams.Launch(sizes.Rows, sizes.Team);
        b.Launch(() => run(config, x, labels, weights, sizes, shares, p, terms.View, own.View));
        if (!HasTotal)
        {
            LossKernels.AddFinish(b, terms, sizes.Rows, 1.0 / sizes.Rows);
            return;
        }
        ArrayView<float> weight = b.Out(2);
        var mean = b.Loader.Groups<ArrayView<float>, ArrayView<float>, int, ArrayView<float>, ArrayView<float>>(RowLossKernels.WeightedMean, RowTeams.Specialization);
        var single = new KernelConfig(1, RowTeams.Threads);
        b.Launch(() => mean(single, terms.View, own.View, sizes.Rows, loss, weight));
    }

    internal static EntropyShares Shares(double smoothing, int classes, bool weighted, bool ignores) =>
        new((float)(1 - smoothing), (float)(smoothing / classes), weighted ? 1 : 0, weighted || ignores ? 1 : 0);

    internal static unsafe double TotalWeight(float* weights, int* labels, int n)
    {
        double total = 0;
        for (int i = 0; i < n; i++)
            total += labels[i] < 0 ? 0 : weights is null ? 1 : weights[labels[i]];
        return total;
    }

    private unsafe double Term(float* row, float* weights, int k, int label, double logSum)
    {
        double term = (1 - Smoothing) * (weights is null ? 1 : weights[label]) * (logSum - row[label]);
        if (Smoothing == 0)
            return term;
        double all = 0;
        for (int c = 0; c < k; c++)
            all += (weights is null ? 1 : weights[c]) * (logSum - row[c]);
        return term + (Smoothing / k * all);
    }

    private static double Max(ReadOnlySpan<double> row)
    {
        double max = row[0];
        foreach (double v in row)
            max = Math.Max(max, v);
        return max;
    }
}

/// <summary>dL/dlogits from dL, the probabilities and the labels: (p - target)·w / Σ w[label].</summary>
public sealed record SoftmaxCrossEntropyGradient(double Smoothing, bool Weighted, bool Ignores) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Weighted ? 4 : 3, Name);
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new(3.0 * node.Inputs[1].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int n = a.InShape(1)[0], k = a.InShape(1)[1];
        ReadOnlySpan<double> p = a.In(1), weights = Weighted ? a.In(3) : default;
        ReadOnlySpan<int> labels = a.InInt(2);
        double total = 0, sumOfWeights = 0;
        for (int i = 0; i < n; i++)
            total += labels[i] < 0 ? 0 : Weighted ? weights[labels[i]] : 1;
        for (int c = 0; c < k; c++)
            sumOfWeights += Weighted ? weights[c] : 1;
        for (int i = 0; i < n; i++)
        {
            double own = labels[i] < 0 ? 0 : Weighted ? weights[labels[i]] : 1, part = labels[i] < 0 ? 0 : Smoothing / k;
            for (int c = 0; c < k; c++)
            {
                double pc = p[(i * k) + c];
                double hard = own * (pc - (c == labels[i] ? 1 : 0));
                double smooth = (pc * sumOfWeights) - (Weighted ? weights[c] : 1);
                a.Out()[(i * k) + c] = (total > 0 ? a.In(0)[0] / total : 0) * (((1 - Smoothing) * hard) + (part * smooth));
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int n = b.InShape(1)[0], k = b.InShape(1)[1];
        float* dy = b.In(0), p = b.In(1), weights = Weighted ? b.In(3) : null, dx = b.Out();
        int* labels = b.InInt(2);
        ScratchRegion totals = b.Scratch(2);
        b.Serial(() =>
        {
            double sumOfWeights = k;
            if (weights is not null)
            {
                sumOfWeights = 0;
                for (int c = 0; c < k; c++)
                    sumOfWeights += weights[c];
            }
            double total = weights is null && !Ignores ? n : SoftmaxCrossEntropy.TotalWeight(weights, labels, n);
            totals.Pointer[0] = total > 0 ? (float)(dy[0] / total) : 0;
            totals.Pointer[1] = (float)sumOfWeights;
        });
        b.Parallel(n, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                Row(p + ((long)i * k), weights, k, labels[i], totals.Pointer[0], totals.Pointer[1], dx + ((long)i * k));
        }, grain: Math.Max(1, 4096 / k));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> dloss = b.In(0), p = b.In(1), weights = Weighted ? b.In(3) : p.SubView(0, 0), dx = b.Out();
        ArrayView<int> labels = b.InInt(2);
        RowSizes sizes = RowLosses.Sizes(b.InShape(1));
        EntropyShares shares = SoftmaxCrossEntropy.Shares(Smoothing, sizes.Classes, Weighted, Ignores);
        KernelScratchRegion totals = b.Scratch(2);
        if (Weighted || Ignores)
        {
            var add = b.Loader.Groups<ArrayView<float>, ArrayView<int>, ArrayView<float>, RowSizes, EntropyShares, ArrayView<float>>(RowLossKernels.WeightTotals, RowTeams.Specialization);
            var single = new KernelConfig(1, RowTeams.Threads);
            b.Launch(() => add(single, dloss, labels, weights, sizes, shares, totals.View));
        }
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<float>, RowSizes, EntropyShares, ArrayView<float>, ArrayView<float>>(
            RowLossKernels.EntropyGradient);
        b.Launch(() => run(dx.IntLength, dloss, p, labels, weights, sizes, shares, totals.View, dx));
    }

    private unsafe void Row(float* p, float* weights, int k, int label, float scale, float sumOfWeights, float* dx)
    {
        if (label < 0)
        {
            new Span<float>(dx, k).Clear();
            return;
        }
        float hardShare = (float)(1 - Smoothing), smoothShare = (float)(Smoothing / k), own = weights is null ? 1 : weights[label];
        float perP = scale * ((hardShare * own) + (smoothShare * sumOfWeights));
        for (int c = 0; c < k; c++)
            dx[c] = (perP * p[c]) - (scale * smoothShare * (weights is null ? 1 : weights[c]));
        dx[label] -= scale * hardShare * own;
    }
}
