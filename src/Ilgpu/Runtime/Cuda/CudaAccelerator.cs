using ILGPU.Compiler.Emit;
using ILGPU.Compiler.Frontend;
using ILGPU.Runtime.Caching;

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
        CompileTarget target = new(AcceleratorType.Cuda, WarpSize) { Architecture = Device.Capability, MathMode = context.Properties.MathMode };
        Kernels = new KernelStore(target, $"{Name}|{Architecture}|{DriverVersion}");
    }

    internal CudaDriver Driver { get; }
    internal override KernelStore Kernels { get; }

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

    internal override NativeKernel BuildKernel(KernelRequest request) => Kernels.Get(request, Open, code => Driver.Assemble(code.Text, code.Facts.Name));

    private CudaKernel? Open(KernelFacts facts, byte[] image)
    {
        if (facts.SharedBytes > MaxSharedMemoryPerGroup)
            throw new CapabilityNotSupportedException($"Kernel '{facts.Name}' needs {facts.SharedBytes} bytes of shared memory; {Name} has {MaxSharedMemoryPerGroup}.");
        try
        {
            return new CudaKernel(this, facts, image);
        }
        catch (CudaException)
        {
            return null; // an image of another driver
        }
    }
}

internal sealed unsafe class CudaKernel : NativeKernel
{
    private const int StaticLimit = 48 * 1024;
    private readonly CudaAccelerator accelerator;
    private readonly nint module, function;
    private int dynamicLimit = StaticLimit;

    public CudaKernel(CudaAccelerator accelerator, KernelFacts facts, byte[] image) : base(facts)
    {
        this.accelerator = accelerator;
        module = accelerator.Driver.LoadModule(image, facts.Name);
        function = accelerator.Driver.GetFunction(module, facts.Entry);
    }

    public int Registers => accelerator.Driver.FunctionAttribute(function, 4);

    public override void Launch(AcceleratorStream stream, in KernelConfig config, void** arguments)
    {
        CudaStream queue = (CudaStream)stream;
        int dynamicShared = config.SharedMemoryConfig.LengthInBytes;
        if (dynamicShared > dynamicLimit)
        {
            // More than 48 KiB has to be asked for.
            accelerator.Driver.SetMaxDynamicShared(function, dynamicShared, Facts.Name);
            dynamicLimit = dynamicShared;
        }
        queue.Launched(Facts.Name, config);
        accelerator.Driver.CheckLaunch(accelerator.Driver.Launch(function, config, queue.StreamPtr, arguments), Facts.Name, config);
    }

    public override void Dispose() => accelerator.Driver.UnloadModule(module);
}
