using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>What the texts about gradients that this project grew from say, as far as single ops can show it.</summary>
public sealed class SeedDocumentTests
{
    [Fact]
    public void The_derivative_of_the_sigmoid_peaks_at_a_quarter_where_it_is_a_half()
    {
        Activation sigmoid = Activation.Find("sigmoid");
        Assert.Equal(0.5, sigmoid.Value(0, 0));
        Assert.Equal(0.25, sigmoid.Derivative(0, 0));
        for (double x = 1e-3; x < 30; x += 0.01)
        {
            Assert.True(sigmoid.Derivative(x, 0) < 0.25);
            Assert.True(sigmoid.Derivative(-x, 0) < 0.25);
        }
    }

    // Sample 1 has label 0: margins of classes 1 and 2 are 2.5 - 3 + 1 = 0.5 and 1 - 3 + 1 = -1, so its loss is 0.5, and its
    // gradient is (-1, 1, 0). Sample 2 has label 2: margins 2 - 1.5 + 1 = 1.5 and 1 - 1.5 + 1 = 0.5; loss 2, gradient (1, 1, -2).
    [Fact]
    public void The_svm_loss_and_its_gradient_are_those_worked_out_by_hand()
    {
        using var device = new ReferenceDevice();
        using OpOnce run = Hinge(device, squared: false);
        AssertClose([(0.5 + 2) / 2], run.Output);
        AssertClose([-1 / 2.0, 1 / 2.0, 0, 1 / 2.0, 1 / 2.0, -2 / 2.0], run.Gradient);
    }

    // The same margins squared: 0.25 and 2.25 + 0.25; gradients 2·margin.
    [Fact]
    public void The_squared_svm_loss_and_its_gradient_are_those_worked_out_by_hand()
    {
        using var device = new ReferenceDevice();
        using OpOnce run = Hinge(device, squared: true);
        AssertClose([(0.25 + 2.5) / 2], run.Output);
        AssertClose([-1 / 2.0, 1 / 2.0, 0, 3 / 2.0, 1 / 2.0, -4 / 2.0], run.Gradient);
    }

    [Fact]
    public void The_gradient_of_half_the_squared_error_is_prediction_minus_target()
    {
        using var device = new ReferenceDevice();
        using OpOnce run = OpOnce.Of(device, new HalfSquaredError(), [(new Shape(1, 2), [0.7, -1]), (new Shape(1, 2), [1, 1])], differentiate: true);
        AssertClose([(0.09 + 4) / 2], run.Output);
        AssertClose([-0.3, -2], run.Gradient);
    }

    private static OpOnce Hinge(ReferenceDevice device, bool squared) =>
        OpOnce.Of(device, new Hinge(1, squared), [(new Shape(2, 3), [3, 2.5, 1, 2, 1, 1.5])], [0, 2], differentiate: true);

    private static void AssertClose(double[] expected, double[] actual) => Assert.Null(Tolerance.Golden.Explain("result", expected, actual));
}
