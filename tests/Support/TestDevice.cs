using GpuGrad.Kernels.Devices;

namespace GpuGrad.Tests.Support;

/// <summary>Devices as tests open them.</summary>
public static class TestDevice
{
    /// <summary>Opens a device; skips the test where the machine has none such, fails it where <c>GPUGRAD_REQUIRE</c> says it must be there.</summary>
    public static Device Open(string id, int threads = 0)
    {
        bool isThere = DeviceCatalog.List().Any(d => d.Id == id);
        if (!isThere && (Environment.GetEnvironmentVariable(Switches.Require) ?? "").Split(',').Contains(id.Split(':')[0]))
            Assert.Fail($"{Switches.Require} asks for {id}, and this machine has no such device.");
        Assert.SkipWhen(!isThere, $"No {id} on this machine: tests/gpu/tools make, and ./test runs this in the root it makes.");
        return DeviceCatalog.Open(id, threads);
    }
}
