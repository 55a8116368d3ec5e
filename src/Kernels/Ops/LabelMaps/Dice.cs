using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.LabelMaps;

/// <summary>
/// 1 - (2·Σ p·t + s) / (Σ p + Σ t + s) over the positions (Milletari et al., 2016), for each class of each sample; the mean over the samples
/// of the classes' weighted mean. p is the class's probability, t is 1 at its label. Positions with label -1 are ignored.
/// </summary>
/// <remarks>
/// Inputs: log-probabilities [N, K, …], labels int [N, …], class weights [K], not all 0. Outputs: loss [1]; Σ p·t and Σ p + Σ t [N, K, 2].
/// </remarks>
/// <param name="Smooth">s: makes a class that is neither present nor predicted count as correct.</param>
public sealed record Dice(double Smooth = 1) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 3, Name);
        LabelMap z = LabelMap.Check(inputs[0], inputs[1]);
        Expect.Shape(inputs[2], new Shape(z.K), "class weights");
        return [new TensorType(Shape.Scalar), new TensorType(new Shape(z.N, z.K, 2))];
    }

    public override Cost Cost(Node node) => new(13.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b) =>
        b.Give(0, b.Graph.Add(new DiceGradient(Smooth), b.Gradient(), b.Input(0), b.Input(1), b.Output(1), b.Input(2)));

    public override void Reference(ReferenceArguments a)
    {
        LabelMap z = LabelMap.Of(a.InShape(0));
        double loss = 0, weights = 0;
        for (int c = 0; c < z.K; c++)
            weights += a.In(2)[c];
        for (int plane = 0; plane < z.N * z.K; plane++)
        {
            double both = 0, all = 0;
            for (int i = 0; i < z.Places; i++)
            {
                int label = a.InInt(1)[(plane / z.K * z.Places) + i];
                double p = Math.Exp(a.In(0)[(plane * z.Places) + i]), t = label == plane % z.K ? 1 : 0;
                both += label == LabelMap.Ignored ? 0 : p * t;
                all += label == LabelMap.Ignored ? 0 : p + t;
            }
            loss += a.In(2)[plane % z.K] * (1 - (((2 * both) + Smooth) / (all + Smooth)));
            (a.Out(1)[2 * plane], a.Out(1)[(2 * plane) + 1]) = (both, all);
        }
        a.Out(0)[0] = loss / (weights * z.N);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        float* logp = b.In(0), weights = b.In(2), loss = b.Out(0), sums = b.Out(1);
        int* labels = b.InInt(1);
        float smooth = (float)Smooth;
        b.Parallel(z.N * z.K, (begin, end, _) =>
        {
            float* p = stackalloc float[DicePlane.Chunk];
            for (int plane = begin; plane < end; plane++)
                (sums[2 * plane], sums[(2 * plane) + 1]) = DicePlane.Sums(logp + ((long)plane * z.Places), labels + ((long)(plane / z.K) * z.Places), plane % z.K, z.Places, p);
        }, grain: Math.Max(1, 4096 / z.Places));
        b.Serial(() =>
        {
            double sum = 0, total = 0;
            for (int c = 0; c < z.K; c++)
                total += weights[c];
            for (int plane = 0; plane < z.N * z.K; plane++)
                sum += weights[plane % z.K] * (sums[(2 * plane) + 1] - (2.0 * sums[2 * plane])) / (sums[(2 * plane) + 1] + smooth);
            loss[0] = (float)(sum / (total * z.N));
        });
    }

    public override void Kernel(KernelBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        ArrayView<float> logp = b.In(0), weights = b.In(2), loss = b.Out(0), sums = b.Out(1);
        ArrayView<int> labels = b.InInt(1);
        float smooth = (float)Smooth;
        var add = b.Loader.Groups<ArrayView<float>, ArrayView<int>, LabelMap, ArrayView<float>>(LabelMapKernels.Overlaps, RowTeams.Specialization);
        var finish = b.Loader.Groups<ArrayView<float>, ArrayView<float>, LabelMap, float, ArrayView<float>>(LabelMapKernels.Dice, RowTeams.Specialization);
        KernelConfig config = new(z.N * z.K, RowTeams.Threads), single = new(1, RowTeams.Threads);
        b.Launch(() => add(config, logp, labels, z, sums));
        b.Launch(() => finish(single, sums, weights, z, smooth, loss));
    }
}

/// <summary>The gradient of <see cref="Dice"/> with respect to the log-probabilities: p·w·((2I + s) - 2t(T + s)) / (T + s)², I = Σ p·t, T = Σ p + Σ t.</summary>
/// <remarks>Inputs: dloss [1], log-probabilities [N, K, …], labels int [N, …], sums [N, K, 2], class weights [K]. Output: as the log-probabilities.</remarks>
public sealed record DiceGradient(double Smooth) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 5, Name);
        LabelMap.Check(inputs[1], inputs[2]);
        return [inputs[1]];
    }

    public override Cost Cost(Node node) => new(14.0 * node.Inputs[1].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        LabelMap z = LabelMap.Of(a.InShape(1));
        double weights = 0;
        for (int c = 0; c < z.K; c++)
            weights += a.In(4)[c];
        for (int i = 0; i < a.Out().Length; i++)
        {
            int plane = i / z.Places, label = a.InInt(2)[(plane / z.K * z.Places) + (i % z.Places)];
            double both = a.In(3)[2 * plane], all = a.In(3)[(2 * plane) + 1], t = label == plane % z.K ? 1 : 0;
            double slope = ((2 * both) + Smooth - (2 * t * (all + Smooth))) / ((all + Smooth) * (all + Smooth));
            a.Out()[i] = label == LabelMap.Ignored ? 0 : a.In(0)[0] * a.In(4)[plane % z.K] / (weights * z.N) * slope * Math.Exp(a.In(1)[i]);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(1));
        float* dloss = b.In(0), logp = b.In(1), sums = b.In(3), weights = b.In(4), dlogp = b.Out();
        int* labels = b.InInt(2);
        float smooth = (float)Smooth;
        b.Parallel(z.N * z.K, (begin, end, _) =>
        {
            float total = 0;
            for (int c = 0; c < z.K; c++)
                total += weights[c];
            for (int plane = begin; plane < end; plane++)
            {
                float both = sums[2 * plane], under = sums[(2 * plane) + 1] + smooth, factor = dloss[0] * weights[plane % z.K] / (total * z.N);
                float miss = factor * ((2 * both) + smooth) / (under * under);
                DicePlane.Slopes(logp + ((long)plane * z.Places), labels + ((long)(plane / z.K) * z.Places), plane % z.K, z.Places, miss, miss - (factor * 2 / under), dlogp + ((long)plane * z.Places));
            }
        }, grain: Math.Max(1, 4096 / z.Places));
    }

    public override void Kernel(KernelBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(1));
        ArrayView<float> dloss = b.In(0), logp = b.In(1), sums = b.In(3), weights = b.In(4), dlogp = b.Out();
        ArrayView<int> labels = b.InInt(2);
        float smooth = (float)Smooth;
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<float>, LabelMap, float, ArrayView<float>>(LabelMapKernels.DiceGradient);
        b.Launch(() => run(dlogp.IntLength, dloss, logp, labels, sums, weights, z, smooth, dlogp));
    }
}

/// <summary>The CPU's loops of the dice loss over the positions of one class of one sample.</summary>
internal static unsafe class DicePlane
{
    public const int Chunk = 1024;

    /// <summary>(Σ p·t, Σ p + Σ t); <paramref name="p"/> has room for <see cref="Chunk"/> probabilities.</summary>
    public static (float Both, float All) Sums(float* logp, int* labels, int c, int places, float* p)
    {
        double both = 0, all = 0;
        for (int first = 0; first < places; first += Chunk)
        {
            int count = Math.Min(Chunk, places - first);
            Elementwise.MapLoop.Run<ExpMap>(0, logp + first, logp + first, logp + first, p, count);
            for (int i = 0; i < count; i++)
            {
                int label = labels[first + i];
                if (label == LabelMap.Ignored)
                    continue;
                both += label == c ? p[i] : 0;
                all += label == c ? p[i] + 1 : p[i];
            }
        }
        return ((float)both, (float)all);
    }

    /// <summary>dlogp = p times the slope of a hit where the class is the label, of a miss elsewhere.</summary>
    public static void Slopes(float* logp, int* labels, int c, int places, float miss, float hit, float* dlogp)
    {
        Elementwise.MapLoop.Run<ExpMap>(0, logp, logp, logp, dlogp, places);
        for (int i = 0; i < places; i++)
            dlogp[i] *= labels[i] == c ? hit : labels[i] == LabelMap.Ignored ? 0 : miss;
    }

    private readonly struct ExpMap : Elementwise.IMap
    {
        public static int Inputs => 1;

        public static int Flops => 10;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => R.Exp(a);
    }
}
