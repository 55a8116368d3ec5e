using System.Reflection;
using ILGPU.Compiler.Emit;
using ILGPU.Compiler.Frontend;

namespace ILGPU.Runtime.Cuda;

/// <summary>An NVIDIA GPU in use, through the driver alone.</summary>
public sealed class CudaAccelerator : Accelerator
{
    internal CudaAccelerator(Context context, CudaDevice device) : base(context, device)
    {
        Driver = device.Driver;
        NativePtr = Driver.RetainContext(device.Handle);
        Bind();
        DefaultStream = CreateStreamCore();
    }

    internal CudaDriver Driver { get; }

    public new CudaDevice Device => (CudaDevice)base.Device;
    public int DeviceId => Device.DeviceId;
    public CudaDriverVersion DriverVersion => Device.DriverVersion;
    public CudaArchitecture Architecture => Device.Architecture!.Value;
    public int ClockRate => Device.ClockRate;
    public int MemoryClockRate => Device.MemoryClockRate;
    public int MemoryBusWidth => Device.MemoryBusWidth;
    public int L2CacheSize => Device.L2CacheSize;
    public int MaxSharedMemoryPerMultiprocessor => Device.MaxSharedMemoryPerMultiprocessor;
    public int TotalNumRegistersPerMultiprocessor => Device.TotalNumRegistersPerMultiprocessor;

    public long GetFreeMemory()
    {
        Bind();
        return Driver.MemoryInfo().Free;
    }

    internal override MemoryBuffer AllocateCore(long length, int elementSize) => new CudaBuffer(this, length, elementSize);
    internal override AcceleratorStream CreateStreamCore() => new CudaStream(this);
    internal override void SynchronizeCore() => Driver.Synchronize(((CudaStream)DefaultStream).LastLaunch);
    internal override void BindCore() => Driver.SetContext(NativePtr);
    internal override void DisposeCore() => Driver.ReleaseContext(Device.Handle);
    internal override void LockPages(nint address, long bytes) => Driver.LockPages(address, bytes);
    internal override void UnlockPages(nint address) => Driver.UnlockPages(address);

    internal override NativeKernel BuildKernel(MethodInfo method, KernelForm form, KernelSpecialization specialization, ConstantArguments constants)
    {
        CompileTarget target = new(AcceleratorType.Cuda, WarpSize) { Architecture = Device.Capability, MathMode = Context.Properties.MathMode };
        KernelCode code = KernelCompiler.Compile(method, form, target, specialization, constants.Values);
        if (code.SharedBytes > MaxSharedMemoryPerGroup)
            throw new CapabilityNotSupportedException($"Kernel '{code.Name}' needs {code.SharedBytes} bytes of shared memory; {Name} has {MaxSharedMemoryPerGroup}.");
        BinaryCache cache = new(code.Hash, $"{Name}|{Architecture}|{DriverVersion}");
        if (cache.Read() is { } image)
        {
            try
            {
                return new CudaKernel(this, code, image);
            }
            catch (CudaException)
            {
                // Not what this driver takes: build it anew.
            }
        }
        image = Driver.Assemble(code.Text, code.Name);
        cache.Write(image);
        return new CudaKernel(this, code, image);
    }
}

internal sealed unsafe class CudaKernel : NativeKernel
{
    private const int StaticLimit = 48 * 1024;
    private readonly CudaAccelerator accelerator;
    private readonly nint module, function;
    private int dynamicLimit = StaticLimit;

    public CudaKernel(CudaAccelerator accelerator, KernelCode code, byte[] image) : base(code)
    {
        this.accelerator = accelerator;
        module = accelerator.Driver.LoadModule(image, code.Name);
        function = accelerator.Driver.GetFunction(module, code.Entry);
    }

    public int Registers => accelerator.Driver.FunctionAttribute(function, 4);

    public override void Launch(AcceleratorStream stream, in KernelConfig config, void** arguments)
    {
        CudaStream queue = (CudaStream)stream;
        int dynamicShared = config.SharedMemoryConfig.LengthInBytes;
        if (dynamicShared > dynamicLimit)
        {
            // More than 48 KiB has to be asked for.
            accelerator.Driver.SetMaxDynamicShared(function, dynamicShared, Code.Name);
            dynamicLimit = dynamicShared;
        }
        queue.Launched(Code.Name, config);
        accelerator.Driver.CheckLaunch(accelerator.Driver.Launch(function, config, queue.StreamPtr, arguments), Code.Name, config);
    }

    public override void Dispose() => accelerator.Driver.UnloadModule(module);
}
