using System.Collections.Immutable;

namespace ILGPU.Runtime.CPU;

/// <summary>The shapes of device that emulation can take on.</summary>
public enum CPUDeviceKind
{
    Default,
    Nvidia,
    AMD,
    LegacyAMD,
    Intel,
}

/// <summary>Whether kernels run side by side; emulation here runs them one after the other in either mode.</summary>
public enum CPUAcceleratorMode
{
    Auto,
    Sequential,
    Parallel,
}

/// <summary>An emulated device: kernels run as ordinary C#, thread by thread, with every access checked.</summary>
public sealed class CPUDevice : Device
{
    public static readonly CPUDevice Default = new(4, 4, 1);
    public static readonly CPUDevice Nvidia = new(32, 32, 1);
    public static readonly CPUDevice AMD = new(32, 8, 1);
    public static readonly CPUDevice LegacyAMD = new(64, 4, 1);
    public static readonly CPUDevice Intel = new(16, 8, 1);
    public static readonly ImmutableArray<CPUDevice> All = [Default, Nvidia, AMD, LegacyAMD, Intel];

    public CPUDevice(int numThreadsPerWarp, int numWarpsPerMultiprocessor, int numMultiprocessors) : base(AcceleratorType.CPU)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(numThreadsPerWarp, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(numWarpsPerMultiprocessor, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(numMultiprocessors, 1);
        Name = "CPUAccelerator";
        WarpSize = numThreadsPerWarp;
        MaxNumThreadsPerGroup = MaxNumThreadsPerMultiprocessor = checked(numThreadsPerWarp * numWarpsPerMultiprocessor);
        NumMultiprocessors = numMultiprocessors;
        MaxGridSize = new Index3D(int.MaxValue, ushort.MaxValue, ushort.MaxValue);
        MaxGroupSize = new Index3D(MaxNumThreadsPerGroup, MaxNumThreadsPerGroup, MaxNumThreadsPerGroup);
        // What every CUDA device has, so that a kernel which asks for more shows here already.
        MaxSharedMemoryPerGroup = 48 * 1024;
        MaxConstantMemory = 64 * 1024;
        MemorySize = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    public int NumThreads => MaxNumThreadsPerMultiprocessor * NumMultiprocessors;

    public static CPUDevice GetDevice(CPUDeviceKind kind) => All[(int)kind];

    public static ImmutableArray<Device> GetDevices(Predicate<CPUDevice> predicate) => [.. All.Where(d => predicate(d))];

    public override Accelerator CreateAccelerator(Context context) => CreateCPUAccelerator(context);
    public CPUAccelerator CreateCPUAccelerator(Context context) => new(context, this);
    public CPUAccelerator CreateCPUAccelerator(Context context, CPUAcceleratorMode mode) => CreateCPUAccelerator(context);
}

public static class CPUContextExtensions
{
    public static Context.Builder DefaultCPU(this Context.Builder builder) => builder.CPU(CPUDeviceKind.Default);
    public static Context.Builder CPU(this Context.Builder builder, CPUDeviceKind kind) => builder.CPU(CPUDevice.GetDevice(kind));
    public static Context.Builder CPU(this Context.Builder builder) => builder.CPU(static _ => true);

    public static Context.Builder CPU(this Context.Builder builder, CPUDevice device)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Registry.Add(device);
        return builder;
    }

    public static Context.Builder CPU(this Context.Builder builder, Predicate<CPUDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Registry.AddRange(CPUDevice.GetDevices(predicate));
        return builder;
    }

    public static CPUDevice GetCPUDevice(this Context context, int cpuDeviceIndex) => context.GetDevice<CPUDevice>(cpuDeviceIndex);
    public static Context.DeviceCollection<CPUDevice> GetCPUDevices(this Context context) => context.GetDevices<CPUDevice>();
    public static CPUAccelerator CreateCPUAccelerator(this Context context, int cpuDeviceIndex) =>
        context.GetCPUDevice(cpuDeviceIndex).CreateCPUAccelerator(context);
    public static CPUAccelerator CreateCPUAccelerator(this Context context, int cpuDeviceIndex, CPUAcceleratorMode mode) =>
        context.GetCPUDevice(cpuDeviceIndex).CreateCPUAccelerator(context, mode);
}
