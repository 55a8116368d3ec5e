using System.Runtime.InteropServices;
using System.Text;

namespace ILGPU.Runtime.Cuda;

/// <summary>
/// The CUDA driver's functions, loaded by name when there is a driver: nothing of the CUDA toolkit is needed. Every call
/// goes through <see cref="Check"/>. Tests build one over functions of their own.
/// </summary>
internal sealed unsafe partial class CudaDriver
{
    private static readonly Lazy<CudaDriver?> Installed = new(static () => Instead ?? LoadInstalled());
    private readonly Func<string, nint> resolve;
    private readonly Func<string?> detail;

    /// <summary>Functions by name, and what more than the error code there is to say about the last failure.</summary>
    public CudaDriver(Func<string, nint> resolve, Func<string?>? detail = null)
    {
        this.resolve = resolve;
        this.detail = detail ?? (static () => null);
    }

    /// <summary>Takes the place of the machine's driver where it is set before the first device is asked for: tests have one of their own.</summary>
    internal static CudaDriver? Instead { get; set; }

    /// <summary>The machine's driver, or null: no library, or no usable device behind it.</summary>
    public static CudaDriver? Default => Installed.Value;

    private static CudaDriver? LoadInstalled()
    {
        string name = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(name, out nint library))
            return null;
        CudaDriver driver = new(symbol => NativeLibrary.GetExport(library, symbol));
        return ((delegate* unmanaged<uint, int>)driver.Function("cuInit"))(0) == 0 ? driver : null;
    }

    private readonly Dictionary<string, nint> functions = [];

    private nint Function(string name)
    {
        lock (functions)
        {
            if (!functions.TryGetValue(name, out nint address))
                functions.Add(name, address = resolve(name));
            return address;
        }
    }

    /// <summary>The one place where return codes are looked at.</summary>
    private void Check(int code, string call, string? context = null)
    {
        if (code != 0)
            throw CudaErrors.Create(this, code, call, context, detail());
    }

    private static int? Fault(string call) => Bundled.DriverFaults.Inject?.Invoke(AcceleratorType.Cuda, call) is { } code && code != 0 ? code : null;

    public string ErrorName(int code)
    {
        byte* text;
        return ((delegate* unmanaged<int, byte**, int>)Function("cuGetErrorName"))(code, &text) == 0 && text != null
            ? Marshal.PtrToStringUTF8((nint)text)!
            : $"error {code}";
    }

    // ---- Devices ----------------------------------------------------------------------------------------------------

    public int DriverVersion()
    {
        int version;
        Check(((delegate* unmanaged<int*, int>)Function("cuDriverGetVersion"))(&version), "cuDriverGetVersion");
        return version;
    }

    public int DeviceCount()
    {
        int count;
        Check(((delegate* unmanaged<int*, int>)Function("cuDeviceGetCount"))(&count), "cuDeviceGetCount");
        return count;
    }

    public int GetDevice(int ordinal)
    {
        int device;
        Check(((delegate* unmanaged<int*, int, int>)Function("cuDeviceGet"))(&device, ordinal), "cuDeviceGet");
        return device;
    }

    public string DeviceName(int device)
    {
        byte* name = stackalloc byte[256];
        Check(((delegate* unmanaged<byte*, int, int, int>)Function("cuDeviceGetName"))(name, 256, device), "cuDeviceGetName");
        return Marshal.PtrToStringUTF8((nint)name)!;
    }

    public long TotalMemory(int device)
    {
        nuint bytes;
        Check(((delegate* unmanaged<nuint*, int, int>)Function("cuDeviceTotalMem_v2"))(&bytes, device), "cuDeviceTotalMem");
        return (long)bytes;
    }

    public int Attribute(CudaAttribute attribute, int device)
    {
        int value;
        Check(((delegate* unmanaged<int*, int, int, int>)Function("cuDeviceGetAttribute"))(&value, (int)attribute, device), "cuDeviceGetAttribute");
        return value;
    }

    // ---- Contexts ---------------------------------------------------------------------------------------------------

    public nint RetainContext(int device)
    {
        nint context;
        Check(((delegate* unmanaged<nint*, int, int>)Function("cuDevicePrimaryCtxRetain"))(&context, device), "cuDevicePrimaryCtxRetain");
        return context;
    }

    /// <summary>At the end of an accelerator's life; a lost device cannot release either, and that is no news then.</summary>
    public void ReleaseContext(int device) => _ = ((delegate* unmanaged<int, int>)Function("cuDevicePrimaryCtxRelease_v2"))(device);

    public void SetContext(nint context) =>
        Check(((delegate* unmanaged<nint, int>)Function("cuCtxSetCurrent"))(context), "cuCtxSetCurrent");

    public void Synchronize(string? after) =>
        Check(Fault("cuCtxSynchronize") ?? ((delegate* unmanaged<int>)Function("cuCtxSynchronize"))(), "cuCtxSynchronize", after);

    // ---- Streams and events -----------------------------------------------------------------------------------------

    public nint CreateStream()
    {
        const uint nonBlocking = 1;
        nint stream;
        Check(((delegate* unmanaged<nint*, uint, int>)Function("cuStreamCreate"))(&stream, nonBlocking), "cuStreamCreate");
        return stream;
    }

    public void DestroyStream(nint stream) => _ = ((delegate* unmanaged<nint, int>)Function("cuStreamDestroy_v2"))(stream);

    public void SynchronizeStream(nint stream, string? after) =>
        Check(Fault("cuStreamSynchronize") ?? ((delegate* unmanaged<nint, int>)Function("cuStreamSynchronize"))(stream), "cuStreamSynchronize", after);

    public nint CreateEvent()
    {
        nint handle;
        Check(((delegate* unmanaged<nint*, uint, int>)Function("cuEventCreate"))(&handle, 0), "cuEventCreate");
        return handle;
    }

    public void RecordEvent(nint handle, nint stream) =>
        Check(((delegate* unmanaged<nint, nint, int>)Function("cuEventRecord"))(handle, stream), "cuEventRecord");

    public void SynchronizeEvent(nint handle) =>
        Check(((delegate* unmanaged<nint, int>)Function("cuEventSynchronize"))(handle), "cuEventSynchronize");

    public float ElapsedMilliseconds(nint start, nint end)
    {
        float milliseconds;
        Check(((delegate* unmanaged<float*, nint, nint, int>)Function("cuEventElapsedTime"))(&milliseconds, start, end), "cuEventElapsedTime");
        return milliseconds;
    }

    public void DestroyEvent(nint handle) => _ = ((delegate* unmanaged<nint, int>)Function("cuEventDestroy_v2"))(handle);

    private static string Text(byte[] buffer)
    {
        int end = Array.IndexOf(buffer, (byte)0);
        return Encoding.UTF8.GetString(buffer, 0, end < 0 ? buffer.Length : end).Trim();
    }
}

/// <summary>The device attributes that are asked for, by the driver's numbers.</summary>
internal enum CudaAttribute
{
    MaxThreadsPerBlock = 1,
    MaxBlockDimX = 2,
    MaxBlockDimY = 3,
    MaxBlockDimZ = 4,
    MaxGridDimX = 5,
    MaxGridDimY = 6,
    MaxGridDimZ = 7,
    MaxSharedMemoryPerBlock = 8,
    TotalConstantMemory = 9,
    WarpSize = 10,
    MaxRegistersPerBlock = 12,
    ClockRate = 13,
    MultiprocessorCount = 16,
    PciBusId = 33,
    PciDeviceId = 34,
    MemoryClockRate = 36,
    GlobalMemoryBusWidth = 37,
    L2CacheSize = 38,
    MaxThreadsPerMultiprocessor = 39,
    PciDomainId = 50,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    MaxSharedMemoryPerMultiprocessor = 81,
    MaxRegistersPerMultiprocessor = 82,
    MaxSharedMemoryPerBlockOptIn = 97,
}
