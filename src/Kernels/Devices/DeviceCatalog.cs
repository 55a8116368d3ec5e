using GpuGrad.Kernels.Devices.Accelerated;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;

namespace GpuGrad.Kernels.Devices;

/// <summary>A device of this machine that has not been opened.</summary>
/// <param name="Id">What <c>--device</c> takes.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="IsGpu">Whether <c>auto</c> may choose it before the CPU.</param>
public sealed record DeviceInfo(string Id, string Name, bool IsGpu)
{
    /// <summary>Opens it; the number is threads for the cpu, 0 for one a processor.</summary>
    public required Func<int, Device> Open { get; init; }
}

/// <summary>The devices of this machine.</summary>
public static class DeviceCatalog
{
    public const string Auto = "auto";

    /// <summary>Every device, GPUs first.</summary>
    public static IReadOnlyList<DeviceInfo> List() =>
    [
        .. KernelDevices.List(),
        .. OfEveryMachine(),
    ];

    /// <summary>The device that <paramref name="id"/> means; <c>cuda</c> is <c>cuda:0</c>.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Device"/>: there is none; the message lists those that are there.</exception>
    public static DeviceInfo Find(string id)
    {
        // Not asked of drivers, which take their time to answer.
        if (OfEveryMachine().FirstOrDefault(d => d.Id == id) is DeviceInfo one)
            return one;
        IReadOnlyList<DeviceInfo> devices = List();
        if (id == Auto)
            return devices.FirstOrDefault(d => d.IsGpu) ?? devices.First(d => d.Id == "cpu");
        return devices.FirstOrDefault(d => d.Id == id || d.Id == id + ":0")
            ?? throw new GpuGradException(Fault.Device, $"no device '{id}' on this machine; there are {string.Join(", ", devices.Select(d => d.Id))}{(id.StartsWith("opencl", StringComparison.Ordinal) ? string.Concat(Refused().Select(r => $"; {r}")) : "")}");
    }

    /// <summary>Devices of this machine that cannot be used, and why, a line each.</summary>
    public static IReadOnlyList<string> Refused() => KernelDevices.Refused();

    /// <summary>Opens a device; <paramref name="threads"/> is for the cpu, 0 for one a processor.</summary>
    public static Device Open(string id, int threads = 0) => Find(id).Open(threads);

    private static DeviceInfo[] OfEveryMachine() =>
    [
        new DeviceInfo("cpu", CpuDevice.Describe(0), false) { Open = threads => new CpuDevice(threads) },
        new DeviceInfo("reference", new ReferenceDevice().Name, false) { Open = _ => new ReferenceDevice() },
        KernelDevices.Emulated,
    ];
}
