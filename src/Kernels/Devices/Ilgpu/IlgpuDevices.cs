using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>The CUDA and OpenCL devices of this machine, and the emulated one.</summary>
internal static class IlgpuDevices
{
    private static readonly Lock Asking = new(); // drivers initialised by two threads at once have listed no devices

    /// <summary>Every device that runs kernels; queries the drivers each time.</summary>
    public static IEnumerable<DeviceInfo> List()
    {
        // A broken driver must not hide the devices of the others.
        foreach (DeviceInfo info in Of<CudaDevice>("cuda", static b => b.Cuda(), static d => $"{d.Name}, {Gibi(d.MemorySize)}, compute capability {d.Architecture?.Major}.{d.Architecture?.Minor}", static _ => true))
            yield return info;
        foreach (DeviceInfo info in Of<CLDevice>("opencl", static b => b.OpenCL(RunsKernels), static d => $"{d.Name.Trim()}, {Gibi(d.MemorySize)}, {d.PlatformName.Trim()}", static d => d.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_GPU)))
            yield return info;
    }

    /// <summary>The OpenCL devices that cannot run the kernels: one line each, with the reason.</summary>
    public static IReadOnlyList<string> Refused()
    {
        var refused = new List<string>();
        Of<CLDevice>("opencl", b => b.OpenCL(d =>
        {
            if (!RunsKernels(d))
                refused.Add($"OpenCL device '{d.Name.Trim()}' of {d.PlatformName.Trim()} lacks the generic address space of OpenCL 2.0, which ILGPU's kernels need (PoCL has it from 5.0 on)");
            return false;
        }), static d => d.Name, static _ => false);
        return refused;
    }

    /// <summary>The kernels as ordinary C#, on ILGPU's CPU accelerator.</summary>
    public static DeviceInfo Emulated { get; } = new("emulated", "the GPU kernels run as C#, work-item by work-item (slow; for tests and debugging)", false)
    {
        Open = static _ =>
        {
            Context context = IlgpuContext.Create(static b => b.CPU(CPUDeviceKind.Nvidia));
            return new IlgpuDevice("emulated", context.CreateCPUAccelerator(0), context);
        },
    };

    private static bool RunsKernels(CLDevice device) => device.CLStdVersion >= CLBackend.MinimumVersion && device.Capabilities.GenericAddressSpace;

    private static IReadOnlyList<DeviceInfo> Of<D>(string id, Action<Context.Builder> add, Func<D, string> describe, Func<D, bool> isGpu) where D : ILGPU.Runtime.Device
    {
        lock (Asking)
            return Ask(id, add, describe, isGpu);
    }

    private static IReadOnlyList<DeviceInfo> Ask<D>(string id, Action<Context.Builder> add, Func<D, string> describe, Func<D, bool> isGpu) where D : ILGPU.Runtime.Device
    {
        try
        {
            using Context context = IlgpuContext.Create(add);
            var found = new List<DeviceInfo>();
            foreach (D device in context.GetDevices<D>())
            {
                int number = found.Count;
                string name = $"{id}:{number}";
                found.Add(new DeviceInfo(name, describe(device), isGpu(device)) { Open = _ => Open<D>(name, add, number) });
            }
            return found;
        }
        catch (Exception e) when (e is AcceleratorException or DllNotFoundException or NotSupportedException)
        {
            return [];
        }
    }

    private static IlgpuDevice Open<D>(string id, Action<Context.Builder> add, int number) where D : ILGPU.Runtime.Device
    {
        Context context = IlgpuContext.Create(add);
        try
        {
            return new IlgpuDevice(id, context.GetDevice<D>(number).CreateAccelerator(context), context);
        }
        catch (AcceleratorException e)
        {
            context.Dispose();
            throw new GpuGradException(Fault.Device, $"{id} cannot be opened: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static string Gibi(long bytes) => FormattableString.Invariant($"{bytes / 1073741824.0:F1} GiB");
}
