using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Tests.Support;

namespace GpuGrad.Kernels.Tests;

public sealed class ConvolutionTests
{
    [Fact]
    public void A_signal_worked_out_by_hand_gives_39_and_the_gradient_7_7_6()
    {
        // y[i] = x[i] + 2x[i+1] + 3x[i+2] is 14, 11, 8, 6: 39. Each weight meets x[i] … x[i+3]: 1+2+3+1, 2+3+1+1, 3+1+1+1.
        foreach (Device device in (Device[])[new ReferenceDevice(), new CpuDevice(2)])
        {
            using (device)
            {
                (double[] y, double[][] gradients) = OpRun.WithGradients(
                    device, new Conv2D(new ConvGeometry()), [(new Shape(1, 1, 1, 6), [1, 2, 3, 1, 1, 1]), (new Shape(1, 1, 1, 3), [1, 2, 3])]);
                Assert.Equal([14, 11, 8, 6], y);
                Assert.Equal(39, y.Sum());
                Assert.Equal([7, 7, 6], gradients[1]);
                Assert.Equal([1, 3, 6, 6, 5, 3], gradients[0]);
            }
        }
    }

    [Fact]
    public void Many_random_geometries_agree_with_the_reference()
    {
        using var cpu = new CpuDevice(2);
        OpFamily family = OpFamilies.All.Single(f => f.Name == "convolutions");
        string[] problems = [.. family.Cases(300, seed: 2).SelectMany(c => OpCheck.Against(c, cpu).Problems.Select(p => $"{c}\n{p}"))];
        Assert.True(problems.Length == 0, string.Join("\n", problems.Take(5)));
    }

    // The sizes at which an image no longer fits a band, channels no longer fit a block, a batch no longer fits a chunk; from
    // 16 channels on, 3×3 kernels by Winograd's algorithm, with rows of tiles that end in the middle of an image.
    [Theory]
    [InlineData(2, 3, 33, 40, 5, 3)]
    [InlineData(3, 270, 16, 16, 9, 3)]
    [InlineData(70, 4, 4, 4, 40, 3)]
    [InlineData(1, 8, 28, 28, 130, 1)]
    [InlineData(5, 16, 32, 32, 8, 1)]
    [InlineData(2, 1, 257, 3, 1, 5)]
    [InlineData(3, 17, 7, 9, 33, 3)]
    [InlineData(7, 64, 14, 14, 64, 3)]
    [InlineData(3, 16, 40, 41, 16, 3)]
    [InlineData(9, 130, 2, 3, 100, 3)]
    [InlineData(70, 48, 4, 4, 40, 1)]
    [InlineData(5, 700, 8, 8, 16, 1)]
    [InlineData(2, 20, 64, 40, 8, 1)]
    [InlineData(30, 17, 9, 7, 18, 3)]
    [InlineData(16, 16, 2, 3, 20, 3)]
    [InlineData(47, 40, 5, 14, 16, 3)]
    [InlineData(64, 64, 3, 4, 24, 3)]
    public void Sizes_beyond_a_block_agree_with_the_reference(int n, int c, int h, int w, int k, int kernel)
    {
        using var cpu = new CpuDevice(2);
        var random = new RandomStream(3, Purpose.Explore);
        var g = new ConvGeometry { Padding = Padding.Symmetric(kernel / 2, kernel / 2) };
        CheckResult result = OpCheck.Against(
            new OpCase("conv2d", new Conv2D(g), [CaseInput.Normal(random, new Shape(n, c, h, w)), CaseInput.Normal(random, new Shape(k, c, kernel, kernel))]), cpu);
        Assert.True(result.Passed, string.Join("\n", result.Problems));
    }

    // Batches that fill a vector: images in its lanes, where that is less work.
    [Theory]
    [InlineData(16)]
    [InlineData(21)]
    [InlineData(40)]
    public void With_images_in_the_lanes_random_geometries_agree_with_the_reference(int images)
    {
        using var cpu = new CpuDevice(2);
        var random = new RandomStream((ulong)images, Purpose.Explore);
        var taken = new int[2];
        for (int i = 0; i < 40; i++)
        {
            int groups = 1 + (i % 5 == 0 ? 1 : 0), c = groups * (1 + random.NextInt(5)), k = groups * (1 + random.NextInt(9));
            (int r, int s) = (2 + random.NextInt(4), 3 + random.NextInt(5));
            (int h, int w) = (r + random.NextInt(8), s + random.NextInt(9));
            var g = new ConvGeometry
            {
                Groups = groups,
                Stride = (1 + (i % 3 / 2), 1 + (i % 4 / 3)),
                Dilation = (1 + (i % 7 / 6), 1),
                Padding = new Padding(r / 2 * 2, random.NextInt(r), random.NextInt(s), random.NextInt(s + 1)),
            };
            (Shape x, Shape weights) = (new Shape(images, c, h, w), new Shape(k, c / groups, r, s));
            var sizes = ConvSizes.OfForward(g, new TensorType(x), new TensorType(weights));
            taken[0] += LaneBlocking.Suits(Correlation.Forward(sizes)) && LaneBlocking.Suits(Correlation.Transposed(sizes)) ? 1 : 0;
            taken[1] += LaneGradientBlocking.Suits(sizes) ? 1 : 0;
            CheckResult result = OpCheck.Against(
                new OpCase("conv2d", new Conv2D(g, Bias: true), [CaseInput.Normal(random, x), CaseInput.Normal(random, weights), CaseInput.Normal(random, new Shape(k))]), cpu);
            Assert.True(result.Passed, $"{x} {weights} {g}\n{string.Join("\n", result.Problems)}");
        }
        Assert.True(taken.All(count => count > 10), string.Join(", ", taken));
    }

    // Whole rows of tiles above and below the image, on any number of threads.
    [Theory]
    [InlineData(0, 5, 1, 1)]
    [InlineData(9, 0, 1, 1)]
    [InlineData(12, 11, 0, 2)]
    [InlineData(1, 1, 9, 8)]
    public void Padding_beyond_the_filter_leaves_the_other_results_alone(int top, int bottom, int left, int right)
    {
        foreach (int threads in (int[])[1, 2, 3])
        {
            using var cpu = new CpuDevice(threads);
            var random = new RandomStream(8, Purpose.Explore);
            var g = new ConvGeometry { Padding = new Padding(top, bottom, left, right) };
            CheckResult result = OpCheck.Against(
                new OpCase("conv2d", new Conv2D(g), [CaseInput.Normal(random, new Shape(48, 16, 4, 4)), CaseInput.Normal(random, new Shape(24, 16, 3, 3))]), cpu);
            Assert.True(result.Passed, string.Join("\n", result.Problems));
        }
    }

    [Theory]
    [InlineData(3, 1, 10, 3, false)]
    [InlineData(3, 2, 10, 3, false)]
    [InlineData(3, 1, 16, 3, false)]
    [InlineData(3, 1, 10, 3, true)]
    [InlineData(3, 2, 10, 3, true)]
    [InlineData(3, 1, 16, 3, true)]
    [InlineData(30, 1, 16, 3, false)]
    [InlineData(30, 1, 16, 3, true)]
    [InlineData(19, 1, 3, 5, false)]
    [InlineData(19, 1, 3, 5, true)]
    [InlineData(19, 2, 5, 5, true)]
    public void Fusion_does_not_change_bits(int images, int stride, int channels, int kernel, bool transposed)
    {
        using var cpu = new CpuDevice(2);
        var random = new RandomStream(4, Purpose.Explore);
        var g = new ConvGeometry { Stride = (stride, stride), Padding = new Padding(1, 0, 2, 1) };
        (int p, int q) = g.Output((9, 11), (kernel, kernel));
        (Shape large, Shape small) = (new Shape(images, channels, 9, 11), new Shape(images, channels + 3, p, q));
        ConvolutionOp op = transposed ? new ConvTranspose2D(g, 9, 11, Bias: true) : new Conv2D(g, Bias: true);
        (Shape x, Shape y) = transposed ? (small, large) : (large, small);
        (Shape, double[])[] inputs = [.. new[] { x, new Shape(channels + 3, channels, kernel, kernel), new Shape(y[1]), y }.Select(s => (s, CaseInput.Normal(random, s).Values))];
        double[] apart = OpRun.Forward(cpu, op, false, new Multiply(), inputs), fused = OpRun.Forward(cpu, op, true, new Multiply(), inputs);
        Assert.Null(Tolerance.Exact.Explain("fused", apart, fused));
    }

    [Theory]
    [InlineData(4, 3)]
    [InlineData(4, 16)]
    [InlineData(20, 3)]
    [InlineData(32, 16)]
    public void A_run_allocates_nothing(int images, int channels)
    {
        using var cpu = new CpuDevice(1);
        using var memory = new DeviceMemory(cpu);
        var graph = new Graph();
        var g = new ConvGeometry { Padding = Padding.Symmetric(1, 1) };
        Tensor x = graph.Persistent("x", new TensorType(new Shape(images, channels, 9, 9)));
        Tensor w = graph.Persistent("w", new TensorType(new Shape(channels + 1, channels, 3, 3)));
        Tensor y = graph.Add(new Conv2D(g), x, w), dx = graph.Add(new ConvTranspose2D(g, 9, 9), y, w), dw = graph.Add(new ConvWeightGradient(g, 3, 3), x, y);
        Tensor pooled = graph.Add(new MaxPool2D(new PoolGeometry((2, 2))), y);
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [dx, dw, pooled] });
        plan.Run();
        Assert.Equal(0, Spent.Bytes(() =>
        {
            for (int i = 0; i < 10; i++)
                plan.Run();
        }));
    }

    [Theory]
    [InlineData(28, 5, 1, 1, 2, 2, 28)]
    [InlineData(28, 4, 1, 1, 1, 2, 28)]
    [InlineData(9, 3, 2, 1, 1, 1, 5)]
    [InlineData(8, 3, 2, 1, 0, 1, 4)]
    [InlineData(7, 3, 1, 3, 3, 3, 7)]
    [InlineData(3, 1, 2, 1, 0, 0, 2)]
    public void Same_padding_gives_the_size_divided_by_the_stride(int size, int kernel, int stride, int dilation, int before, int after, int output)
    {
        Padding same = Padding.Same((size, size), (kernel, kernel), (stride, stride), (dilation, dilation));
        Assert.Equal(new Padding(before, after, before, after), same);
        Assert.Equal((output, output), new ConvGeometry { Stride = (stride, stride), Dilation = (dilation, dilation), Padding = same }.Output((size, size), (kernel, kernel)));
    }

    [Fact]
    public void Mismatched_shapes_are_refused_with_found_and_expected()
    {
        var x = new TensorType(new Shape(2, 4, 5, 6));
        string Refusal(Op op, params TensorType[] inputs) => Assert.Throws<ShapeException>(() => op.Infer(inputs)).Message;

        Assert.Equal(
            "The kernel of 7x3 is larger than the padded input of 6x6; expected at most that. Use a smaller kernel, less dilation or more padding.",
            Refusal(new Conv2D(new ConvGeometry { Padding = new Padding(1, 0, 0, 0) }), x, new TensorType(new Shape(8, 4, 7, 3))));
        Assert.Contains("3x3 (7x7 with its dilation)", Refusal(new Conv2D(new ConvGeometry { Dilation = (3, 3) }), x, new TensorType(new Shape(8, 4, 3, 3))), StringComparison.Ordinal);
        Assert.Equal("'w' has shape [8, 3, 1, 1], expected [8, 4, 1, 1].", Refusal(new Conv2D(new ConvGeometry()), x, new TensorType(new Shape(8, 3, 1, 1))));
        Assert.Equal("4 channels cannot be cut into 3 groups; expected a multiple.", Refusal(new Conv2D(new ConvGeometry { Groups = 3 }), x, new TensorType(new Shape(9, 1, 1, 1))));
        Assert.Equal("8 filters cannot be cut into 3 groups; expected a multiple.", Refusal(new ConvTranspose2D(new ConvGeometry { Groups = 3 }, 5, 6), new TensorType(new Shape(1, 8, 5, 6)), new TensorType(new Shape(8, 1, 1, 1))));
        Assert.Equal("'x' has shape [2, 4, 5, 6], expected [2, 4, 8, 9].", Refusal(new ConvTranspose2D(new ConvGeometry(), 10, 11), x, new TensorType(new Shape(4, 2, 3, 3))));
        Assert.Equal("'bias' has shape [7], expected [8].", Refusal(new Conv2D(new ConvGeometry(), Bias: true), x, new TensorType(new Shape(8, 4, 1, 1)), new TensorType(new Shape(7))));
        Assert.Contains("stride is 0", Refusal(new Conv2D(default), x, new TensorType(new Shape(8, 4, 1, 1))), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConvGeometry { Stride = (0, 1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Padding(0, -1, 0, 0));
    }

    [Fact]
    public void An_impossible_transposed_output_is_refused()
    {
        var g = new ConvGeometry { Stride = (2, 2), Padding = Padding.Symmetric(3, 3) };
        Assert.Equal((10, 9), g.TransposedOutput((6, 6), (5, 5), (1, 0)));
        Assert.Equal("The output padding is 2x0, expected at least 0 and less than the stride, 2x2.", Assert.Throws<ShapeException>(() => g.TransposedOutput((6, 6), (5, 5), (2, 0))).Message);
        Assert.Contains("leaves -2x-2", Assert.Throws<ShapeException>(() => g.TransposedOutput((1, 1), (4, 4))).Message, StringComparison.Ordinal);
    }
}
