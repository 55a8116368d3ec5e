using System.Runtime.InteropServices;
using System.Text;

namespace ILGPU.Runtime.OpenCL;

/// <summary>The OpenCL loader's functions, bound by name when there is one. Every call goes through <see cref="Check"/>.</summary>
internal sealed unsafe partial class ClDriver
{
    private static readonly Lazy<ClDriver?> Installed = new(LoadInstalled);

    /// <summary>
    /// Held while devices are looked for and programs are built. OpenCL allows any thread to do either at any time; PoCL 3.1 reads
    /// the name of a device that another thread is still setting up, and has crashed in two builds at once.
    /// </summary>
    public static readonly Lock OneAtATime = new();

    private readonly Func<string, nint> resolve;
    private readonly Dictionary<string, nint> functions = [];

    public ClDriver(Func<string, nint> resolve) => this.resolve = resolve;

    public static ClDriver? Default => Installed.Value;

    private static ClDriver? LoadInstalled()
    {
        string[] names = OperatingSystem.IsWindows() ? ["OpenCL.dll"]
            : OperatingSystem.IsMacOS() ? ["/System/Library/Frameworks/OpenCL.framework/OpenCL"]
            : ["libOpenCL.so.1", "libOpenCL.so"];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return new ClDriver(symbol => NativeLibrary.GetExport(library, symbol));
        }
        return null;
    }

    private nint Function(string name)
    {
        lock (functions)
        {
            if (!functions.TryGetValue(name, out nint address))
                functions.Add(name, address = resolve(name));
            return address;
        }
    }

    private static void Check(int code, string call, string? context = null)
    {
        if (code != 0)
            throw ClErrors.Create(code, call, context);
    }

    private static int? Fault(string call) => Bundled.DriverFaults.Inject?.Invoke(AcceleratorType.OpenCL, call) is { } code && code != 0 ? code : null;

    // ---- Platforms and devices --------------------------------------------------------------------------------------

    public nint[] Platforms()
    {
        uint count;
        var get = (delegate* unmanaged<uint, nint*, uint*, int>)Function("clGetPlatformIDs");
        // The loader answers with an error where no driver is registered.
        if (get(0, null, &count) != 0 || count == 0)
            return [];
        nint[] platforms = new nint[count];
        fixed (nint* p = platforms)
            Check(get(count, p, null), "clGetPlatformIDs");
        return platforms;
    }

    public nint[] Devices(nint platform)
    {
        const ulong all = 0xFFFFFFFF;
        uint count;
        var get = (delegate* unmanaged<nint, ulong, uint, nint*, uint*, int>)Function("clGetDeviceIDs");
        if (get(platform, all, 0, null, &count) != 0 || count == 0)
            return [];
        nint[] devices = new nint[count];
        fixed (nint* p = devices)
            Check(get(platform, all, count, p, null), "clGetDeviceIDs");
        return devices;
    }

    public string PlatformText(nint platform, uint what) => Text("clGetPlatformInfo", platform, what);

    public string DeviceText(nint device, uint what) => Text("clGetDeviceInfo", device, what);

    public T DeviceValue<T>(nint device, uint what) where T : unmanaged
    {
        T value = default;
        Check(((delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Function("clGetDeviceInfo"))(device, what, (nuint)sizeof(T), &value, null), "clGetDeviceInfo");
        return value;
    }

    public nuint[] DeviceSizes(nint device, uint what, int count)
    {
        nuint[] values = new nuint[count];
        fixed (nuint* p = values)
            Check(((delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Function("clGetDeviceInfo"))(device, what, (nuint)(count * sizeof(nuint)), p, null), "clGetDeviceInfo");
        return values;
    }

    private string Text(string call, nint handle, uint what)
    {
        nuint size;
        var get = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Function(call);
        Check(get(handle, what, 0, null, &size), call);
        byte[] bytes = new byte[size];
        fixed (byte* p = bytes)
            Check(get(handle, what, size, p, null), call);
        return Encoding.UTF8.GetString(bytes).TrimEnd('\0', ' ');
    }

    // ---- Contexts and queues ----------------------------------------------------------------------------------------

    public nint CreateContext(nint device)
    {
        int code;
        nint context = ((delegate* unmanaged<nint*, uint, nint*, nint, nint, int*, nint>)Function("clCreateContext"))(null, 1, &device, 0, 0, &code);
        Check(code, "clCreateContext");
        return context;
    }

    public nint CreateQueue(nint context, nint device, bool profiling)
    {
        const ulong profilingEnable = 2;
        int code;
        nint queue = ((delegate* unmanaged<nint, nint, ulong, int*, nint>)Function("clCreateCommandQueue"))(context, device, profiling ? profilingEnable : 0, &code);
        Check(code, "clCreateCommandQueue");
        return queue;
    }

    public void Finish(nint queue, string? after) =>
        Check(Fault("clFinish") ?? ((delegate* unmanaged<nint, int>)Function("clFinish"))(queue), "clFinish", after);

    /// <summary>Hands what was enqueued to the device; without, a driver may keep it until somebody waits.</summary>
    public void Flush(nint queue) => Check(((delegate* unmanaged<nint, int>)Function("clFlush"))(queue), "clFlush");

    /// <summary>Releases a context, queue, buffer, program, kernel or event: clRelease + what.</summary>
    public void Release(string what, nint handle) => _ = ((delegate* unmanaged<nint, int>)Function("clRelease" + what))(handle);

    public nint Marker(nint queue)
    {
        nint handle;
        Check(((delegate* unmanaged<nint, uint, nint*, nint*, int>)Function("clEnqueueMarkerWithWaitList"))(queue, 0, null, &handle), "clEnqueueMarkerWithWaitList");
        return handle;
    }

    public void Wait(nint handle) => Check(((delegate* unmanaged<uint, nint*, int>)Function("clWaitForEvents"))(1, &handle), "clWaitForEvents");

    /// <summary>When the command ended, in nanoseconds of the device's clock.</summary>
    public ulong EndTime(nint handle)
    {
        const uint commandEnd = 0x1283;
        ulong time;
        Check(((delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Function("clGetEventProfilingInfo"))(handle, commandEnd, 8, &time, null), "clGetEventProfilingInfo");
        return time;
    }

    // ---- Memory -----------------------------------------------------------------------------------------------------

    public nint CreateBuffer(nint context, long bytes, long total)
    {
        const ulong readWrite = 1;
        int code;
        nint buffer = 0;
        if (Fault("clCreateBuffer") is { } injected)
            code = injected;
        else
            buffer = ((delegate* unmanaged<nint, ulong, nuint, void*, int*, nint>)Function("clCreateBuffer"))(context, readWrite, (nuint)bytes, null, &code);
        if (ClErrors.IsOutOfMemory(code) || code == ClErrors.InvalidBufferSize)
            throw new Bundled.DeviceOutOfMemoryException(AcceleratorType.OpenCL, bytes, null, total, ClErrors.Create(code, "clCreateBuffer", null));
        Check(code, "clCreateBuffer");
        return buffer;
    }

    public void Upload(nint queue, nint buffer, long offset, void* source, long bytes) => Check(Fault("clEnqueueWriteBuffer")
        ?? ((delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int>)Function("clEnqueueWriteBuffer"))(
            queue, buffer, 0, (nuint)offset, (nuint)bytes, source, 0, null, null), "clEnqueueWriteBuffer");

    public void Download(nint queue, nint buffer, long offset, void* target, long bytes) => Check(Fault("clEnqueueReadBuffer")
        ?? ((delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int>)Function("clEnqueueReadBuffer"))(
            queue, buffer, 0, (nuint)offset, (nuint)bytes, target, 0, null, null), "clEnqueueReadBuffer");

    public void Copy(nint queue, nint source, nint target, long sourceOffset, long targetOffset, long bytes) => Check(Fault("clEnqueueCopyBuffer")
        ?? ((delegate* unmanaged<nint, nint, nint, nuint, nuint, nuint, uint, nint*, nint*, int>)Function("clEnqueueCopyBuffer"))(
            queue, source, target, (nuint)sourceOffset, (nuint)targetOffset, (nuint)bytes, 0, null, null), "clEnqueueCopyBuffer");

    public void Fill(nint queue, nint buffer, byte value, long offset, long bytes) => Check(Fault("clEnqueueFillBuffer")
        ?? ((delegate* unmanaged<nint, nint, void*, nuint, nuint, nuint, uint, nint*, nint*, int>)Function("clEnqueueFillBuffer"))(
            queue, buffer, &value, 1, (nuint)offset, (nuint)bytes, 0, null, null), "clEnqueueFillBuffer");
}
