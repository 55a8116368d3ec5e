using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;

namespace GpuGrad.Kernels.Devices;

/// <summary>A device of this machine that has not been opened.</summary>
/// <param name="Id">The value of <c>--device</c>.</param>
/// <param name="Name">Name that the device reports.</param>
/// <param name="IsGpu">Whether <c>auto</c> may choose it before the CPU.</param>
public sealed record DeviceInfo(string Id, string Name, bool IsGpu)
{
    /// <summary>Opens the device; the number is threads for the cpu, 0 for one per processor.</summary>
    public required Func<int, Device> Open { get; init; }
}

/// <summary>The devices of this machine.</summary>
public static class DeviceCatalog
{
    public const string Auto = "auto";

    /// <summary>Every device, GPUs first.</summary>
    public static IReadOnlyList<DeviceInfo> List() =>
    [
        .. IlgpuDevices.List(),
        .. OfEveryMachine(),
    ];

    /// <summary>Finds the device with the given id; <c>cuda</c> means <c>cuda:0</c>.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Device"/>: there is none; the message lists the devices that there are.</exception>
    public static DeviceInfo Find(string id)
    {
        // These need no driver, and drivers take their time to answer.
        if (OfEveryMachine().FirstOrDefault(d => d.Id == id) is DeviceInfo one)
            return one;
        IReadOnlyList<DeviceInfo> devices = List();
        if (id == Auto)
            return devices.FirstOrDefault(d => d.IsGpu) ?? devices.First(d => d.Id == "cpu");
        return devices.FirstOrDefault(d => d.Id == id || d.Id == id + ":0")
            ?? throw new GpuGradException(Fault.Device, $"no device '{id}' on this machine; there are {string.Join(", ", devices.Select(d => d.Id))}{(id.StartsWith("opencl", StringComparison.Ordinal) ? string.Concat(Refused().Select(r => $"; {r}")) : "")}");
    }

    /// <summary>Devices of this machine that cannot be used, and why, one line each.</summary>
    public static IReadOnlyList<string> Refused() => IlgpuDevices.Refused();

    /// <summary>Opens a device; <paramref name="threads"/> is for the cpu, 0 for one per processor.</summary>
    public static Device Open(string id, int threads = 0) => Find(id).Open(threads);

    private static DeviceInfo[] OfEveryMachine() =>
    [
        new DeviceInfo("cpu", CpuDevice.Describe(0), false) { Open = threads => new CpuDevice(threads) },
        new DeviceInfo("reference", new ReferenceDevice().Name, false) { Open = _ => new ReferenceDevice() },
        IlgpuDevices.Emulated,
    ];
}
