using System.Collections.Immutable;

namespace ILGPU.Runtime.OpenCL;

/// <summary>Kinds of OpenCL device; bits.</summary>
[Flags]
public enum CLDeviceType
{
    CL_DEVICE_TYPE_DEFAULT = 1,
    CL_DEVICE_TYPE_CPU = 2,
    CL_DEVICE_TYPE_GPU = 4,
    CL_DEVICE_TYPE_ACCELERATOR = 8,
}

/// <summary>An OpenCL device. Without sub-groups its warps have one lane.</summary>
public sealed class CLDevice : Device
{
    private const uint TypeInfo = 0x1000, ComputeUnits = 0x1002, MaxWorkItemSizes = 0x1005, MaxWorkGroupSize = 0x1004, MaxClock = 0x100C, GlobalMemory = 0x101F,
        ConstantBuffer = 0x1020, LocalMemory = 0x1023, NameInfo = 0x102B, VendorInfo = 0x102C, DriverVersionInfo = 0x102D, VersionInfo = 0x102F, ExtensionsInfo = 0x1030,
        SingleConfig = 0x101B, DoubleConfig = 0x1032, MaxAllocation = 0x1010;

    private readonly Lazy<ImmutableArray<string>> extensions;

    public CLDevice(IntPtr platformId, IntPtr deviceId)
        : this(ClDriver.Default ?? throw new NotSupportedException("There is no OpenCL loader on this machine."), platformId, deviceId) { }

    internal CLDevice(ClDriver driver, nint platform, nint device) : base(AcceleratorType.OpenCL)
    {
        Driver = driver;
        PlatformId = platform;
        DeviceId = device;
        Name = driver.DeviceText(device, NameInfo);
        PlatformName = driver.PlatformText(platform, 0x0902);
        VendorName = driver.DeviceText(device, VendorInfo);
        DriverVersion = driver.DeviceText(device, DriverVersionInfo);
        VersionText = driver.DeviceText(device, VersionInfo);
        DeviceType = (CLDeviceType)driver.DeviceValue<ulong>(device, TypeInfo);
        MemorySize = (long)driver.DeviceValue<ulong>(device, GlobalMemory);
        MaxNumThreadsPerGroup = (int)driver.DeviceValue<nuint>(device, MaxWorkGroupSize);
        nuint[] sizes = driver.DeviceSizes(device, MaxWorkItemSizes, 3);
        MaxGroupSize = new Index3D(Clamp(sizes[0]), Clamp(sizes[1]), Clamp(sizes[2]));
        MaxGridSize = new Index3D(int.MaxValue, int.MaxValue, int.MaxValue);
        MaxSharedMemoryPerGroup = Clamp((nuint)driver.DeviceValue<ulong>(device, LocalMemory));
        MaxConstantMemory = Clamp((nuint)driver.DeviceValue<ulong>(device, ConstantBuffer));
        NumMultiprocessors = (int)driver.DeviceValue<uint>(device, ComputeUnits);
        MaxNumThreadsPerMultiprocessor = MaxNumThreadsPerGroup;
        WarpSize = 1;
        extensions = new(() => [.. driver.DeviceText(device, ExtensionsInfo).Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
    }

    internal ClDriver Driver { get; }
    internal string DriverVersion { get; }
    internal string VersionText { get; }
    internal bool HasDoubles => Driver.DeviceValue<ulong>(DeviceId, DoubleConfig) != 0;
    /// <summary>Whether division and square root can be asked to round correctly.</summary>
    internal bool HasExactDivision => (Driver.DeviceValue<ulong>(DeviceId, SingleConfig) & 0x80) != 0;
    internal long MaxBufferBytes => (long)Driver.DeviceValue<ulong>(DeviceId, MaxAllocation);

    public IntPtr PlatformId { get; }
    public IntPtr DeviceId { get; }
    public string PlatformName { get; }
    public string VendorName { get; }
    public CLDeviceType DeviceType { get; }
    public int ClockRate => (int)Driver.DeviceValue<uint>(DeviceId, MaxClock);
    public ImmutableArray<string> Extensions => extensions.Value;

    private static int Clamp(nuint value) => (int)Math.Min(value, int.MaxValue);

    public bool HasExtension(string extension) => Extensions.Contains(extension);

    public static ImmutableArray<Device> GetDevices(Predicate<CLDevice> predicate)
    {
        if (ClDriver.Default is not { } driver)
            return [];
        lock (ClDriver.OneAtATime)
            return [.. driver.Platforms().SelectMany(p => driver.Devices(p).Select(d => new CLDevice(driver, p, d))).Where(d => predicate(d))];
    }

    public override Accelerator CreateAccelerator(Context context) => CreateCLAccelerator(context);
    public CLAccelerator CreateCLAccelerator(Context context) => new(context, this);
}

public static class CLContextExtensions
{
    public static Context.Builder OpenCL(this Context.Builder builder) => builder.OpenCL(static _ => true);

    /// <summary>Adds the machine's OpenCL devices; without a loader there are none.</summary>
    public static Context.Builder OpenCL(this Context.Builder builder, Predicate<CLDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Registry.AddRange(CLDevice.GetDevices(predicate));
        return builder;
    }

    public static CLDevice GetCLDevice(this Context context, int clDeviceIndex) => context.GetDevice<CLDevice>(clDeviceIndex);
    public static Context.DeviceCollection<CLDevice> GetCLDevices(this Context context) => context.GetDevices<CLDevice>();
    public static CLAccelerator CreateCLAccelerator(this Context context, int clDeviceIndex) =>
        context.GetCLDevice(clDeviceIndex).CreateCLAccelerator(context);
}
