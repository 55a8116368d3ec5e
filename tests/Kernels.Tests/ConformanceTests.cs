using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;

namespace GpuGrad.Kernels.Tests;

/// <summary>Every op family on the cpu device against the reference; <see cref="GradientTests"/> checks the backward rules themselves.</summary>
public sealed class ConformanceTests
{
    private const int CasesPerFamily = 60;

    public static TheoryData<string> Families => [.. OpFamilies.All.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Families))]
    public void The_cpu_computes_what_the_reference_computes(string family)
    {
        using Device cpu = new CpuDevice(2);
        AssertAll(family, c => OpCheck.Against(c, cpu));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Results_do_not_depend_on_the_number_of_threads(string family)
    {
        using Device one = new CpuDevice(1), two = new CpuDevice(2), three = new CpuDevice(3);
        AssertAll(family, c => SameBits(c, one, two, three));
    }

    private static CheckResult SameBits(OpCase testCase, Device first, params ReadOnlySpan<Device> others)
    {
        using var expected = new CaseRun(testCase, first);
        expected.Run();
        var problems = new List<string>();
        foreach (Device other in others)
        {
            using var actual = new CaseRun(testCase, other);
            actual.Run();
            foreach ((string name, double[] values) in expected.Results.Concat(expected.Gradients))
            {
                double[] found = actual.Results.GetValueOrDefault(name) ?? actual.Gradients[name];
                if (Tolerance.Exact.Explain($"{name} with {((CpuDevice)other).Threads} threads", values, found) is string problem)
                    problems.Add(problem);
            }
        }
        return new CheckResult(0, 0, problems);
    }

    private static void AssertAll(string family, Func<OpCase, CheckResult> check)
    {
        OpFamily ops = OpFamilies.All.Single(f => f.Name == family);
        var problems = new List<string>();
        foreach (OpCase testCase in ops.Cases(CasesPerFamily))
            problems.AddRange(check(testCase).Problems.Select(p => $"{testCase}\n{p}"));
        Assert.True(problems.Count == 0, string.Join("\n", problems.Take(5)));
    }
}
