using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Scratch memory holds what the op before left there; an op must not care.</summary>
public sealed class ScratchTests
{
    [Theory]
    [InlineData(1, 1, 3, 1)]
    [InlineData(5, 7, 3, 1)]
    [InlineData(5, 7, 3, 2)]
    [InlineData(16, 18, 3, 1)]
    [InlineData(40, 6, 5, 1)]
    [InlineData(6, 70, 1, 1)]
    [InlineData(20, 140, 2, 1)]
    public void Convolutions_compute_the_same_bits_whatever_scratch_memory_holds(int c, int k, int kernel, int stride)
    {
        using var cpu = new CpuDevice(2);
        using var memory = new DeviceMemory(cpu);
        var random = new RandomStream(5, Purpose.Explore);
        var g = new ConvGeometry { Stride = (stride, stride), Padding = Padding.Symmetric(1, 1) };
        (int p, int q) = g.Output((6, 7), (kernel, kernel));
        var graph = new Graph();
        Tensor Operand(string name, Shape shape) => OpRun.Place(graph, memory, name, shape, CaseInput.Normal(random, shape).Values);
        Tensor x = Operand("x", new Shape(3, c, 6, 7)), w = Operand("w", new Shape(k, c, kernel, kernel)), dy = Operand("dy", new Shape(3, k, p, q));
        Tensor spoilt = graph.Add(new Spoil());
        Tensor[] results =
        [
            graph.Add(new Conv2D(g), x, w), graph.Add(new ConvTranspose2D(g, 6, 7), dy, w), graph.Add(new ConvWeightGradient(g, kernel, kernel), x, dy),
        ];
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [spoilt, .. results] });
        double[][] clean = [.. results.Select((r, i) => RunNode(plan, i + 1, r))];
        for (int i = 0; i < results.Length; i++)
        {
            plan.RunNode(0);
            Assert.Null(Tolerance.Exact.Explain(results[i].Name, clean[i], RunNode(plan, i + 1, results[i])));
        }
    }

    private static double[] RunNode(Plan plan, int index, Tensor result)
    {
        plan.RunNode(index);
        return plan.Read(result);
    }

    /// <summary>Fills 16 MiB of scratch memory with NaN.</summary>
    private sealed record Spoil : Op
    {
        public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs) => [new TensorType(Shape.Scalar)];

        public override void Reference(ReferenceArguments a) => throw new NotSupportedException();

        public override unsafe void Cpu(CpuBinding b)
        {
            const int Floats = 1 << 22;
            ScratchRegion scratch = b.Scratch(Floats);
            float* y = b.Out();
            b.Serial(() =>
            {
                new Span<float>(scratch.Pointer, Floats).Fill(float.NaN);
                y[0] = 1;
            });
        }
    }
}
