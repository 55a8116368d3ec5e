using System.Runtime.InteropServices;
using System.Text;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>Memory, modules, launches and graphs of the interpreted driver.</summary>
internal static unsafe partial class InterpretedDriver
{
    private static void RegisterWork()
    {
        Functions["cuMemAlloc_v2"] = (nint)(delegate* unmanaged<nint*, nuint, int>)&MemAlloc;
        Functions["cuMemFree_v2"] = (nint)(delegate* unmanaged<nint, int>)&MemFree;
        Functions["cuMemGetInfo_v2"] = (nint)(delegate* unmanaged<nuint*, nuint*, int>)&MemGetInfo;
        Functions["cuMemcpyHtoDAsync_v2"] = (nint)(delegate* unmanaged<nint, nint, nuint, nint, int>)&CopyToDevice;
        Functions["cuMemcpyDtoHAsync_v2"] = (nint)(delegate* unmanaged<nint, nint, nuint, nint, int>)&CopyToHost;
        Functions["cuMemcpyDtoDAsync_v2"] = (nint)(delegate* unmanaged<nint, nint, nuint, nint, int>)&CopyOnDevice;
        Functions["cuMemsetD8Async"] = (nint)(delegate* unmanaged<nint, byte, nuint, nint, int>)&Fill;
        Functions["cuMemHostRegister_v2"] = (nint)(delegate* unmanaged<nint, nuint, uint, int>)&HostRegister;
        Functions["cuMemHostUnregister"] = (nint)(delegate* unmanaged<nint, int>)&HostUnregister;
        Functions["cuLinkCreate_v2"] = (nint)(delegate* unmanaged<uint, int*, void**, nint*, int>)&LinkCreate;
        Functions["cuLinkAddData_v2"] = (nint)(delegate* unmanaged<nint, int, void*, nuint, byte*, uint, int*, void**, int>)&LinkAddData;
        Functions["cuLinkComplete"] = (nint)(delegate* unmanaged<nint, void**, nuint*, int>)&LinkComplete;
        Functions["cuLinkDestroy"] = (nint)(delegate* unmanaged<nint, int>)&LinkDestroy;
        Functions["cuModuleLoadData"] = (nint)(delegate* unmanaged<nint*, byte*, int>)&ModuleLoadData;
        Functions["cuModuleUnload"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
        Functions["cuModuleGetFunction"] = (nint)(delegate* unmanaged<nint*, nint, byte*, int>)&ModuleGetFunction;
        Functions["cuFuncSetAttribute"] = (nint)(delegate* unmanaged<nint, int, int, int>)&FuncSetAttribute;
        Functions["cuFuncGetAttribute"] = (nint)(delegate* unmanaged<int*, int, nint, int>)&FuncGetAttribute;
        Functions["cuLaunchKernel"] = (nint)(delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)&LaunchKernel;
        Functions["cuStreamBeginCapture_v2"] = (nint)(delegate* unmanaged<nint, int, int>)&BeginCapture;
        Functions["cuStreamEndCapture"] = (nint)(delegate* unmanaged<nint, nint*, int>)&EndCapture;
        Functions["cuGraphInstantiateWithFlags"] = (nint)(delegate* unmanaged<nint*, nint, ulong, int>)&Instantiate;
        Functions["cuGraphLaunch"] = (nint)(delegate* unmanaged<nint, nint, int>)&GraphLaunch;
        Functions["cuGraphDestroy"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
        Functions["cuGraphExecDestroy"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
    }

    // ---- Memory -----------------------------------------------------------------------------------------------------

    [UnmanagedCallersOnly]
    private static int MemAlloc(nint* address, nuint bytes)
    {
        *address = Memory.Allocate((long)bytes);
        return *address == 0 ? OutOfMemory : Success;
    }

    [UnmanagedCallersOnly]
    private static int MemFree(nint address) => Memory.Release(address) ? Success : InvalidValue;

    [UnmanagedCallersOnly]
    private static int MemGetInfo(nuint* free, nuint* total)
    {
        *free = (nuint)Memory.Free;
        *total = (nuint)Memory.Capacity;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int CopyToDevice(nint target, nint source, nuint bytes, nint stream) => Copy(target, source, bytes, stream, true, false);

    [UnmanagedCallersOnly]
    private static int CopyToHost(nint target, nint source, nuint bytes, nint stream) => Copy(target, source, bytes, stream, false, true);

    [UnmanagedCallersOnly]
    private static int CopyOnDevice(nint target, nint source, nuint bytes, nint stream) => Copy(target, source, bytes, stream, true, true);

    private static int Copy(nint target, nint source, nuint bytes, nint stream, bool targetOnDevice, bool sourceOnDevice)
    {
        if (targetOnDevice && !Memory.Contains(target, (long)bytes) || sourceOnDevice && !Memory.Contains(source, (long)bytes))
            return Fail(InvalidValue, $"A copy of {bytes} bytes leaves its buffer.");
        return Get<Stream>(stream)?.Do(() =>
        {
            Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes);
            return Success;
        }) ?? InvalidHandle;
    }

    [UnmanagedCallersOnly]
    private static int Fill(nint target, byte value, nuint bytes, nint stream)
    {
        if (!Memory.Contains(target, (long)bytes))
            return Fail(InvalidValue, $"A fill of {bytes} bytes leaves its buffer.");
        return Get<Stream>(stream)?.Do(() =>
        {
            NativeMemory.Fill((void*)target, bytes, value);
            return Success;
        }) ?? InvalidHandle;
    }

    [UnmanagedCallersOnly]
    private static int HostRegister(nint address, nuint bytes, uint flags) => bytes > 0 ? Success : InvalidValue;

    [UnmanagedCallersOnly]
    private static int HostUnregister(nint address) => Success;

    // ---- Modules ----------------------------------------------------------------------------------------------------

    /// <summary>"Machine code" is the PTX text, once it has been accepted.</summary>
    private sealed class Link
    {
        public nint ErrorLog, Image;
        public int ErrorLogSize, ImageSize;
    }

    [UnmanagedCallersOnly]
    private static int LinkCreate(uint count, int* options, void** values, nint* link)
    {
        Link created = new();
        for (int i = 0; i < count; i++)
        {
            if (options[i] == 5)
                created.ErrorLog = (nint)values[i];
            else if (options[i] == 6)
                created.ErrorLogSize = (int)(nint)values[i];
        }
        *link = NewHandle(created);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int LinkAddData(nint handle, int kind, void* data, nuint size, byte* name, uint count, int* options, void** values)
    {
        if (Get<Link>(handle) is not { } link || kind != 1)
            return InvalidValue;
        try
        {
            PtxDecoder.Decode(Encoding.UTF8.GetString((byte*)data, (int)size - 1));
        }
        catch (PtxSyntaxException e)
        {
            byte[] log = Encoding.UTF8.GetBytes(e.Message + "\0");
            log.AsSpan(0, Math.Min(log.Length, link.ErrorLogSize)).CopyTo(new Span<byte>((void*)link.ErrorLog, link.ErrorLogSize));
            return InvalidPtx;
        }
        link.Image = (nint)NativeMemory.Alloc(size);
        link.ImageSize = (int)size;
        Buffer.MemoryCopy(data, (void*)link.Image, (long)size, (long)size);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int LinkComplete(nint handle, void** image, nuint* size)
    {
        if (Get<Link>(handle) is not { } link)
            return InvalidHandle;
        *image = (void*)link.Image;
        *size = (nuint)link.ImageSize;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int LinkDestroy(nint handle)
    {
        if (Get<Link>(handle) is { } link)
            NativeMemory.Free((void*)link.Image);
        return Drop(handle);
    }

    [UnmanagedCallersOnly]
    private static int ModuleLoadData(nint* module, byte* image)
    {
        try
        {
            *module = NewHandle(PtxDecoder.Decode(Marshal.PtrToStringUTF8((nint)image)!));
            return Success;
        }
        catch (PtxSyntaxException e)
        {
            return Fail(InvalidPtx, e.Message);
        }
    }

    [UnmanagedCallersOnly]
    private static int ModuleGetFunction(nint* function, nint module, byte* name)
    {
        if (Get<Dictionary<string, PtxProgram>>(module)?.TryGetValue(Marshal.PtrToStringUTF8((nint)name)!, out PtxProgram? program) != true)
            return NotFound;
        *function = NewHandle(program!);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int FuncSetAttribute(nint function, int attribute, int value) => attribute == 8 && value <= 96 * 1024 ? Success : InvalidValue;

    [UnmanagedCallersOnly]
    private static int FuncGetAttribute(int* value, int attribute, nint function)
    {
        *value = attribute == 4 ? 32 : 0;
        return Success;
    }

    // ---- Launches ---------------------------------------------------------------------------------------------------

    [UnmanagedCallersOnly]
    private static int LaunchKernel(nint function, uint gridX, uint gridY, uint gridZ, uint sizeX, uint sizeY, uint sizeZ, uint dynamicShared,
        nint stream, void** arguments, void** extra)
    {
        if (Get<PtxProgram>(function) is not { } program || Get<Stream>(stream) is not { } queue)
            return InvalidHandle;
        if (gridX * gridY * gridZ == 0 || sizeX * sizeY * sizeZ is 0 or > 1024 || gridY > 65535 || gridZ > 65535 || sizeZ > 64)
            return InvalidValue;
        byte[] parameters = new byte[program.ParameterBytes];
        for (int i = 0; i < program.Parameters.Length; i++)
            new ReadOnlySpan<byte>(arguments[i], program.Parameters[i].Bytes).CopyTo(parameters.AsSpan(program.ParameterOffsets[i]));
        return queue.Do(() => Run(new PtxLaunch
        {
            Program = program,
            Memory = Memory,
            Grid = ((int)gridX, (int)gridY, (int)gridZ),
            Size = ((int)sizeX, (int)sizeY, (int)sizeZ),
            DynamicShared = (int)dynamicShared,
            Parameters = parameters,
        }));
    }

    private static int Run(PtxLaunch launch)
    {
        Interlocked.Increment(ref Launches);
        try
        {
            launch.Run();
            return Success;
        }
        catch (PtxFaultException e)
        {
            return Fail(e.Message.Contains("address", StringComparison.Ordinal) ? IllegalAddress : LaunchFailed, e.Message);
        }
    }

    // ---- Graphs -----------------------------------------------------------------------------------------------------

    [UnmanagedCallersOnly]
    private static int BeginCapture(nint stream, int mode)
    {
        if (Get<Stream>(stream) is not { Recording: null } queue)
            return InvalidValue;
        queue.Recording = [];
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int EndCapture(nint stream, nint* graph)
    {
        if (Get<Stream>(stream) is not { Recording: { } work } queue)
            return InvalidValue;
        queue.Recording = null;
        *graph = NewHandle(work);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Instantiate(nint* executable, nint graph, ulong flags)
    {
        if (Get<List<Func<int>>>(graph) is not { } work)
            return InvalidHandle;
        *executable = NewHandle(work.ToArray());
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int GraphLaunch(nint executable, nint stream)
    {
        if (Get<Func<int>[]>(executable) is not { } work || Get<Stream>(stream) is not { } queue)
            return InvalidHandle;
        foreach (Func<int> step in work)
        {
            int code = queue.Do(step);
            if (code != Success)
                return code;
        }
        return Success;
    }
}
