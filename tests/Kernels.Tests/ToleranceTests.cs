using GpuGrad.Kernels.Conformance;

namespace GpuGrad.Kernels.Tests;

/// <summary>What passes as equal, above all where the right result is 0 because larger numbers cancel.</summary>
public sealed class ToleranceTests
{
    private const double Size = 0.05; // of the other gradients

    private static readonly double[] Cancelled = [1e-15, -2e-16, 3e-16, 0];

    private static readonly Tolerance Backward = Tolerance.Backward.ForCancelled(Size);

    [Theory]
    [InlineData(0.9, true)]
    [InlineData(1.1, false)]
    public void What_cancels_is_judged_by_the_size_of_what_cancels(double share, bool passes)
    {
        double off = share * Tolerance.Backward.Relative * Size;
        double[] actual = [off, -off, off, -off];

        Assert.True(Tolerance.IsCancelled(Cancelled, Size));
        Assert.Equal(passes, Backward.Explain("grad/0.bias", Cancelled, actual) is null);
        Assert.Equal(share * Tolerance.Backward.Relative, Backward.ErrorOf(Cancelled, actual), 1e-12);
    }

    [Fact]
    public void The_report_gives_the_error_as_it_was_judged()
    {
        string? problem = Backward.Explain("grad/0.bias", Cancelled, [1e-5, 1e-5, 1e-5, 1e-5]);
        Assert.StartsWith("grad/0.bias: relative error 2.00E-004 exceeds 1.0E-004 (backward, cancelled); 4 of 4 elements differ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_small_gradient_is_compared_relative_to_its_own_norm()
    {
        double[] small = [1e-6 * Size, -1e-6 * Size], off = [1.001e-6 * Size, -1e-6 * Size];
        Assert.False(Tolerance.IsCancelled(small, Size));
        Assert.Equal(7.07e-4, Tolerance.AgreementOfGradients.ErrorOf(small, off), 1e-6);
        Assert.NotNull(Tolerance.AgreementOfGradients.Explain("grad/0.weight", small, off));
    }

    /// <summary>In a network whose gradients explode a small one is still one.</summary>
    [Fact]
    public void Only_what_a_double_leaves_of_nothing_is_cancelled()
    {
        Assert.False(Tolerance.IsCancelled([5e-4, -5e-4], 1e6));
        Assert.True(Tolerance.IsCancelled([3e-11, -3e-11], 1e6));
    }

    [Fact]
    public void A_step_made_of_rounding_may_go_up_or_down_and_no_further()
    {
        Tolerance tolerance = Tolerance.Backward.ForStepOfNoise(0.001);
        Assert.Null(tolerance.Explain("param/0.bias", [0.001, -0.001], [-0.001, 0.001]));
        Assert.NotNull(tolerance.Explain("param/0.bias", [0.001, -0.001], [-0.0013, 0.0013]));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void What_is_not_finite_fails_even_where_0_is_expected(double value) =>
        Assert.NotNull(Backward.Explain("grad/0.bias", Cancelled, [0, 0, value, 0]));

    [Fact]
    public void A_bound_that_holds_for_all_results_is_not_made_smaller() =>
        Assert.Equal(Tolerance.Backward.Absolute, Tolerance.Backward.ForCancelled(1e-9).Absolute);
}
