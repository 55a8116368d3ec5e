using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Factors rounded to fewer bits, and the tensor cores that multiply them; the rest is in the family "precision".</summary>
[Collection("accelerators")]
public sealed class PrecisionTests
{
    [Theory]
    [InlineData(1f, 1f, 1f)]
    [InlineData(-0f, -0f, -0f)]
    [InlineData(1.00048828125f, 1.0009765625f, 1f)] // 1 + 2^-11: half a step of tf32 goes up
    [InlineData(-1.00048828125f, -1.0009765625f, -1f)]
    [InlineData(1.00390625f, 1.00390625f, 1f)] // 1 + 2^-8: half a step of bfloat16 goes to the even neighbour
    [InlineData(1.01171875f, 1.01171875f, 1.015625f)] // 1 + 3·2^-8: to the even one above
    [InlineData(1.0040284f, 1.00390625f, 1.0078125f)]
    [InlineData(1e-40f, 1.03314933e-40f, 9.18354962e-41f)] // subnormals too
    [InlineData(3.4028235e38f, float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity)]
    public void Rounding_is_to_the_nearest(float x, float tf32, float bf16)
    {
        Assert.Equal(tf32, Rounding.Round(Precision.Tf32, x), 1e-45f);
        Assert.Equal(bf16, Rounding.Round(Precision.Bf16, x), 1e-45f);
        Assert.Equal(x, Rounding.Round(Precision.Float32, x));
        Assert.Equal(float.IsNegative(x), float.IsNegative(Rounding.Round(Precision.Tf32, x)));
    }

    [Theory]
    [InlineData(0x7F800001u)]
    [InlineData(0x7FFFFFFFu)]
    [InlineData(0xFFC00000u)]
    public void What_is_no_number_stays_none(uint bits)
    {
        float x = BitConverter.UInt32BitsToSingle(bits);
        Assert.True(float.IsNaN(Rounding.Round(Precision.Tf32, x)));
        Assert.True(float.IsNaN(Rounding.Round(Precision.Bf16, x)));
    }

    /// <summary>From PTX text: each element of a fragment in its lane, edges of the result and of the sum, each tile, a split sum.</summary>
    [Theory]
    [InlineData(17, 17, 9)]
    [InlineData(64, 64, 16)]
    [InlineData(40, 70, 260)]
    [InlineData(130, 140, 20)]
    public void Tensor_cores_multiply_as_the_reference_does(int m, int n, int k)
    {
        using var device = (IlgpuDevice)KernelConformanceTests.Open("ptx");
        foreach ((Precision precision, int tile) in new[] { (Precision.Tf32, 0), (Precision.Tf32, 1), (Precision.Tf32, 2), (Precision.Bf16, 0), (Precision.Bf16, 1), (Precision.Bf16, 2) })
        {
            device.Tile = tile;
            var random = new RandomStream(1, Purpose.Explore);
            CaseInput[] inputs = [CaseInput.Normal(random, new Shape(m, k)), CaseInput.Normal(random, new Shape(k, n))];
            var one = new OpCase($"{precision}, tile {tile}", new MatMul { Precision = precision }, inputs) { Differentiable = false };
            Assert.Empty(OpCheck.Against(one, device).Problems);
        }
    }

    /// <summary>Rounding is seen: the same factors give another product, and that is the exact one of the rounded factors.</summary>
    [Fact]
    public void A_graph_rounds_all_of_its_products_and_their_gradients()
    {
        var graph = new Graph { Precision = Precision.Bf16 };
        Tensor x = graph.Persistent("x", new TensorType(new Shape(1, 1))), w = graph.Persistent("w", new TensorType(new Shape(1, 1)));
        Tensor y = graph.Add(new MatMul(), x, w);
        graph.Phase = Phase.Backward;
        IReadOnlyList<Tensor?> gradients = graph.Differentiate(y, [x, w]);
        using var device = new Devices.Reference.ReferenceDevice();
        using var memory = new DeviceMemory(device);
        memory.Write(x.Placement!.Value.Slot, 0, [1.001]);
        memory.Write(w.Placement!.Value.Slot, 0, [3.0]);
        using var plan = Plans.Plan.Of(graph, memory, new Plans.PlanOptions { Keep = [y, gradients[1]!] });
        plan.Run();
        Assert.Equal(3.0, plan.Read(y)[0]);
        Assert.Equal(1.0, plan.Read(gradients[1]!)[0]);
        // The factors of a run are those of that run.
        memory.Write(x.Placement!.Value.Slot, 0, [2.0]);
        plan.Run();
        Assert.Equal(6.0, plan.Read(y)[0]);
    }
}
