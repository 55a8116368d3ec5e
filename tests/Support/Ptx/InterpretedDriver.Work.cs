using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>Memory, modules and launches of the interpreted driver.</summary>
internal static unsafe partial class InterpretedDriver
{
    private static void RegisterMemory()
    {
        Functions["cuMemAlloc_v2"] = (nint)(delegate* unmanaged<nint*, nuint, int>)&MemAlloc;
        Functions["cuMemFree_v2"] = (nint)(delegate* unmanaged<nint, int>)&MemFree;
        Functions["cuMemGetInfo_v2"] = (nint)(delegate* unmanaged<nuint*, nuint*, int>)&MemGetInfo;
        Functions["cuMemcpyAsync"] = (nint)(delegate* unmanaged<nint, nint, nuint, nint, int>)&Copy;
        Functions["cuMemsetD8Async"] = (nint)(delegate* unmanaged<nint, byte, nuint, nint, int>)&Fill;
        Functions["cuPointerGetAttribute"] = (nint)(delegate* unmanaged<int*, int, nint, int>)&PointerGetAttribute;
        Functions["cuMemAllocHost_v2"] = (nint)(delegate* unmanaged<nint*, nuint, int>)&MemAllocHost;
        Functions["cuMemFreeHost"] = (nint)(delegate* unmanaged<nint, int>)&MemFreeHost;
        Functions["cuMemHostRegister_v2"] = (nint)(delegate* unmanaged<nint, nuint, uint, int>)&HostRegister;
        Functions["cuMemHostUnregister"] = (nint)(delegate* unmanaged<nint, int>)&HostUnregister;
    }

    private static void RegisterWork()
    {
        Functions["cuModuleLoadDataEx"] = (nint)(delegate* unmanaged<nint*, byte*, uint, int*, void**, int>)&ModuleLoad;
        Functions["cuModuleUnload"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
        Functions["cuModuleGetFunction"] = (nint)(delegate* unmanaged<nint*, nint, byte*, int>)&ModuleGetFunction;
        Functions["cuOccupancyMaxActiveBlocksPerMultiprocessor"] = (nint)(delegate* unmanaged<int*, nint, int, nuint, int>)&ActiveBlocks;
        Functions["cuOccupancyMaxPotentialBlockSize"] = (nint)(delegate* unmanaged<int*, int*, nint, nint, nuint, int, int>)&PotentialBlockSize;
        Functions["cuLaunchKernel"] = (nint)(delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)&LaunchKernel;
    }

    // ---- Memory -----------------------------------------------------------------------------------------------------

    [UnmanagedCallersOnly]
    private static int MemAlloc(nint* address, nuint bytes)
    {
        nint got = 0;
        int code = Unrecorded(_ => (got = Memory.Allocate((long)bytes)) == 0 ? OutOfMemory : Success);
        *address = got;
        return code;
    }

    [UnmanagedCallersOnly]
    private static int MemFree(nint address) => Memory.Release(address) ? Success : InvalidValue;

    [UnmanagedCallersOnly]
    private static int MemGetInfo(nuint* free, nuint* total)
    {
        *free = (nuint)Memory.Free;
        *total = (nuint)Memory.Capacity;
        return OnDevice(_ => Success);
    }

    // An address in no buffer is the host's.
    private static bool LeavesItsBuffer(nint address, nuint bytes) => Memory.TryFind(address, out _, out long end) && address + (long)bytes > end;

    [UnmanagedCallersOnly]
    private static int Copy(nint target, nint source, nuint bytes, nint stream) => LeavesItsBuffer(target, bytes) || LeavesItsBuffer(source, bytes)
        ? InvalidValue
        : Enqueue(stream, () =>
        {
            Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes);
            return Success;
        });

    [UnmanagedCallersOnly]
    private static int Fill(nint target, byte value, nuint bytes, nint stream) => !Memory.Contains(target, (long)bytes)
        ? InvalidValue
        : Enqueue(stream, () =>
        {
            NativeMemory.Fill((void*)target, bytes, value);
            return Success;
        });

    [UnmanagedCallersOnly]
    private static int PointerGetAttribute(int* value, int attribute, nint address)
    {
        *value = 2; // memory of a device
        return attribute == 2 && Memory.TryFind(address, out _, out _) ? Success : InvalidValue;
    }

    [UnmanagedCallersOnly]
    private static int MemAllocHost(nint* address, nuint bytes)
    {
        *address = (nint)NativeMemory.AlignedAlloc(bytes, 64);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int MemFreeHost(nint address)
    {
        NativeMemory.AlignedFree((void*)address);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int HostRegister(nint address, nuint bytes, uint flags) => bytes > 0 ? Success : InvalidValue;

    [UnmanagedCallersOnly]
    private static int HostUnregister(nint address) => Success;

    // ---- Modules ----------------------------------------------------------------------------------------------------

    /// <summary>Every text that was loaded, with the compute capability of the device, in order.</summary>
    public static ConcurrentQueue<(int Capability, string Text)> Texts { get; } = new();

    [UnmanagedCallersOnly]
    private static int ModuleLoad(nint* module, byte* image, uint count, int* options, void** values)
    {
        nint loaded = 0;
        string text = Marshal.PtrToStringUTF8((nint)image)!, refused = "";
        int code = Unrecorded(context =>
        {
            Texts.Enqueue((capabilities[context.Device], text));
            try
            {
                loaded = NewHandle(PtxDecoder.Decode(text));
                return Success;
            }
            catch (PtxSyntaxException e)
            {
                LastFault = refused = e.Message;
                return InvalidPtx;
            }
        });
        *module = loaded;
        if (refused.Length > 0)
            WriteLog(refused, count, options, values);
        return code;
    }

    private static void WriteLog(string message, uint count, int* options, void** values)
    {
        byte* log = null;
        int size = 0;
        for (int i = 0; i < count; i++)
        {
            if (options[i] == 5) // CU_JIT_ERROR_LOG_BUFFER
                log = (byte*)values[i];
            else if (options[i] == 6) // ..._SIZE_BYTES
                size = (int)(nint)values[i];
        }
        byte[] bytes = Encoding.UTF8.GetBytes(message + "\0");
        bytes.AsSpan(0, Math.Min(bytes.Length, size)).CopyTo(new Span<byte>(log, size));
    }

    [UnmanagedCallersOnly]
    private static int ModuleGetFunction(nint* function, nint module, byte* name)
    {
        *function = 0;
        if (Get<Dictionary<string, PtxProgram>>(module)?.TryGetValue(Marshal.PtrToStringUTF8((nint)name)!, out PtxProgram? program) != true)
            return NotFound;
        *function = NewHandle(program!);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int ActiveBlocks(int* blocks, nint function, int threads, nuint shared)
    {
        *blocks = Math.Max(1, 2048 / Math.Max(threads, 1));
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int PotentialBlockSize(int* grid, int* threads, nint function, nint sharedOf, nuint shared, int limit)
    {
        *grid = 16;
        *threads = Math.Min(limit > 0 ? limit : 256, 256);
        return Success;
    }

    // ---- Launches ---------------------------------------------------------------------------------------------------

    [UnmanagedCallersOnly]
    private static int LaunchKernel(nint function, uint gridX, uint gridY, uint gridZ, uint sizeX, uint sizeY, uint sizeZ, uint dynamicShared,
        nint stream, void** arguments, void** extra)
    {
        if (Get<PtxProgram>(function) is not { } program)
            return InvalidHandle;
        if (gridX * gridY * gridZ == 0 || sizeX * sizeY * sizeZ is 0 or > 1024 || gridY > 65535 || gridZ > 65535 || sizeZ > 64)
            return InvalidValue;
        if (Parameters(program, arguments, extra) is not { } parameters)
            return InvalidValue;
        return Enqueue(stream, () => Run(new PtxLaunch
        {
            Program = program,
            Memory = Memory,
            Grid = ((int)gridX, (int)gridY, (int)gridZ),
            Size = ((int)sizeX, (int)sizeY, (int)sizeZ),
            DynamicShared = (int)dynamicShared,
            Parameters = parameters,
        }));
    }

    // Either a pointer to each parameter, or a buffer that holds them all as the kernel declares them.
    private static byte[]? Parameters(PtxProgram program, void** arguments, void** extra)
    {
        byte[] parameters = new byte[program.ParameterBytes];
        if (arguments is not null)
        {
            for (int i = 0; i < program.Parameters.Length; i++)
                new ReadOnlySpan<byte>(arguments[i], program.Parameters[i].Bytes).CopyTo(parameters.AsSpan(program.ParameterOffsets[i]));
            return parameters;
        }
        void* buffer = null;
        nuint size = 0;
        for (int i = 0; extra is not null && extra[i] is not null; i += 2)
        {
            if ((nint)extra[i] == 1) // CU_LAUNCH_PARAM_BUFFER_POINTER
                buffer = extra[i + 1];
            else if ((nint)extra[i] == 2) // ..._SIZE
                size = *(nuint*)extra[i + 1];
        }
        if (size < (nuint)parameters.Length)
            return null;
        new ReadOnlySpan<byte>(buffer, parameters.Length).CopyTo(parameters);
        return parameters;
    }

    private static int Run(PtxLaunch launch)
    {
        if (Interlocked.Increment(ref Launches) > LostAfter)
            return current!.Lost = LaunchFailed;
        try
        {
            launch.Run();
            return Success;
        }
        catch (PtxFaultException e)
        {
            LastFault = e.Message;
            return current!.Lost = e.Message.Contains("address", StringComparison.Ordinal) ? IllegalAddress : LaunchFailed;
        }
    }
}
