using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Embeddings;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Softmax;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Single properties of ops: what they refuse, and what no comparison between devices shows.</summary>
public sealed class OpTests
{
    private const int Many = 100_000;

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.8)]
    public void Dropout_keeps_its_share_and_the_mean(double rate)
    {
        double[] y = Masked(new Dropout(rate, 3), 1, 1);
        double kept = (double)y.Count(v => v != 0) / Many;
        Assert.InRange(kept, 1 - rate - 0.01, 1 - rate + 0.01); // six standard deviations
        Assert.All(y.Where(v => v != 0), v => Assert.Equal(1 / (1 - rate), v, 1e-6));
    }

    [Fact]
    public void Dropout_draws_anew_for_every_seed_step_and_layer()
    {
        double[] y = Masked(new Dropout(0.5, 3), 1, 1);
        Assert.Equal(y, Masked(new Dropout(0.5, 3), 1, 1));
        foreach (double[] other in new[] { Masked(new Dropout(0.5, 3), 2, 1), Masked(new Dropout(0.5, 3), 1, 2), Masked(new Dropout(0.5, 4), 1, 1), Masked(new Dropout(0.5, 3), 1, 1UL << 32) })
        {
            double same = (double)y.Zip(other).Count(p => p.First == p.Second) / Many;
            Assert.InRange(same, 0.49, 0.51);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void Dropout_refuses_a_rate_outside_0_to_1(double rate) =>
        Refused(() => new Dropout(rate, 0).Infer([new(new Shape(3)), new(new Shape(4), ElementType.Int32)]), "from 0 to below 1");

    [Fact]
    public void Softmax_of_huge_numbers_stays_a_distribution()
    {
        using var cpu = new CpuDevice(1);
        using OpOnce run = OpOnce.Of(cpu, new Softmax(), [(new Shape(1, 3), [3e38, -3e38, 3e38])]);
        Assert.Equal([0.5, 0, 0.5], run.Output);
    }

    [Fact]
    public void A_NaN_score_makes_its_row_NaN_and_no_other()
    {
        using var cpu = new CpuDevice(1);
        using OpOnce run = OpOnce.Of(cpu, new Softmax(), [(new Shape(2, 2), [double.NaN, 1, 0, 0])]);
        Assert.Equal([double.NaN, double.NaN, 0.5, 0.5], run.Output);
    }

    [Fact]
    public void Concat_refuses_inputs_that_differ_elsewhere() =>
        Refused(() => new Concat(1).Infer([new(new Shape(2, 3)), new(new Shape(3, 3))]), "'input 1' has shape [3, 3], expected [2, 3].");

    [Theory]
    [InlineData(2, 2)]
    [InlineData(-1, 2)]
    [InlineData(0, 0)]
    [InlineData(0, int.MaxValue)]
    public void Slice_refuses_what_leaves_the_axis(int start, int length) =>
        Refused(() => new Slice(1, start, length).Infer([new(new Shape(2, 3))]), "is not within axis 1");

    [Fact]
    public void Permute_refuses_an_order_that_names_an_axis_twice() =>
        Refused(() => new Permute(0, 0).Infer([new(new Shape(2, 3))]), "(0, 0) is not an order of its 2 axes");

    [Fact]
    public void A_loss_refuses_targets_of_another_shape() =>
        Refused(() => new MeanSquaredError().Infer([new(new Shape(2, 3)), new(new Shape(2, 1))]), "'targets' has shape [2, 1], expected [2, 3].");

    [Fact]
    public void A_loss_refuses_to_give_its_targets_a_gradient()
    {
        var graph = new Graph();
        Tensor x = graph.Persistent("x", new TensorType(new Shape(2))), t = graph.Persistent("t", new TensorType(new Shape(2)));
        Tensor loss = graph.Add(new MeanSquaredError(), x, t);
        var e = Assert.Throws<NotSupportedException>(() => graph.Differentiate(loss, [t]));
        Assert.Contains("'t'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_outside_the_table_is_named_before_it_reaches_a_kernel()
    {
        IndexCheck.Require([0, 4], 5, "tokens");
        var ints = Assert.Throws<GpuGradException>(() => IndexCheck.Require([0, 5], 5, "tokens"));
        Assert.Equal("'tokens' holds 5 at position 1, expected a whole number from 0 to 4.", ints.Message);
        Assert.Equal(Fault.Data, ints.Fault);
        foreach (float wrong in new[] { -1f, 0.5f, float.NaN })
            Assert.Throws<GpuGradException>(() => IndexCheck.Require([wrong], 5, "tokens"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_index_outside_the_table_reads_its_first_or_last_row(bool reference)
    {
        using Device device = reference ? new ReferenceDevice() : new CpuDevice(1);
        using OpOnce run = OpOnce.Of(device, new Embedding(), [(new Shape(3, 1), [10, 11, 12])], [-7, 1, int.MaxValue, int.MinValue]);
        Assert.Equal([10, 11, 12, 10], run.Output);
    }

    private static double[] Masked(Dropout op, ulong seed, ulong step)
    {
        using var cpu = new CpuDevice(2);
        int[] rng = [(int)seed, (int)(seed >> 32), (int)step, (int)(step >> 32), 0];
        using OpOnce run = OpOnce.Of(cpu, op, [(new Shape(Many), [.. Enumerable.Repeat(1.0, Many)])], rng);
        return run.Output;
    }

    private static void Refused(Action infer, string message) =>
        Assert.Contains(message, Assert.Throws<ShapeException>(infer).Message, StringComparison.Ordinal);
}
