using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.LabelMaps;

/// <summary>
/// y = x - ln Σ e^x over the second axis, the classes, at each position: <c>log_softmax(x, dim=1)</c>. The largest x is subtracted
/// first, so nothing overflows.
/// </summary>
/// <remarks>Input: x [N, K, …]. Output: y as x.</remarks>
public sealed record ClassLogSoftmax : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        LabelMap.Check(inputs[0], "x");
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(14.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new ClassLogSoftmaxGradient(), b.Gradient(), b.Output(0)));

    public override void Reference(ReferenceArguments a)
    {
        LabelMap z = LabelMap.Of(a.InShape(0));
        for (int i = 0; i < z.Count; i++)
        {
            int first = (i / z.Places * z.K * z.Places) + (i % z.Places);
            double max = double.NegativeInfinity, sum = 0;
            for (int c = 0; c < z.K; c++)
                max = Math.Max(max, a.In(0)[first + (c * z.Places)]);
            for (int c = 0; c < z.K; c++)
                sum += Math.Exp(a.In(0)[first + (c * z.Places)] - max);
            for (int c = 0; c < z.K; c++)
                a.Out()[first + (c * z.Places)] = a.In(0)[first + (c * z.Places)] - max - Math.Log(sum);
        }
    }

    public override unsafe void Cpu(CpuBinding b) => ClassLoop.Add<LogSoftmax>(b, b.In(0), b.In(0), b.Out());

    public override void Kernel(KernelBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        ArrayView<float> x = b.In(0), y = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, LabelMap>(LabelMapKernels.LogSoftmax);
        b.Launch(() => run(z.Count, x, y, z));
    }

    private readonly struct LogSoftmax : IClassMap
    {
        public static int Inputs => 1;

        public static unsafe void Apply<V>(float* x, float* unused, float* y, int classes, int step) where V : struct, IVector<V>
        {
            V max = V.Load(x), sum = V.Of(0);
            for (int c = 1; c < classes; c++)
                max = V.Max(max, V.Load(x + ((long)c * step)));
            for (int c = 0; c < classes; c++)
                sum += V.Exp(V.Load(x + ((long)c * step)) - max);
            V log = V.Log(sum);
            for (int c = 0; c < classes; c++)
                (V.Load(x + ((long)c * step)) - max - log).Store(y + ((long)c * step));
        }
    }
}

/// <summary>dx = dy - e^y·Σ dy over the classes.</summary>
/// <remarks>Inputs: dy, y [N, K, …]. Output: dx.</remarks>
public sealed record ClassLogSoftmaxGradient : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        LabelMap.Check(inputs[0], "dy");
        Expect.Shape(inputs[1], inputs[0].Shape, "y");
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(13.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        LabelMap z = LabelMap.Of(a.InShape(0));
        for (int i = 0; i < z.Count; i++)
        {
            int first = (i / z.Places * z.K * z.Places) + (i % z.Places);
            double sum = 0;
            for (int c = 0; c < z.K; c++)
                sum += a.In(0)[first + (c * z.Places)];
            for (int c = 0; c < z.K; c++)
                a.Out()[first + (c * z.Places)] = a.In(0)[first + (c * z.Places)] - (Math.Exp(a.In(1)[first + (c * z.Places)]) * sum);
        }
    }

    public override unsafe void Cpu(CpuBinding b) => ClassLoop.Add<Slope>(b, b.In(0), b.In(1), b.Out());

    public override void Kernel(KernelBinding b)
    {
        LabelMap z = LabelMap.Of(b.InShape(0));
        ArrayView<float> dy = b.In(0), y = b.In(1), dx = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<float>, LabelMap>(LabelMapKernels.LogSoftmaxGradient);
        b.Launch(() => run(z.Count, dy, y, dx, z));
    }

    private readonly struct Slope : IClassMap
    {
        public static int Inputs => 2;

        public static unsafe void Apply<V>(float* dy, float* y, float* dx, int classes, int step) where V : struct, IVector<V>
        {
            V sum = V.Load(dy);
            for (int c = 1; c < classes; c++)
                sum += V.Load(dy + ((long)c * step));
            for (int c = 0; c < classes; c++)
                (V.Load(dy + ((long)c * step)) - (V.Exp(V.Load(y + ((long)c * step))) * sum)).Store(dx + ((long)c * step));
        }
    }
}
