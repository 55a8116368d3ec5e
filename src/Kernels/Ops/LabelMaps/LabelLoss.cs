using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.LabelMaps;

/// <summary>
/// Cross-entropy over positions, as <c>torch.nn.CrossEntropyLoss</c> of [N, K, H, W], and the focal loss (Lin et al., 2017):
/// the mean over the positions of -w[label]·(1 - p)^γ·ln p with p the probability of the label; with smoothing ε that has weight 1 - ε, and ε/K·Σ w[c]·(-ln p[c])
/// is added. Positions with label -1 are ignored.
/// </summary>
/// <remarks>
/// Inputs: log-probabilities [N, K, …], labels int [N, …], class weights [K] if any. Outputs: loss [1]; its divisor [1]: Σ w[label], or
/// the number of positions. If all have weight 0 the loss is 0.
/// </remarks>
/// <param name="Gamma">γ: how strongly positions that are right already are down-weighted; 0 for the cross-entropy.</param>
/// <param name="Smoothing">ε.</param>
/// <param name="Weighted">Whether there are class weights.</param>
/// <param name="OverPlaces">Divide by the number of positions, as <c>BCEWithLogitsLoss</c> with a <c>pos_weight</c>; else by Σ w[label].</param>
public sealed record LabelLoss(double Gamma = 0, double Smoothing = 0, bool Weighted = false, bool OverPlaces = false) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Weighted ? 3 : 2, Name);
        LabelMap z = LabelMap.Check(inputs[0], inputs[1]);
        if (Weighted)
            Expect.Shape(inputs[2], new Shape(z.K), "class weights");
        return [new TensorType(Shape.Scalar), new TensorType(Shape.Scalar)];
    }

    public override Cost Cost(Node node) => new((Gamma > 0 ? 40.0 : 4.0) * node.Inputs[1].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        var backward = new LabelLossGradient(this);
        b.Give(0, Weighted
            ? b.Graph.Add(backward, b.Gradient(), b.Input(0), b.Input(1), b.Output(1), b.Input(2))
            : b.Graph.Add(backward, b.Gradient(), b.Input(0), b.Input(1), b.Output(1)));
    }

    public override void Reference(ReferenceArguments a)
    {
        LabelMap z = LabelMap.Of(a.InShape(0));
        ReadOnlySpan<double> weights = Weighted ? a.In(2) : default;
        double loss = 0, total = 0;
        for (int i = 0; i < z.Count; i++)
        {
            int label = a.InInt(1)[i], first = (i / z.Places * z.K * z.Places) + (i % z.Places);
            if (label == LabelMap.Ignored)
                continue;
            double logp = a.In(0)[first + (label * z.Places)], own = Weighted ? weights[label] : 1;
            loss -= (1 - Smoothing) * own * Math.Pow(1 - Math.Exp(logp), Gamma) * logp;
            for (int c = 0; c < z.K; c++)
                loss -= Smoothing / z.K * (Weighted ? weights[c] : 1) * a.In(0)[first + (c * z.Places)];
            total += OverPlaces ? 1 : own;
        }
        (a.Out(0)[0], a.Out(1)[0]) = (total > 0 ? loss / total : loss, total);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        float* logp = b.In(0), weights = Weighted ? b.In(2) : null, loss = b.Out(0), weight = b.Out(1);
        int* labels = b.InInt(1);
        LabelShares shares = Shares(z.K);
        int blocks = (z.Count + LabelMapKernels.Block - 1) / LabelMapKernels.Block;
        ScratchRegion terms = b.Scratch(blocks), own = b.Scratch(blocks);
        b.Parallel(blocks, (begin, end, _) =>
        {
            for (int block = begin; block < end; block++)
            {
                double sum = 0, total = 0;
                int first = block * LabelMapKernels.Block, last = Math.Min(first + LabelMapKernels.Block, z.Count);
                for (int i = first; i < last; i++)
                {
                    if (labels[i] == LabelMap.Ignored)
                        continue;
                    float* place = logp + ((long)(i / z.Places) * z.K * z.Places) + (i % z.Places);
                    float mine = weights is null ? 1 : weights[labels[i]];
                    sum += shares.Hard * mine * FocalTerm.Value(place[(long)labels[i] * z.Places], shares.Gamma);
                    for (int c = 0; c < z.K && shares.Smooth > 0; c++)
                        sum -= shares.Smooth * (weights is null ? 1 : weights[c]) * place[(long)c * z.Places];
                    total += OverPlaces ? 1 : mine;
                }
                (terms.Pointer[block], own.Pointer[block]) = ((float)sum, (float)total);
            }
        });
        b.Serial(() =>
        {
            double sum = 0, total = 0;
            for (int block = 0; block < blocks; block++)
                (sum, total) = (sum + terms.Pointer[block], total + own.Pointer[block]);
            (loss[0], weight[0]) = ((float)(total > 0 ? sum / total : sum), (float)total);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        ArrayView<float> logp = b.In(0), weights = Weighted ? b.In(2) : logp.SubView(0, 0), loss = b.Out(0), weight = b.Out(1);
        ArrayView<int> labels = b.InInt(1);
        LabelShares shares = Shares(z.K);
        int blocks = (z.Count + LabelMapKernels.Block - 1) / LabelMapKernels.Block;
        KernelScratchRegion terms = b.Scratch(blocks), own = b.Scratch(blocks);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<int>, ArrayView<float>, LabelMap, LabelShares, ArrayView<float>, ArrayView<float>>(LabelMapKernels.Terms, RowTeams.Specialization);
        var mean = b.Loader.Groups<ArrayView<float>, ArrayView<float>, int, ArrayView<float>, ArrayView<float>>(Losses.RowLossKernels.WeightedMean, RowTeams.Specialization);
        KernelConfig config = new(blocks, RowTeams.Threads), single = new(1, RowTeams.Threads);
        b.Launch(() => run(config, logp, labels, weights, z, shares, terms.View, own.View));
        b.Launch(() => mean(single, terms.View, own.View, blocks, loss, weight));
    }

    internal LabelShares Shares(int classes) => new((float)Gamma, (float)(1 - Smoothing), (float)(Smoothing / classes), Weighted ? 1 : 0, OverPlaces ? 1 : 0);
}

/// <summary>The gradient of <see cref="LabelLoss"/> with respect to the log-probabilities.</summary>
/// <remarks>Inputs: dloss [1], log-probabilities [N, K, …], labels int [N, …], the loss's divisor [1], class weights [K] if any. Output: as the log-probabilities.</remarks>
public sealed record LabelLossGradient(LabelLoss Of) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Of.Weighted ? 5 : 4, Name);
        LabelMap.Check(inputs[1], inputs[2]);
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new((2.0 * node.Inputs[1].Shape.Length) + ((Of.Gamma > 0 ? 60.0 : 0) * node.Inputs[2].Shape.Length), node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        LabelMap z = LabelMap.Of(a.InShape(1));
        ReadOnlySpan<double> weights = Of.Weighted ? a.In(4) : default;
        double scale = a.In(3)[0] > 0 ? a.In(0)[0] / a.In(3)[0] : a.In(0)[0];
        for (int i = 0; i < z.Count; i++)
        {
            int label = a.InInt(2)[i], first = (i / z.Places * z.K * z.Places) + (i % z.Places);
            for (int c = 0; c < z.K; c++)
            {
                double gradient = 0, logp = a.In(1)[first + (c * z.Places)], p = Math.Exp(logp), own = Of.Weighted ? weights[c] : 1;
                if (label != LabelMap.Ignored)
                    gradient = -Of.Smoothing / z.K * own;
                if (c == label)
                    gradient -= (1 - Of.Smoothing) * own * (Math.Pow(1 - p, Of.Gamma) - (Of.Gamma == 0 || p >= 1 ? 0 : Of.Gamma * Math.Pow(1 - p, Of.Gamma - 1) * p * logp));
                a.Out()[first + (c * z.Places)] = scale * gradient;
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(1));
        float* dloss = b.In(0), logp = b.In(1), total = b.In(3), weights = Of.Weighted ? b.In(4) : null, dlogp = b.Out();
        int* labels = b.InInt(2);
        LabelShares shares = Of.Shares(z.K);
        b.Parallel(z.N * z.K, (begin, end, _) =>
        {
            float scale = total[0] > 0 ? dloss[0] / total[0] : dloss[0];
            for (int plane = begin; plane < end; plane++)
            {
                int c = plane % z.K;
                float own = scale * (weights is null ? 1 : weights[c]), smooth = -shares.Smooth * own;
                int* label = labels + ((long)(plane / z.K) * z.Places);
                float* p = logp + ((long)plane * z.Places), dp = dlogp + ((long)plane * z.Places);
                for (int i = 0; i < z.Places; i++)
                {
                    float gradient = label[i] == LabelMap.Ignored ? 0 : smooth;
                    dp[i] = label[i] == c ? gradient + (shares.Hard * own * FocalTerm.Slope(p[i], shares.Gamma)) : gradient;
                }
            }
        }, grain: Math.Max(1, 8192 / z.Places));
    }

    public override void Kernel(KernelBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(1));
        ArrayView<float> dloss = b.In(0), logp = b.In(1), total = b.In(3), weights = Of.Weighted ? b.In(4) : logp.SubView(0, 0), dlogp = b.Out();
        ArrayView<int> labels = b.InInt(2);
        LabelShares shares = Of.Shares(z.K);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<float>, LabelMap, LabelShares, ArrayView<float>>(LabelMapKernels.TermsGradient);
        b.Launch(() => run(dlogp.IntLength, dloss, logp, labels, total, weights, z, shares, dlogp));
    }
}
