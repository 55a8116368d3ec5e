using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>The running figures of an epoch have more digits than a float.</summary>
public sealed class MetricsTests
{
    private const int Steps = 3000;

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    [InlineData("emulated")]
    public void Samples_are_counted_beyond_what_a_float_can_count(string id)
    {
        double[] totals = Run(id, [1.5, 0, 1 << 24, 0, 1 << 24, 0, 1 << 24, 0], 1.5, samples: 1, Steps);
        Assert.Equal((1 << 24) + Steps, totals[Metrics.Samples] + totals[Metrics.Samples + 1]);
        Assert.Equal((1 << 24) + Steps, totals[Metrics.Weight] + totals[Metrics.Weight + 1]);
        Assert.Equal(1.5, totals[Metrics.Loss] + totals[Metrics.Loss + 1]);
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    [InlineData("emulated")]
    public void A_loss_that_is_infinite_or_NaN_is_never_forgotten(string id)
    {
        foreach (double loss in new[] { double.PositiveInfinity, double.NaN })
        {
            double[] totals = Run(id, new double[Metrics.Length], loss, samples: 2, 1);
            Assert.False(double.IsFinite(totals[Metrics.Loss] + totals[Metrics.Loss + 1]));
            totals = Run(id, totals, 1, samples: 2, 3);
            Assert.False(double.IsFinite(totals[Metrics.Loss] + totals[Metrics.Loss + 1]));
        }
    }

    private static double[] Run(string id, double[] totals, double loss, int samples, int steps)
    {
        using Device device = DeviceCatalog.Open(id, 1);
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor into = graph.Persistent("totals", new TensorType(new Shape(Metrics.Length)));
        Tensor value = graph.Persistent("loss", new TensorType(Shape.Scalar));
        graph.AddUpdate(new Metrics(samples, Classes: false), into, value);
        using var plan = Plan.Of(graph, memory, new PlanOptions());
        memory.Write(into.Placement!.Value.Slot, 0, totals.AsSpan());
        memory.Write(value.Placement!.Value.Slot, 0, ((double[])[loss]).AsSpan());
        for (int i = 0; i < steps; i++)
            plan.Run();
        return plan.Read(into);
    }
}
