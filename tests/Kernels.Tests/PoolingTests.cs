using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

public sealed class PoolingTests
{
    private static readonly (Shape, double[])[] Signal = [(new Shape(1, 1, 1, 6), [1, 2, 3, 1, 1, 1])];

    [Fact]
    public void Ties_that_split_the_gradient_give_each_pixel_its_part()
    {
        ForEach(device =>
        {
            (double[] y, double[][] gradients) = OpRun.WithGradients(device, new MaxPool2D(new PoolGeometry((1, 3)) { Stride = (1, 1) }, Ties.Split), Signal);
            Assert.Equal([3, 3, 3, 1], y);
            Assert.Equal(10, y.Sum());
            float third = 1f / 3;
            Assert.Equal([0, 0, 3, third, third, third], gradients[0].Select(g => (double)(float)g).ToArray());
        });
    }

    [Fact]
    public void Of_equal_pixels_the_first_takes_the_gradient() => ForEach(device =>
    {
        (double[] _, double[][] gradients) = OpRun.WithGradients(device, new MaxPool2D(new PoolGeometry((1, 3)) { Stride = (1, 1) }), Signal);
        Assert.Equal([0, 0, 3, 1, 0, 0], gradients[0]);
    });

    [Fact]
    public void A_window_with_a_nan_gives_nan_and_the_padding_never_wins() => ForEach(device =>
    {
        var g = new PoolGeometry((2, 2)) { Padding = new Padding(1, 0, 1, 0) };
        (double[] y, double[][] gradients) = OpRun.WithGradients(
            device, new MaxPool2D(g), [(new Shape(1, 1, 3, 3), [-5, -4, -3, -2, double.NaN, -1, -9, -8, -7])]);
        Assert.Equal([-5, -3, -2, double.NaN], y);
        Assert.Equal([1, 1, 1], new[] { gradients[0][0], gradients[0][2], gradients[0][3] });
    });

    [Fact]
    public void A_window_of_the_whole_image_pools_globally() => ForEach(device =>
    {
        var g = new PoolGeometry((2, 3));
        (Shape, double[])[] x = [(new Shape(1, 2, 2, 3), [1, 2, 9, 4, 5, 3, -1, -1, -2, -3, -4, -1])];
        (double[] max, double[][] dmax) = OpRun.WithGradients(device, new MaxPool2D(g, Ties.Split), x, [6, 6]);
        Assert.Equal([9, -1], max);
        Assert.Equal([0, 0, 6, 0, 0, 0, 2, 2, 0, 0, 0, 2], dmax[0]);
        (double[] mean, double[][] dmean) = OpRun.WithGradients(device, new AveragePool2D(g), x, [6, 12]);
        Assert.Equal([4, -2], mean);
        Assert.Equal([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], dmean[0]);
    });

    // What follows the gradient of a pooling runs before it, on a quarter of the numbers, and nothing but the order of a sum changes.
    [Fact]
    public void A_derivative_and_a_bias_take_the_pooled_gradient() => ForEach(device =>
    {
        (double[][] apart, int[] sizes) = Run(fuse: false);
        Assert.Equal([3 * 4 * 64, 3 * 4 * 64], sizes);
        (double[][] joined, sizes) = Run(fuse: true);
        Assert.Equal(device is ReferenceDevice ? [3 * 4 * 64, 3 * 4 * 64] : [3 * 4 * 16, 3 * 4 * 16], sizes);
        Assert.Equal(apart[0], joined[0]);
        Assert.Null(Tolerance.Forward.Explain("db", apart[1], joined[1]));

        (double[][] Gradients, int[] Sizes) Run(bool fuse)
        {
            var random = new RandomStream(6, Purpose.Explore);
            using var memory = new DeviceMemory(device);
            var graph = new Graph();
            Tensor Place(string name, Shape shape) => OpRun.Place(graph, memory, name, shape, CaseInput.Normal(random, shape).Values);
            Tensor x = Place("x", new Shape(3, 2, 8, 8)), w = Place("w", new Shape(4, 2, 3, 3)), bias = Place("b", new Shape(4)), dy = Place("dy", new Shape(192, 1));
            Tensor y = graph.Add(new Conv2D(new ConvGeometry { Padding = Padding.Symmetric(1, 1) }, Bias: true), x, w, bias);
            Tensor pooled = graph.AddAll(new MaxPool2D(new PoolGeometry((2, 2))), graph.Add(Activation.Find("relu").Forward(0), y))[0];
            Tensor loss = graph.Add(new MatMul(), graph.Reshape(pooled, new Shape(1, 192)), dy);
            graph.Phase = Phase.Backward;
            Tensor[] gradients = [.. graph.Differentiate(loss, [w, bias]).Select(g => g!)];
            using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = gradients, Fuse = fuse });
            plan.Run();
            int[] sizes = [.. plan.Nodes.Where(n => n.Op is ChannelSum or MapOp { IsBackward: true }).Select(n => n.Inputs[0].Shape.Count)];
            return ([.. gradients.Select(plan.Read)], sizes);
        }
    });

    [Fact]
    public void Positions_are_bytes_up_to_255_pixels_and_ints_beyond()
    {
        static ElementType Of(int r, int s) => new MaxPool2D(new PoolGeometry((r, s))).Infer([new TensorType(new Shape(1, 1, 40, 40))])[1].Element;
        Assert.Equal(ElementType.Byte, Of(15, 17));
        Assert.Equal(ElementType.Int32, Of(16, 16));
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_what_was_found_and_what_was_expected()
    {
        static string Refusal(PoolGeometry g) => Assert.Throws<ShapeException>(() => new AveragePool2D(g).Infer([new TensorType(new Shape(1, 1, 4, 4))])).Message;
        Assert.Equal(
            "The padding of a pooling is (top 0, bottom 2, left 0, right 0), expected less than its window of 2x2 on each side.",
            Refusal(new PoolGeometry((2, 2)) { Padding = new Padding(0, 2, 0, 0) }));
        Assert.Contains("The kernel of 5x1 is larger than the padded input of 4x4", Refusal(new PoolGeometry((5, 1))), StringComparison.Ordinal);
        Assert.Contains("not initialised", Refusal(default), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PoolGeometry((0, 2)));
    }

    private static void ForEach(Action<Device> check)
    {
        using Device reference = new ReferenceDevice(), cpu = new CpuDevice(2);
        check(reference);
        check(cpu);
    }
}
