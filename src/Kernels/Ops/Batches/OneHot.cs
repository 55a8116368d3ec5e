using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>One-hot encoding: labels int [N] as reals [N, Classes], 1 at the label, else 0. With one class the label itself, 0 or 1.</summary>
public sealed record OneHot(int Classes) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Element(inputs[0], ElementType.Int32, "labels");
        return [new TensorType(new Shape(inputs[0].Shape[0], Classes))];
    }

    public override void Reference(ReferenceArguments a)
    {
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
            y[i] = Value(a.InInt(0)[i / Classes], i % Classes);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int* labels = b.InInt(0);
        float* y = b.Out();
        int count = b.OutShape().Count;
        b.Serial(() =>
        {
            for (int i = 0; i < count; i++)
                y[i] = Value(labels[i / Classes], i % Classes);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<int> labels = b.InInt(0);
        ArrayView<float> y = b.Out();
        int classes = Classes;
        var run = b.Loader.Items<ArrayView<int>, int, ArrayView<float>>(BatchKernels.OneHot);
        b.Launch(() => run(y.IntLength, labels, classes, y));
    }

    private int Value(int label, int column) => Classes == 1 ? label : label == column ? 1 : 0;
}
