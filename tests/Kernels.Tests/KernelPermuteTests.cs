using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

[Collection("accelerators")]
public sealed class KernelPermuteTests
{
    private static readonly (Shape Shape, int[] Axes)[] Cases =
    [
        (new Shape(33, 70), [1, 0]),
        (new Shape(3, 9, 8, 4), [0, 2, 3, 1]),
        (new Shape(2, 9, 3, 33), [0, 3, 2, 1]),
        (new Shape(2, 3, 8, 2, 9), [1, 4, 3, 0, 2]),
        (new Shape(2, 3, 5, 4, 2), [3, 1, 4, 2, 0]),
    ];

    [Theory]
    [InlineData("emulated")]
    [InlineData("ptx")]
    [InlineData("opencl:0")]
    public void Transposes_through_tiles_and_without_move_every_number(string id)
    {
        using Device device = KernelConformanceTests.Open(id);
        using var reference = new ReferenceDevice();
        foreach ((Shape shape, int[] axes) in Cases)
        {
            double[] x = [.. CaseInput.Distinct(new RandomStream(1, Purpose.Explore), shape, 1).Values];
            double[] expected = OpRun.Forward(reference, new Permute(axes), false, null, (shape, x));
            Assert.Null(Tolerance.Exact.Explain($"({string.Join(", ", axes)}) of {shape}", expected, OpRun.Forward(device, new Permute(axes), true, null, (shape, x))));
        }
    }
}
