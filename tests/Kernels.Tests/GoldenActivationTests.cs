using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Ops.Activations;

namespace GpuGrad.Kernels.Tests;

/// <summary>Every activation function and its derivative against PyTorch's, from -200 to 200.</summary>
public sealed class GoldenActivationTests
{
    private static readonly IReadOnlyList<GoldenActivation> All = GoldenFile.Read<GoldenActivation>("activations");

    public static TheoryData<string> Names => [.. Activation.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_and_derivatives_are_the_golden_ones(string name)
    {
        GoldenActivation[] golden = [.. All.Where(a => a.Name == name)];
        Assert.NotEmpty(golden);
        foreach (GoldenActivation g in golden)
        {
            // One by one: in a norm the large values would hide the small ones.
            for (int i = 0; i < g.X.Length; i++)
            {
                Activation f = Activation.Find(name);
                AssertClose($"{g} of {g.X[i]}", g.Y[i], f.Value(g.X[i], g.Parameter));
                AssertClose($"the derivative of {g} at {g.X[i]}", g.Slope[i], f.Derivative(g.X[i], g.Parameter));
            }
        }
    }

    private static void AssertClose(string what, double expected, double actual) =>
        Assert.Null(Tolerance.Golden.Explain(what, [expected], [actual]));
}
