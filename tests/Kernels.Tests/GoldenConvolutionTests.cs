using System.Text.Json;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>The numbers of PyTorch in double precision; <c>tests/Support/oracle/convolutions.py</c> writes the file.</summary>
public sealed class GoldenConvolutionTests
{
    private static readonly JsonElement[] Golden =
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "convolutions.json"))).RootElement.EnumerateArray()];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Golden.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_reference_and_the_cpu_compute_what_PyTorch_computes(int index)
    {
        using Device reference = new ReferenceDevice(), cpu = new CpuDevice(2);
        Compare(Golden[index], reference, Tolerance.Golden);
        Compare(Golden[index], cpu, Tolerance.Forward);
    }

    private static void Compare(JsonElement golden, Device device, Tolerance tolerance)
    {
        (Shape Shape, double[] Values)[] inputs =
            [.. golden.GetProperty("inputs").EnumerateArray().Select(i => (ShapeOf(i), Numbers(i.GetProperty("values"))))];
        Op op = OpOf(golden, inputs);
        Assert.Equal(ShapeOf(golden.GetProperty("y")), op.Infer([.. inputs.Select(i => new TensorType(i.Shape))])[0].Shape);
        (double[] y, double[][] gradients) = OpRun.WithGradients(device, op, inputs, Numbers(golden.GetProperty("dy")));
        Assert.Null(tolerance.Explain("y", Numbers(golden.GetProperty("y").GetProperty("values")), y));
        double[][] expected = [.. golden.GetProperty("gradients").EnumerateArray().Select(Numbers)];
        for (int i = 0; i < expected.Length; i++)
            Assert.Null(tolerance.Explain($"gradient of input {i}", expected[i], gradients[i]));
    }

    private static Op OpOf(JsonElement golden, (Shape Shape, double[] Values)[] inputs)
    {
        (int h, int w) padding = Pair(golden, "padding"), stride = Pair(golden, "stride");
        Padding sides = Padding.Symmetric(padding.h, padding.w);
        string name = golden.GetProperty("op").GetString()!;
        if (golden.TryGetProperty("kernel", out _))
        {
            var pool = new PoolGeometry(Pair(golden, "kernel")) { Stride = stride, Padding = sides };
            return name == "max_pool2d" ? new MaxPool2D(pool) : new AveragePool2D(pool, golden.GetProperty("count_padding").GetBoolean());
        }
        var g = new ConvGeometry { Stride = stride, Padding = sides, Dilation = Pair(golden, "dilation"), Groups = golden.GetProperty("groups").GetInt32() };
        bool bias = inputs.Length == 3;
        if (name == "conv2d")
            return new Conv2D(g, bias);
        (Shape x, Shape k) = (inputs[0].Shape, inputs[1].Shape);
        (int height, int width) = g.TransposedOutput((x[2], x[3]), (k[2], k[3]), Pair(golden, "output_padding"));
        return new ConvTranspose2D(g, height, width, bias);
    }

    private static (int H, int W) Pair(JsonElement golden, string name) => (golden.GetProperty(name)[0].GetInt32(), golden.GetProperty(name)[1].GetInt32());

    private static Shape ShapeOf(JsonElement tensor) => new([.. tensor.GetProperty("shape").EnumerateArray().Select(s => s.GetInt32())]);

    private static double[] Numbers(JsonElement values) => [.. values.EnumerateArray().Select(v => v.GetDouble())];
}
