using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Quantiles by hand; that ranges of columns are NumPy's, BinnedColumnTests shows.</summary>
public sealed class QuantileTests
{
    [Theory]
    [InlineData(0.3, 7, new double[] { 7 })]
    [InlineData(0.5, 6, new double[] { 4, 8 })]
    [InlineData(0.9, 4.6, new double[] { 1, 2, 3, 4, 5 })]
    [InlineData(0.75, double.PositiveInfinity, new double[] { 1, double.PositiveInfinity, double.PositiveInfinity })]
    [InlineData(0, 1, new double[] { 1, 3, 9 })]
    [InlineData(1, 9, new double[] { 1, 3, 9 })]
    public void A_share_of_the_numbers_lies_below(double share, double expected, double[] sorted) => Assert.Equal(expected, Quantile.Of(sorted, share), 12);

    // The median 3 of 0, 1, 5 and 9 is 3, 2, 2 and 6 away from them.
    [Fact]
    public void The_best_guess_of_a_mean_absolute_error_is_the_median_of_many_targets()
    {
        const int Count = 20_000;
        float[] values = [0, 1, 5, 9], targets = [.. Enumerable.Range(0, Count).Select(i => values[i % 4])];
        var samples = new SampleSet { Shape = new Shape(1), Count = Count, Reals = new float[Count], Targets = targets, TargetSize = 1 };
        Assert.Equal(3.25, GuessLoss.Of(new NumberLoss<MeanAbsoluteError>(), samples, 0)!.Value, 12);
    }
}
