using System.Text;

namespace ILGPU.Runtime.OpenCL;

/// <summary>Programs, kernels, launches.</summary>
internal sealed unsafe partial class ClDriver
{
    public nint ProgramFromSource(nint context, string source, string kernel)
    {
        byte[] text = Encoding.UTF8.GetBytes(source);
        fixed (byte* p = text)
        {
            byte* start = p;
            nuint length = (nuint)text.Length;
            int code;
            nint program = ((delegate* unmanaged<nint, uint, byte**, nuint*, int*, nint>)Function("clCreateProgramWithSource"))(context, 1, &start, &length, &code);
            Check(code, "clCreateProgramWithSource", kernel);
            return program;
        }
    }

    /// <summary>0 where the driver does not take the binary.</summary>
    public nint ProgramFromBinary(nint context, nint device, byte[] binary)
    {
        fixed (byte* p = binary)
        {
            byte* start = p;
            nuint length = (nuint)binary.Length;
            int status, code;
            nint program = ((delegate* unmanaged<nint, uint, nint*, nuint*, byte**, int*, int*, nint>)Function("clCreateProgramWithBinary"))(
                context, 1, &device, &length, &start, &status, &code);
            return code == 0 && status == 0 ? program : 0;
        }
    }

    public int Build(nint program, nint device, string options)
    {
        lock (OneAtATime)
        {
            fixed (byte* text = Encoding.UTF8.GetBytes(options + "\0"))
                return Fault("clBuildProgram") ?? ((delegate* unmanaged<nint, uint, nint*, byte*, nint, nint, int>)Function("clBuildProgram"))(program, 1, &device, text, 0, 0);
        }
    }

    public string BuildLog(nint program, nint device)
    {
        const uint buildLog = 0x1183;
        nuint size;
        var get = (delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int>)Function("clGetProgramBuildInfo");
        if (get(program, device, buildLog, 0, null, &size) != 0 || size == 0)
            return "(no log)";
        byte[] log = new byte[size];
        fixed (byte* p = log)
            _ = get(program, device, buildLog, size, p, null);
        return Encoding.UTF8.GetString(log).TrimEnd('\0', '\n', ' ');
    }

    public byte[] Binary(nint program)
    {
        const uint binarySizes = 0x1165, binaries = 0x1166;
        nuint size;
        var get = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)Function("clGetProgramInfo");
        Check(get(program, binarySizes, (nuint)sizeof(nuint), &size, null), "clGetProgramInfo");
        byte[] binary = new byte[size];
        fixed (byte* p = binary)
        {
            byte* start = p;
            Check(get(program, binaries, (nuint)sizeof(byte*), &start, null), "clGetProgramInfo");
        }
        return binary;
    }

    public nint CreateKernel(nint program, string entry)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(entry + "\0"))
        {
            int code;
            nint kernel = ((delegate* unmanaged<nint, byte*, int*, nint>)Function("clCreateKernel"))(program, name, &code);
            Check(code, "clCreateKernel", entry);
            return kernel;
        }
    }

    /// <summary>The largest group that this kernel can be launched with on the device.</summary>
    public long KernelGroupSize(nint kernel, nint device)
    {
        const uint workGroupSize = 0x11B0;
        nuint size;
        Check(((delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int>)Function("clGetKernelWorkGroupInfo"))(
            kernel, device, workGroupSize, (nuint)sizeof(nuint), &size, null), "clGetKernelWorkGroupInfo");
        return (long)size;
    }

    // The two calls of every launch, resolved once.
    private delegate* unmanaged<nint, uint, nuint, void*, int> setArgument;
    private delegate* unmanaged<nint, nint, uint, nuint*, nuint*, nuint*, uint, nint*, nint*, int> enqueueKernel;

    public void SetArgument(nint kernel, int index, nuint size, void* value, string name)
    {
        if (setArgument == null)
            setArgument = (delegate* unmanaged<nint, uint, nuint, void*, int>)Function("clSetKernelArg");
        int code = setArgument(kernel, (uint)index, size, value);
        if (code != 0)
            Check(code, "clSetKernelArg", $"argument {index} of kernel '{name}'");
    }

    public void Launch(nint queue, nint kernel, in KernelConfig config, string name)
    {
        if (enqueueKernel == null)
            enqueueKernel = (delegate* unmanaged<nint, nint, uint, nuint*, nuint*, nuint*, uint, nint*, nint*, int>)Function("clEnqueueNDRangeKernel");
        Index3D grid = config.GridDim, group = config.GroupDim;
        nuint* global = stackalloc nuint[] { (nuint)grid.X * (nuint)group.X, (nuint)grid.Y * (nuint)group.Y, (nuint)grid.Z * (nuint)group.Z };
        nuint* local = stackalloc nuint[] { (nuint)group.X, (nuint)group.Y, (nuint)group.Z };
        int code = Fault("clEnqueueNDRangeKernel") ?? enqueueKernel(queue, kernel, 3, null, global, local, 0, null, null);
        if (code != 0)
            Check(code, "clEnqueueNDRangeKernel", $"kernel '{name}' with {config}");
    }
}
