using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>A tensor filled with one value; reverse mode starts with a 1.</summary>
public sealed record Fill(double Value, Shape Shape) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 0, Name);
        return [new TensorType(Shape)];
    }

    public override void Reference(ReferenceArguments a) => a.Out().Fill(Value);

    public override unsafe void Cpu(CpuBinding b)
    {
        float* y = b.Out();
        int count = b.OutShape().Count;
        b.Serial(() => new Span<float>(y, count).Fill((float)Value));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> y = b.Out();
        var run = b.Loader.Items<ArrayView<float>, float>(MapKernels.Fill);
        float value = (float)Value;
        b.Launch(() => run(y.IntLength, y, value));
    }
}
