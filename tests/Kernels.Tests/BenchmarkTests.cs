using GpuGrad.Kernels.Benchmarks;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Random;

namespace GpuGrad.Kernels.Tests;

public sealed class BenchmarkTests
{
    public static TheoryData<string> Ops => [.. OpBenchmarks.All.Select(b => b.Name)];

    [Theory]
    [MemberData(nameof(Ops))]
    public void An_op_that_can_be_timed_is_right_at_a_small_shape(string name)
    {
        OpBenchmark benchmark = OpBenchmarks.All.Single(b => b.Name == name);
        int[] sizes = [.. OpBenchmarks.Parse(benchmark, benchmark.Example).Select((s, i) => Math.Min(s, 5 + i))];
        using var device = new CpuDevice(2);
        Assert.Empty(OpCheck.Against(benchmark.Make(new RandomStream(1, Purpose.Explore), sizes), device).Problems);
    }

    [Theory]
    [InlineData("matmul", "10x10")]
    [InlineData("matmul", "10x0x10")]
    [InlineData("conv", "1x2x3x4x5x6x7")]
    [InlineData("relu", "10x")]
    [InlineData("sgd", "-3")]
    public void A_shape_that_does_not_fit_is_refused_with_an_example(string name, string shape)
    {
        OpBenchmark benchmark = OpBenchmarks.All.Single(b => b.Name == name);
        var refusal = Assert.Throws<GpuGradException>(() => OpBenchmarks.Parse(benchmark, shape));
        Assert.Equal(Fault.Config, refusal.Fault);
        Assert.Contains($"--shape {shape}", refusal.Message);
        Assert.Contains(benchmark.Example, refusal.Message);
    }

    [Fact]
    public void The_roofline_is_the_slower_of_arithmetic_and_the_memory_that_holds_the_operands()
    {
        var peak = new DevicePeak(100, [new MemoryLevel("cache", 1000, 50), new MemoryLevel("memory", 10_000, 5)], "made up");
        Assert.Equal(20, peak.Floor(new Cost(Flops: 2000, Bytes: 500)));
        Assert.Equal(10, peak.Floor(new Cost(Flops: 0, Bytes: 500)));
        Assert.Equal(400, peak.Floor(new Cost(Flops: 2000, Bytes: 2000)));
        Assert.Equal(4000, peak.Floor(new Cost(Flops: 0, Bytes: 20_000)));
    }

    [Fact]
    public void Figures_of_repeated_runs_are_their_median_and_extremes()
    {
        var timing = new Timing([5, 1, 9, 3]);
        Assert.Equal((4, 1, 9, 4), (timing.Median, timing.Min, timing.Max, timing.Count));
        Assert.Equal(3, new Timing([5, 1, 3]).Median);
    }

    [Fact]
    public void An_op_is_checked_before_it_is_timed_and_every_part_of_its_gradient_gets_a_row()
    {
        using var device = new CpuDevice(1);
        OpBenchmark conv = OpBenchmarks.All.Single(b => b.Name == "conv");
        var peak = new DevicePeak(1e9, [new MemoryLevel("memory", 1, 1e9)], "made up");
        OpFigures figures = OpBenchmarkRun.Run(conv, [2, 3, 8, 8, 4, 3], device, peak, seconds: 0.001);
        Assert.Equal(2.0 * 2 * 4 * 3 * 9 * 64, figures.Cost.Flops);
        Assert.InRange(figures.Error, 0, 1e-4);
        Assert.Equal(["Conv2D", "ConvTranspose2D", "ConvWeightGradient"], [.. figures.Backward.Select(r => r.Op).Append("Conv2D").Order()]);
    }
}
