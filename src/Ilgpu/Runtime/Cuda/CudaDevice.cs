using System.Collections.Immutable;
using System.Globalization;

namespace ILGPU.Runtime.Cuda;

/// <summary>A compute capability.</summary>
public readonly struct CudaArchitecture(int major, int minor) : IEquatable<CudaArchitecture>, IComparable<CudaArchitecture>
{
    public int Major { get; } = major;
    public int Minor { get; } = minor;

    public static bool operator ==(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) == 0;
    public static bool operator !=(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) != 0;
    public static bool operator <(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) < 0;
    public static bool operator <=(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) <= 0;
    public static bool operator >(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) > 0;
    public static bool operator >=(CudaArchitecture first, CudaArchitecture second) => first.CompareTo(second) >= 0;

    public int CompareTo(CudaArchitecture other) => (Major * 10 + Minor).CompareTo(other.Major * 10 + other.Minor);
    public bool Equals(CudaArchitecture other) => CompareTo(other) == 0;
    public override bool Equals(object? obj) => obj is CudaArchitecture other && Equals(other);
    public override int GetHashCode() => Major * 10 + Minor;
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"SM_{Major}{Minor}");
}

/// <summary>A driver's CUDA version.</summary>
public readonly struct CudaDriverVersion(int value)
{
    public int Value { get; } = value;
    public int Major => Value / 1000;
    public int Minor => Value % 1000 / 10;
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");
}

/// <summary>An NVIDIA GPU.</summary>
public sealed class CudaDevice : Device
{
    private readonly int device;

    internal CudaDevice(CudaDriver driver, int ordinal) : base(AcceleratorType.Cuda)
    {
        Driver = driver;
        DeviceId = ordinal;
        device = driver.GetDevice(ordinal);
        Name = driver.DeviceName(device);
        MemorySize = driver.TotalMemory(device);
        DriverVersion = new CudaDriverVersion(driver.DriverVersion());
        Architecture = new CudaArchitecture(Get(CudaAttribute.ComputeCapabilityMajor), Get(CudaAttribute.ComputeCapabilityMinor));
        MaxGridSize = new Index3D(Get(CudaAttribute.MaxGridDimX), Get(CudaAttribute.MaxGridDimY), Get(CudaAttribute.MaxGridDimZ));
        MaxGroupSize = new Index3D(Get(CudaAttribute.MaxBlockDimX), Get(CudaAttribute.MaxBlockDimY), Get(CudaAttribute.MaxBlockDimZ));
        MaxNumThreadsPerGroup = Get(CudaAttribute.MaxThreadsPerBlock);
        MaxSharedMemoryPerGroup = Get(CudaAttribute.MaxSharedMemoryPerBlock);
        MaxConstantMemory = Get(CudaAttribute.TotalConstantMemory);
        WarpSize = Get(CudaAttribute.WarpSize);
        NumMultiprocessors = Get(CudaAttribute.MultiprocessorCount);
        MaxNumThreadsPerMultiprocessor = Get(CudaAttribute.MaxThreadsPerMultiprocessor);
    }

    internal CudaDriver Driver { get; }
    internal int Handle => device;
    internal int MaxDynamicSharedMemory => Get(CudaAttribute.MaxSharedMemoryPerBlockOptIn);
    internal int Capability => Architecture is { } a ? a.Major * 10 + a.Minor : 0;

    public int DeviceId { get; }
    public CudaDriverVersion DriverVersion { get; }
    public CudaArchitecture? Architecture { get; }
    public int ClockRate => Get(CudaAttribute.ClockRate);
    public int MemoryClockRate => Get(CudaAttribute.MemoryClockRate);
    public int MemoryBusWidth => Get(CudaAttribute.GlobalMemoryBusWidth);
    public int L2CacheSize => Get(CudaAttribute.L2CacheSize);
    public int MaxSharedMemoryPerMultiprocessor => Get(CudaAttribute.MaxSharedMemoryPerMultiprocessor);
    public int TotalNumRegistersPerMultiprocessor => Get(CudaAttribute.MaxRegistersPerMultiprocessor);
    public int TotalNumRegistersPerGroup => Get(CudaAttribute.MaxRegistersPerBlock);
    public int PCIDomainId => Get(CudaAttribute.PciDomainId);
    public int PCIBusId => Get(CudaAttribute.PciBusId);
    public int PCIDeviceId => Get(CudaAttribute.PciDeviceId);

    private int Get(CudaAttribute attribute) => Driver.Attribute(attribute, device);

    public static ImmutableArray<Device> GetDevices(Predicate<CudaDevice> predicate) =>
        CudaDriver.Default is { } driver ? GetDevices(driver, predicate) : [];

    internal static ImmutableArray<Device> GetDevices(CudaDriver driver, Predicate<CudaDevice> predicate) =>
        [.. Enumerable.Range(0, driver.DeviceCount()).Select(i => new CudaDevice(driver, i)).Where(d => predicate(d))];

    public override Accelerator CreateAccelerator(Context context) => CreateCudaAccelerator(context);
    public CudaAccelerator CreateCudaAccelerator(Context context) => new(context, this);
}

public static class CudaContextExtensions
{
    public static Context.Builder Cuda(this Context.Builder builder) => builder.Cuda(static _ => true);

    /// <summary>Adds the machine's NVIDIA GPUs; without a driver there are none.</summary>
    public static Context.Builder Cuda(this Context.Builder builder, Predicate<CudaDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Registry.AddRange(CudaDevice.GetDevices(predicate));
        return builder;
    }

    public static CudaDevice GetCudaDevice(this Context context, int cudaDeviceIndex) => context.GetDevice<CudaDevice>(cudaDeviceIndex);
    public static Context.DeviceCollection<CudaDevice> GetCudaDevices(this Context context) => context.GetDevices<CudaDevice>();
    public static CudaAccelerator CreateCudaAccelerator(this Context context, int cudaDeviceIndex) =>
        context.GetCudaDevice(cudaDeviceIndex).CreateCudaAccelerator(context);
}
