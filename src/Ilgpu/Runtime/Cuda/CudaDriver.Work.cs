using System.Text;

namespace ILGPU.Runtime.Cuda;

/// <summary>Memory, modules, launches, graphs.</summary>
internal sealed unsafe partial class CudaDriver
{
    // The three calls of every step, resolved once.
    private delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> launchKernel;

    public nint Allocate(long bytes)
    {
        nint address = 0;
        int code = Fault("cuMemAlloc_v2") ?? ((delegate* unmanaged<nint*, nuint, int>)Function("cuMemAlloc_v2"))(&address, (nuint)bytes);
        if (code == CudaErrors.OutOfMemory)
        {
            (long free, long total) = MemoryInfo();
            throw new Bundled.DeviceOutOfMemoryException(AcceleratorType.Cuda, bytes, free, total);
        }
        Check(code, "cuMemAlloc");
        return address;
    }

    public void Free(nint address) => _ = ((delegate* unmanaged<nint, int>)Function("cuMemFree_v2"))(address);

    public (long Free, long Total) MemoryInfo()
    {
        nuint free, total;
        Check(((delegate* unmanaged<nuint*, nuint*, int>)Function("cuMemGetInfo_v2"))(&free, &total), "cuMemGetInfo");
        return ((long)free, (long)total);
    }

    public void Upload(nint target, void* source, long bytes, nint stream) => Check(Fault("cuMemcpyHtoDAsync_v2")
        ?? ((delegate* unmanaged<nint, void*, nuint, nint, int>)Function("cuMemcpyHtoDAsync_v2"))(target, source, (nuint)bytes, stream), "cuMemcpyHtoDAsync");

    public void Download(void* target, nint source, long bytes, nint stream) => Check(Fault("cuMemcpyDtoHAsync_v2")
        ?? ((delegate* unmanaged<void*, nint, nuint, nint, int>)Function("cuMemcpyDtoHAsync_v2"))(target, source, (nuint)bytes, stream), "cuMemcpyDtoHAsync");

    public void Copy(nint target, nint source, long bytes, nint stream) => Check(Fault("cuMemcpyDtoDAsync_v2")
        ?? ((delegate* unmanaged<nint, nint, nuint, nint, int>)Function("cuMemcpyDtoDAsync_v2"))(target, source, (nuint)bytes, stream), "cuMemcpyDtoDAsync");

    public void Fill(nint target, byte value, long bytes, nint stream) => Check(Fault("cuMemsetD8Async")
        ?? ((delegate* unmanaged<nint, byte, nuint, nint, int>)Function("cuMemsetD8Async"))(target, value, (nuint)bytes, stream), "cuMemsetD8Async");

    public void LockPages(nint address, long bytes) =>
        Check(((delegate* unmanaged<nint, nuint, uint, int>)Function("cuMemHostRegister_v2"))(address, (nuint)bytes, 0), "cuMemHostRegister");

    public void UnlockPages(nint address) => _ = ((delegate* unmanaged<nint, int>)Function("cuMemHostUnregister"))(address);

    // ---- Modules ----------------------------------------------------------------------------------------------------

    /// <summary>PTX to the device's machine code; the driver's log comes with the exception.</summary>
    public byte[] Assemble(string ptx, string kernel)
    {
        const int infoLog = 3, infoSize = 4, errorLog = 5, errorSize = 6, ptxInput = 1;
        byte[] text = Encoding.UTF8.GetBytes(ptx + "\0");
        byte[] errors = new byte[32 * 1024], info = new byte[8 * 1024];
        fixed (byte* source = text, errorBuffer = errors, infoBuffer = info)
        {
            int* options = stackalloc int[] { infoLog, infoSize, errorLog, errorSize };
            void** values = stackalloc void*[] { infoBuffer, (void*)info.Length, errorBuffer, (void*)errors.Length };
            nint link;
            Check(((delegate* unmanaged<uint, int*, void**, nint*, int>)Function("cuLinkCreate_v2"))(4, options, values, &link), "cuLinkCreate", kernel);
            try
            {
                void* image = null;
                nuint size = 0;
                int code = Fault("cuLinkAddData_v2") ?? ((delegate* unmanaged<nint, int, void*, nuint, byte*, uint, int*, void**, int>)Function("cuLinkAddData_v2"))(
                    link, ptxInput, source, (nuint)text.Length, null, 0, null, null);
                if (code == 0)
                    code = ((delegate* unmanaged<nint, void**, nuint*, int>)Function("cuLinkComplete"))(link, &image, &size);
                if (code != 0)
                    throw new Bundled.KernelBuildException(AcceleratorType.Cuda, kernel, $"{ErrorName(code)}\n{Text(errors)}\n{detail()}".TrimEnd());
                return new Span<byte>(image, (int)size).ToArray();
            }
            finally
            {
                _ = ((delegate* unmanaged<nint, int>)Function("cuLinkDestroy"))(link);
            }
        }
    }

    public nint LoadModule(byte[] image, string kernel)
    {
        nint module;
        fixed (byte* data = image)
            Check(((delegate* unmanaged<nint*, void*, int>)Function("cuModuleLoadData"))(&module, data), "cuModuleLoadData", kernel);
        return module;
    }

    public void UnloadModule(nint module) => _ = ((delegate* unmanaged<nint, int>)Function("cuModuleUnload"))(module);

    public nint GetFunction(nint module, string entry)
    {
        nint function;
        byte[] name = Encoding.UTF8.GetBytes(entry + "\0");
        fixed (byte* text = name)
            Check(((delegate* unmanaged<nint*, nint, byte*, int>)Function("cuModuleGetFunction"))(&function, module, text), "cuModuleGetFunction", entry);
        return function;
    }

    public void SetMaxDynamicShared(nint function, int bytes, string kernel)
    {
        const int maxDynamicSharedSize = 8;
        Check(((delegate* unmanaged<nint, int, int, int>)Function("cuFuncSetAttribute"))(function, maxDynamicSharedSize, bytes), "cuFuncSetAttribute", kernel);
    }

    /// <summary>A kernel's registers, local bytes and largest group (attributes 4, 3, 0).</summary>
    public int FunctionAttribute(nint function, int attribute)
    {
        int value;
        Check(((delegate* unmanaged<int*, int, nint, int>)Function("cuFuncGetAttribute"))(&value, attribute, function), "cuFuncGetAttribute");
        return value;
    }

    public int Launch(nint function, in KernelConfig config, nint stream, void** arguments)
    {
        if (launchKernel == null)
            launchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Function("cuLaunchKernel");
        Index3D grid = config.GridDim, group = config.GroupDim;
        return Fault("cuLaunchKernel") ?? launchKernel(function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)group.X, (uint)group.Y, (uint)group.Z,
            (uint)config.SharedMemoryConfig.LengthInBytes, stream, arguments, null);
    }

    public void CheckLaunch(int code, string kernel, in KernelConfig config)
    {
        if (code != 0)
            Check(code, "cuLaunchKernel", $"kernel '{kernel}' with {config}");
    }

    // ---- Graphs -----------------------------------------------------------------------------------------------------

    public void BeginCapture(nint stream)
    {
        const int threadLocal = 1;
        Check(((delegate* unmanaged<nint, int, int>)Function("cuStreamBeginCapture_v2"))(stream, threadLocal), "cuStreamBeginCapture");
    }

    public nint EndCapture(nint stream)
    {
        nint graph;
        Check(((delegate* unmanaged<nint, nint*, int>)Function("cuStreamEndCapture"))(stream, &graph), "cuStreamEndCapture");
        return graph;
    }

    public nint Instantiate(nint graph)
    {
        nint executable;
        Check(((delegate* unmanaged<nint*, nint, ulong, int>)Function("cuGraphInstantiateWithFlags"))(&executable, graph, 0), "cuGraphInstantiate");
        return executable;
    }

    public void LaunchGraph(nint executable, nint stream) =>
        Check(Fault("cuGraphLaunch") ?? ((delegate* unmanaged<nint, nint, int>)Function("cuGraphLaunch"))(executable, stream), "cuGraphLaunch");

    public void DestroyGraph(nint graph) => _ = ((delegate* unmanaged<nint, int>)Function("cuGraphDestroy"))(graph);

    public void DestroyExecutable(nint executable) => _ = ((delegate* unmanaged<nint, int>)Function("cuGraphExecDestroy"))(executable);
}
