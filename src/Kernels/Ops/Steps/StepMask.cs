using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Steps;

/// <summary>Sets x to 0 beyond the end of each sequence. Its gradient is the same op on dy.</summary>
/// <remarks>Inputs: x [N, T, F], lengths Int32 [N]. Output: y as x.</remarks>
public sealed record StepMask : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Rank(inputs[0], 3, "x", "[samples, steps, features]");
        StepLengths.Check(inputs[1], inputs[0].Shape[0]);
        return [inputs[0]];
    }

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new StepMask(), b.Gradient(), b.Input(1)));

    public override void Reference(ReferenceArguments a)
    {
        int steps = a.OutShape()[1], width = a.OutShape()[2];
        a.In(0).CopyTo(a.Out());
        for (int sample = 0; sample < a.OutShape()[0]; sample++)
        {
            int length = StepLengths.Of(a, true, sample, steps);
            a.Out().Slice(((sample * steps) + length) * width, (steps - length) * width).Clear();
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int steps = b.OutShape()[1], width = b.OutShape()[2];
        float* x = b.In(0), y = b.Out();
        StepLengths lengths = StepLengths.Of(b, true, steps);
        b.Parallel(b.OutShape().LengthOf(..2), (begin, end, _) =>
        {
            for (int row = begin; row < end; row++)
            {
                long at = (long)row * width;
                if (row % steps < lengths[row / steps])
                    Copies.Copy(x + at, y + at, width);
                else
                    Copies.Clear(y + at, width);
            }
        }, grain: Math.Max(1, 4096 / width));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), y = b.Out();
        ArrayView<int> lengths = b.InInt(1);
        (int steps, int width) = (b.OutShape()[1], b.OutShape()[2]);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<int>, ArrayView<float>, int, int>(StepKernels.Mask);
        b.Launch(() => run(y.IntLength, x, lengths, y, steps, width));
    }
}
