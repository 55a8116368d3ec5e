using ILGPU.Runtime;

namespace ILGPU.Bundled;

/// <summary>For tests: lets driver calls fail as if the driver had answered with an error.</summary>
public static class DriverFaults
{
    /// <summary>
    /// Asked before each checked driver call (cuMemAlloc_v2, clEnqueueNDRangeKernel, ..., and "allocate" on the emulated device);
    /// a value other than null or 0 is taken for the call's return code. Called from any thread.
    /// </summary>
    public static Func<AcceleratorType, string, int?>? Inject { get; set; }

    internal static bool Fails(AcceleratorType type, string call) => Inject?.Invoke(type, call) is { } code && code != 0;
}
