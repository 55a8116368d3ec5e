using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Tests.Support.Ptx;

namespace GpuGrad.Kernels.Tests;

/// <summary>
/// The kernels against the reference: as C#, as OpenCL C where there is a device for it, and from their PTX text. Memory is
/// poisoned first, and guards stand before and behind every buffer.
/// </summary>
[Collection("accelerators")] // one at a time: PoCL has crashed building programs for two contexts at once
public sealed class KernelConformanceTests
{
    public static TheoryData<string, string> Runs()
    {
        var data = new TheoryData<string, string>();
        foreach (string device in new[] { "emulated", "ptx", "opencl:0" })
        {
            foreach (OpFamily family in OpFamilies.All)
                data.Add(device, family.Name);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void A_device_computes_what_the_reference_computes(string id, string family)
    {
        using Device device = Open(id);
        device.Guard = GuardSide.End;
        // The interpreter and, more so, the emulation (a thread of the system for each of a group) are slow: they get the first cases of each family.
        int cases = id switch { "opencl:0" => 60, "ptx" => 24, _ => Effort.Count(6, 24) };
        var problems = new List<string>();
        foreach (OpCase testCase in OpFamilies.All.Single(f => f.Name == family).Cases(cases))
            problems.AddRange(Problems(testCase, device).Select(p => $"{testCase}\n{p}"));
        Assert.True(problems.Count == 0, string.Join("\n", problems.Take(5)));
    }

    // A driver tells a code only; the interpreter knows what the kernel did, and where.
    private static IReadOnlyList<string> Problems(OpCase testCase, Device device)
    {
        try
        {
            return OpCheck.Against(testCase, device).Problems;
        }
        catch (GpuGradException e) when (device.Id == "cuda:0")
        {
            return [$"{e.Message}\n{PtxInterpreter.LastFault}"];
        }
    }

    internal static Device Open(string id) => TestDevice.Open(id == "ptx" ? "cuda:0" : id);
}
