using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Health;

/// <summary>The norm at each time step of sequences, over all samples, such as of the gradient through time.</summary>
/// <remarks>Input: x [N, T, F]. Output: [T].</remarks>
public sealed record StepNorms : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Rank(inputs[0], 3, "x", "[samples, steps, features]");
        Expect.Element(inputs[0], ElementType.Real, "x");
        return [new TensorType(new Shape(inputs[0].Shape[1]))];
    }

    public override Cost Cost(Node node) => new(2.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int steps = a.InShape(0)[1], width = a.InShape(0)[2];
        for (int step = 0; step < steps; step++)
        {
            double sum = 0;
            for (int sample = 0; sample < a.InShape(0)[0]; sample++)
            {
                foreach (double v in a.In(0).Slice(((sample * steps) + step) * width, width))
                    sum += v * v;
            }
            a.Out()[step] = Math.Sqrt(sum);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int samples = b.InShape(0)[0], steps = b.InShape(0)[1], width = b.InShape(0)[2];
        float* x = b.In(0), norms = b.Out();
        b.Parallel(steps, (begin, end, _) =>
        {
            for (int step = begin; step < end; step++)
            {
                double sum = 0;
                for (int sample = 0; sample < samples; sample++)
                    sum += Sums.OfSquares(x + ((((long)sample * steps) + step) * width), width);
                norms[step] = (float)Math.Sqrt(sum);
            }
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), norms = b.Out();
        (int samples, int steps, int width) = (b.InShape(0)[0], b.InShape(0)[1], b.InShape(0)[2]);
        var run = b.Loader.Groups<ArrayView<float>, int, int, int, ArrayView<float>>(HealthKernels.Steps, RowTeams.Specialization);
        var config = new KernelConfig(steps, GroupReduce.Threads);
        b.Launch(() => run(config, x, samples, steps, width, norms));
    }
}
