using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using ILGPU.Runtime.Cuda;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// A CUDA driver in which the interpreter runs the kernels: the functions that <see cref="CudaDriver"/> calls, with its
/// calling conventions, over host memory. So the whole CUDA runtime is tested, from loading a module to replaying a graph.
/// It has two devices: one of compute capability 8.0, one of 5.0.
/// </summary>
internal static unsafe partial class InterpretedDriver
{
    private const int Success = 0, InvalidValue = 1, OutOfMemory = 2, InvalidPtx = 218, InvalidHandle = 400, NotFound = 500, IllegalAddress = 700,
        LaunchFailed = 719, CaptureUnsupported = 900;

    private static readonly int[] Capabilities = [80, 50];
    private static readonly Dictionary<string, nint> Functions = [];
    private static readonly Dictionary<nint, object> Handles = [];
    private static readonly Dictionary<int, nint> ErrorNames = [];
    private static long nextHandle = 0x1000;

    [ThreadStatic]
    private static string? lastDetail;

    public static readonly PtxMemory Memory = new();

    public static readonly CudaDriver Driver = new(Resolve, () =>
    {
        string? detail = lastDetail;
        lastDetail = null;
        return detail;
    });

    static InterpretedDriver()
    {
        RegisterDevices();
        RegisterWork();
    }

    /// <summary>Launches so far, for tests that count them.</summary>
    public static long Launches;

    private static nint Resolve(string name) => Functions.TryGetValue(name, out nint function)
        ? function
        : throw new EntryPointNotFoundException($"The interpreted CUDA driver has no {name}.");

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

    private static int Fail(int code, string detail)
    {
        lastDetail = detail;
        return code;
    }

    /// <summary>A queue. Work runs at once, or is recorded while a capture is on.</summary>
    private sealed class Stream
    {
        public List<Func<int>>? Recording;

        public int Do(Func<int> work)
        {
            if (Recording == null)
                return work();
            Recording.Add(work);
            return Success;
        }
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
        Functions["cuDevicePrimaryCtxRetain"] = (nint)(delegate* unmanaged<nint*, int, int>)&CtxRetain;
        Functions["cuDevicePrimaryCtxRelease_v2"] = (nint)(delegate* unmanaged<int, int>)&CtxRelease;
        Functions["cuCtxSetCurrent"] = (nint)(delegate* unmanaged<nint, int>)&CtxSetCurrent;
        Functions["cuCtxSynchronize"] = (nint)(delegate* unmanaged<int>)&CtxSynchronize;
        Functions["cuGetErrorName"] = (nint)(delegate* unmanaged<int, byte**, int>)&GetErrorName;
        Functions["cuStreamCreate"] = (nint)(delegate* unmanaged<nint*, uint, int>)&StreamCreate;
        Functions["cuStreamDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
        Functions["cuStreamSynchronize"] = (nint)(delegate* unmanaged<nint, int>)&StreamSynchronize;
        Functions["cuEventCreate"] = (nint)(delegate* unmanaged<nint*, uint, int>)&EventCreate;
        Functions["cuEventRecord"] = (nint)(delegate* unmanaged<nint, nint, int>)&EventRecord;
        Functions["cuEventSynchronize"] = (nint)(delegate* unmanaged<nint, int>)&EventSynchronize;
        Functions["cuEventElapsedTime"] = (nint)(delegate* unmanaged<float*, nint, nint, int>)&EventElapsedTime;
        Functions["cuEventDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
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
        *count = Capabilities.Length;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGet(int* device, int ordinal)
    {
        *device = ordinal;
        return (uint)ordinal < (uint)Capabilities.Length ? Success : InvalidValue;
    }

    [UnmanagedCallersOnly]
    private static int DeviceGetName(byte* name, int length, int device)
    {
        byte[] text = Encoding.UTF8.GetBytes($"PTX interpreter (sm_{Capabilities[device]})\0");
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
        *value = (CudaAttribute)attribute switch
        {
            CudaAttribute.MaxThreadsPerBlock or CudaAttribute.MaxBlockDimX or CudaAttribute.MaxBlockDimY => 1024,
            CudaAttribute.MaxBlockDimZ => 64,
            CudaAttribute.MaxGridDimX => int.MaxValue,
            CudaAttribute.MaxGridDimY or CudaAttribute.MaxGridDimZ => 65535,
            CudaAttribute.MaxSharedMemoryPerBlock => 48 * 1024,
            CudaAttribute.MaxSharedMemoryPerBlockOptIn => 96 * 1024,
            CudaAttribute.TotalConstantMemory => 64 * 1024,
            CudaAttribute.WarpSize => 32,
            CudaAttribute.MultiprocessorCount => 4,
            CudaAttribute.MaxThreadsPerMultiprocessor => 2048,
            CudaAttribute.ComputeCapabilityMajor => Capabilities[device] / 10,
            CudaAttribute.ComputeCapabilityMinor => Capabilities[device] % 10,
            _ => 0,
        };
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int CtxRetain(nint* context, int device)
    {
        *context = device + 1;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int CtxRelease(int device) => Success;

    [UnmanagedCallersOnly]
    private static int CtxSetCurrent(nint context) => context > 0 && context <= Capabilities.Length ? Success : InvalidHandle;

    [UnmanagedCallersOnly]
    private static int CtxSynchronize() => Success;

    [UnmanagedCallersOnly]
    private static int GetErrorName(int code, byte** text)
    {
        string name = code switch
        {
            Success => "CUDA_SUCCESS",
            InvalidValue => "CUDA_ERROR_INVALID_VALUE",
            OutOfMemory => "CUDA_ERROR_OUT_OF_MEMORY",
            InvalidPtx => "CUDA_ERROR_INVALID_PTX",
            InvalidHandle => "CUDA_ERROR_INVALID_HANDLE",
            NotFound => "CUDA_ERROR_NOT_FOUND",
            IllegalAddress => "CUDA_ERROR_ILLEGAL_ADDRESS",
            LaunchFailed => "CUDA_ERROR_LAUNCH_FAILED",
            CaptureUnsupported => "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
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

    [UnmanagedCallersOnly]
    private static int StreamCreate(nint* stream, uint flags)
    {
        *stream = NewHandle(new Stream());
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Destroy(nint handle) => Drop(handle);

    [UnmanagedCallersOnly]
    private static int StreamSynchronize(nint stream) => Get<Stream>(stream) switch
    {
        null => InvalidHandle,
        { Recording: not null } => CaptureUnsupported,
        _ => Success,
    };

    [UnmanagedCallersOnly]
    private static int EventCreate(nint* handle, uint flags)
    {
        *handle = NewHandle(new StrongBox<long>());
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int EventRecord(nint handle, nint stream)
    {
        if (Get<StrongBox<long>>(handle) is not { } time || Get<Stream>(stream) is not { } queue)
            return InvalidHandle;
        return queue.Do(() =>
        {
            time.Value = Stopwatch.GetTimestamp();
            return Success;
        });
    }

    [UnmanagedCallersOnly]
    private static int EventSynchronize(nint handle) => Get<StrongBox<long>>(handle) == null ? InvalidHandle : Success;

    [UnmanagedCallersOnly]
    private static int EventElapsedTime(float* milliseconds, nint start, nint end)
    {
        if (Get<StrongBox<long>>(start) is not { } first || Get<StrongBox<long>>(end) is not { } last)
            return InvalidHandle;
        *milliseconds = (float)Stopwatch.GetElapsedTime(first.Value, last.Value).TotalMilliseconds;
        return Success;
    }
}
