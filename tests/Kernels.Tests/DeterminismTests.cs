using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Cpu;

namespace GpuGrad.Kernels.Tests;

/// <summary>What the design promises of reductions: an order that depends on neither timing nor the number of threads.</summary>
public sealed class DeterminismTests
{
    private const int CasesPerFamily = 30;

    public static TheoryData<string> Families => [.. OpFamilies.All.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Families))]
    public void One_thread_and_five_give_the_same_bits(string family)
    {
        using var one = new CpuDevice(1);
        using var five = new CpuDevice(5);
        foreach (OpCase testCase in OpFamilies.All.Single(f => f.Name == family).Cases(CasesPerFamily))
        {
            using var alone = new CaseRun(testCase, one);
            using var together = new CaseRun(testCase, five);
            alone.Run();
            together.Run();
            AssertSame(testCase, alone.Results, together.Results);
            AssertSame(testCase, alone.Gradients, together.Gradients);
        }
    }

    private static void AssertSame(OpCase testCase, Dictionary<string, double[]> expected, Dictionary<string, double[]> actual)
    {
        foreach ((string name, double[] values) in expected)
            Assert.Null(Tolerance.Exact.Explain($"{testCase}: {name}", values, actual[name]));
    }
}
