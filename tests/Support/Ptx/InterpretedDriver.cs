using System.Runtime.InteropServices;
using System.Text;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// A CUDA driver in which the interpreter runs the kernels, over host memory. <see cref="Load"/> puts it in the place of libcuda, so ILGPU's
/// own CUDA runtime is tested with it, from loading a module to replaying a graph. It is strict where a driver leaves things to luck:
/// what may not happen while a graph is recorded is refused, and a context whose kernel failed is lost for good.
/// </summary>
internal static unsafe partial class InterpretedDriver
{
    private const int Success = 0, InvalidValue = 1, OutOfMemory = 2, NoDevice = 100, InvalidPtx = 218, InvalidHandle = 400, NotFound = 500, IllegalAddress = 700,
        LaunchFailed = 719, CaptureUnsupported = 900, CaptureInvalidated = 901, CaptureImplicit = 906;

    private static readonly Dictionary<string, nint> Functions = [];
    private static readonly Dictionary<nint, object> Handles = [];
    private static readonly Dictionary<int, nint> ErrorNames = [];
    private static readonly Lock Loading = new();
    private static int[] capabilities = [];
    private static long nextHandle = 0x1000;

    [ThreadStatic]
    private static DriverContext? current;

    public static readonly PtxMemory Memory = new();

    /// <summary>What the last kernel that failed did, and where; a driver tells a code only.</summary>
    public static string? LastFault { get; private set; }

    /// <summary>Launches so far, for tests that count them.</summary>
    public static long Launches;

    /// <summary>After so many launches the device is gone; for tests of what the program does then.</summary>
    public static long LostAfter { get; set; } = long.MaxValue;

    /// <summary>Makes this the libcuda of the process; must come before ILGPU asks for a device. Later calls change nothing.</summary>
    /// <param name="computeCapabilities">Of the devices it has: 80 is 8.0.</param>
    public static void Load(params int[] computeCapabilities)
    {
        lock (Loading)
        {
            if (capabilities.Length > 0)
                return;
            capabilities = computeCapabilities;
            RegisterDevices();
            RegisterStreams();
            RegisterMemory();
            RegisterWork();
            RegisterGraphs();
            StubLibrary.Load("libcuda.so.1", Functions);
        }
    }

    private static nint NewHandle(object value)
    {
        lock (Handles)
        {
            nint handle = (nint)(nextHandle += 16);
            Handles.Add(handle, value);
            return handle;
        }
    }

    private static T? Get<T>(nint handle) where T : class
    {
        lock (Handles)
            return Handles.TryGetValue(handle, out object? value) ? value as T : null;
    }

    private static int Drop(nint handle)
    {
        lock (Handles)
            return Handles.Remove(handle) ? Success : InvalidHandle;
    }

    /// <summary>What the device of the current context does; nothing any more where it was lost, or where the callback fails.</summary>
    private static int OnDevice(Func<DriverContext, int> work)
    {
        if (current is not { } context)
            return InvalidHandle;
        return context.Lost != Success ? context.Lost : work(context);
    }

    /// <summary>What may not happen while this or, if it records for all threads, another thread records a graph.</summary>
    private static int Unrecorded(Func<DriverContext, int> work) => OnDevice(context =>
    {
        if (!context.Recorders.Any(r => r.ForAllThreads || r.Thread == Environment.CurrentManagedThreadId))
            return work(context);
        foreach (DriverStream stream in context.Recorders)
            stream.IsInvalid = true;
        return CaptureUnsupported;
    });

    /// <summary>A context: what ILGPU calls an accelerator.</summary>
    private sealed class DriverContext
    {
        public required int Device { get; init; }
        public DriverStream Null { get; } = new() { IsNull = true };
        public List<DriverStream> Recorders { get; } = [];
        public int Lost { get; set; }
    }

    private static void RegisterDevices()
    {
        Functions["cuInit"] = (nint)(delegate* unmanaged<uint, int>)&Init;
        Functions["cuDriverGetVersion"] = (nint)(delegate* unmanaged<int*, int>)&DriverGetVersion;
        Functions["cuDeviceGetCount"] = (nint)(delegate* unmanaged<int*, int>)&DeviceGetCount;
        Functions["cuDeviceGet"] = (nint)(delegate* unmanaged<int*, int, int>)&DeviceGet;
        Functions["cuDeviceGetName"] = (nint)(delegate* unmanaged<byte*, int, int, int>)&DeviceGetName;
        Functions["cuDeviceTotalMem_v2"] = (nint)(delegate* unmanaged<nuint*, int, int>)&DeviceTotalMem;
        Functions["cuDeviceGetAttribute"] = (nint)(delegate* unmanaged<int*, int, int, int>)&DeviceGetAttribute;
        Functions["cuCtxCreate_v2"] = (nint)(delegate* unmanaged<nint*, uint, int, int>)&CtxCreate;
        Functions["cuCtxDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
        Functions["cuCtxSetCurrent"] = (nint)(delegate* unmanaged<nint, int>)&CtxSetCurrent;
        Functions["cuCtxSynchronize"] = (nint)(delegate* unmanaged<int>)&CtxSynchronize;
        Functions["cuCtxGetCacheConfig"] = (nint)(delegate* unmanaged<int*, int>)&GetConfig;
        Functions["cuCtxGetSharedMemConfig"] = (nint)(delegate* unmanaged<int*, int>)&GetConfig;
        Functions["cuGetErrorString"] = (nint)(delegate* unmanaged<int, byte**, int>)&GetErrorName;
        Functions["cuGetErrorName"] = (nint)(delegate* unmanaged<int, byte**, int>)&GetErrorName;
    }

    [UnmanagedCallersOnly]
    private static int Init(uint flags) => flags == 0 ? Success : InvalidValue;

    [UnmanagedCallersOnly]
    private static int DriverGetVersion(int* version)
    {
        *version = 12040;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGetCount(int* count)
    {
        *count = capabilities.Length;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGet(int* device, int ordinal)
    {
        *device = ordinal;
        return (uint)ordinal < (uint)capabilities.Length ? Success : InvalidValue;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGetName(byte* name, int length, int device)
    {
        byte[] text = Encoding.UTF8.GetBytes($"PTX interpreter (sm_{capabilities[device]})\0");
        text.AsSpan(0, Math.Min(text.Length, length)).CopyTo(new Span<byte>(name, length));
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceTotalMem(nuint* bytes, int device)
    {
        *bytes = (nuint)Memory.Capacity;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGetAttribute(int* value, int attribute, int device)
    {
        *value = attribute switch
        {
            1 or 2 or 3 => 1024, // threads of a block; in x and y
            4 => 64, // in z
            5 => int.MaxValue, // blocks of a grid in x
            6 or 7 => 65535, // in y and z
            8 => 48 * 1024, // shared memory of a block
            97 => 96 * 1024, // where a kernel asks for more
            81 => 96 * 1024, // of a multiprocessor
            9 => 64 * 1024, // constant memory
            10 => 32, // threads of a warp
            12 or 82 => 65536, // registers of a block and of a multiprocessor
            16 => 4, // multiprocessors
            33 => device + 1, // PCI bus: ILGPU takes devices with the same place for one
            39 => 2048, // threads of one
            75 => capabilities[device] / 10,
            76 => capabilities[device] % 10,
            _ => 0,
        };
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int CtxCreate(nint* context, uint flags, int device)
    {
        if ((uint)device >= (uint)capabilities.Length)
            return InvalidValue;
        current = new DriverContext { Device = device };
        *context = NewHandle(current);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int CtxSetCurrent(nint context)
    {
        current = Get<DriverContext>(context);
        return context == 0 || current is not null ? Success : InvalidHandle;
    }

    [UnmanagedCallersOnly]
    private static int CtxSynchronize() => Unrecorded(_ => Success);

    [UnmanagedCallersOnly]
    private static int GetConfig(int* config)
    {
        *config = 0;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Destroy(nint handle) => Drop(handle);

    [UnmanagedCallersOnly]
    private static int GetErrorName(int code, byte** text)
    {
        string name = code switch
        {
            Success => "CUDA_SUCCESS",
            InvalidValue => "CUDA_ERROR_INVALID_VALUE",
            OutOfMemory => "CUDA_ERROR_OUT_OF_MEMORY",
            NoDevice => "CUDA_ERROR_NO_DEVICE",
            InvalidPtx => "CUDA_ERROR_INVALID_PTX",
            InvalidHandle => "CUDA_ERROR_INVALID_HANDLE",
            NotFound => "CUDA_ERROR_NOT_FOUND",
            IllegalAddress => "CUDA_ERROR_ILLEGAL_ADDRESS",
            LaunchFailed => "CUDA_ERROR_LAUNCH_FAILED",
            CaptureUnsupported => "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
            CaptureInvalidated => "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
            CaptureImplicit => "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
            _ => "CUDA_ERROR_UNKNOWN",
        };
        lock (ErrorNames)
        {
            if (!ErrorNames.TryGetValue(code, out nint pointer))
                ErrorNames.Add(code, pointer = Marshal.StringToCoTaskMemUTF8(name));
            *text = (byte*)pointer;
        }
        return Success;
    }
}
