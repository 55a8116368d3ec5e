using ILGPU.Runtime;

namespace ILGPU.Bundled;

/// <summary>
/// The device has not enough memory for an allocation. The one device error after which the device can still be used.
/// </summary>
public sealed class DeviceOutOfMemoryException(AcceleratorType type, long wanted, long? free, long total, Exception? inner = null)
    : AcceleratorException(Describe(wanted, free, total), inner)
{
    public override AcceleratorType AcceleratorType => type;
    public long WantedBytes => wanted;
    /// <summary>Null where the device cannot tell (OpenCL).</summary>
    public long? FreeBytes => free;
    public long TotalBytes => total;

    private static string Describe(long wanted, long? free, long total) =>
        $"Out of device memory: wanted {wanted} bytes, free {free?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown"}, total {total}.";
}

/// <summary>The device is gone or its context is poisoned: nothing may be read from it, and it will not come back in this process.</summary>
public sealed class DeviceLostException(AcceleratorType type, string message, Exception? inner = null)
    : AcceleratorException(message, inner)
{
    public override AcceleratorType AcceleratorType => type;
}

/// <summary>The driver refused what the compiler emitted; the message holds the driver's log.</summary>
public sealed class KernelBuildException(AcceleratorType type, string kernel, string log, Exception? inner = null)
    : AcceleratorException($"The driver could not build kernel '{kernel}':\n{log}", inner)
{
    public override AcceleratorType AcceleratorType => type;
    public string Kernel => kernel;
    public string BuildLog => log;
}

/// <summary>A kernel cannot run on a device as it is written; the message names kernel, method, instruction and reason.</summary>
public sealed class KernelRefusedException(string message) : NotSupportedException(message);

/// <summary>A thread of an emulated kernel did what no kernel may: the message names kernel, thread, group and what it was.</summary>
public sealed class KernelFaultException(string message, Exception? inner = null) : AcceleratorException(message, inner)
{
    public override AcceleratorType AcceleratorType => AcceleratorType.CPU;
}
