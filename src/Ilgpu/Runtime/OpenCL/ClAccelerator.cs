using ILGPU.Bundled;
using ILGPU.Compiler.Emit;
using ILGPU.Compiler.Frontend;
using ILGPU.Runtime.Caching;

namespace ILGPU.Runtime.OpenCL;

/// <summary>An OpenCL device in use.</summary>
public sealed class CLAccelerator : Accelerator
{
    internal CLAccelerator(Context context, CLDevice device) : base(context, device)
    {
        NativePtr = Driver.CreateContext(device.DeviceId);
        DefaultStream = CreateStreamCore();
        CompileTarget target = new(AcceleratorType.OpenCL, WarpSize) { MathMode = context.Properties.MathMode };
        Kernels = new KernelStore(target, $"{PlatformName}|{Name}|{Device.DriverVersion}|{Device.VersionText}|{BuildOptions}");
    }

    internal ClDriver Driver => Device.Driver;
    internal override KernelStore Kernels { get; }

    public new CLDevice Device => (CLDevice)base.Device;
    public IntPtr PlatformId => Device.PlatformId;
    public IntPtr DeviceId => Device.DeviceId;
    public string PlatformName => Device.PlatformName;
    public string VendorName => Device.VendorName;
    public CLDeviceType DeviceType => Device.DeviceType;

    // No relaxed mathematics, ever; correctly rounded division and square root where the device can.
    private string BuildOptions => Device.HasExactDivision ? "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt" : "-cl-std=CL1.2";

    internal override MemoryBuffer AllocateCore(long length, int elementSize) => new ClBuffer(this, length, elementSize);
    internal override AcceleratorStream CreateStreamCore() => new ClStream(this);
    internal override void SynchronizeCore() => DefaultStream.Synchronize();
    internal override void BindCore() { }
    internal override void DisposeCore() => Driver.Release("Context", NativePtr);

    internal override NativeKernel BuildKernel(KernelRequest request) => Kernels.Get(request, Open, Assemble);

    private ClKernel? Open(KernelFacts facts, byte[] binary)
    {
        Check(facts);
        nint program = Driver.ProgramFromBinary(NativePtr, DeviceId, binary);
        if (program == 0)
            return null;
        if (Driver.Build(program, DeviceId, BuildOptions) == 0)
            return new ClKernel(this, facts, program);
        Driver.Release("Program", program);
        return null;
    }

    private byte[] Assemble(KernelCode code)
    {
        Check(code.Facts);
        nint program = Driver.ProgramFromSource(NativePtr, code.Text, code.Facts.Name);
        try
        {
            int result = Driver.Build(program, DeviceId, BuildOptions);
            return result == 0
                ? Driver.Binary(program)
                : throw new KernelBuildException(AcceleratorType.OpenCL, code.Facts.Name, $"{ClErrors.Name(result)}\n{Driver.BuildLog(program, DeviceId)}");
        }
        finally
        {
            Driver.Release("Program", program);
        }
    }

    private void Check(KernelFacts facts)
    {
        if (facts.UsesDoubles && !Device.HasDoubles)
            throw new CapabilityNotSupportedException($"Kernel '{facts.Name}' uses double, which {Name} does not have.");
        if (facts.SharedBytes > MaxSharedMemoryPerGroup)
            throw new CapabilityNotSupportedException($"Kernel '{facts.Name}' needs {facts.SharedBytes} bytes of shared memory; {Name} has {MaxSharedMemoryPerGroup}.");
    }
}

internal sealed unsafe class ClKernel : NativeKernel
{
    // From a view's address to the number of its buffer.
    private static readonly int SourceDelta = DeviceLayout.OffsetOfSource(typeof(ArrayView<byte>)) - DeviceLayout.Of(typeof(ArrayView<byte>)).Leaves[0].Offset;

    private readonly ClDriver driver;
    private readonly nint program, kernel;
    private readonly Lock gate = new();

    public ClKernel(CLAccelerator accelerator, KernelFacts facts, nint program) : base(facts)
    {
        driver = accelerator.Driver;
        this.program = program;
        kernel = driver.CreateKernel(program, facts.Entry);
    }

    public override void Launch(AcceleratorStream stream, in KernelConfig config, void** arguments)
    {
        ClStream queue = (ClStream)stream;
        // Arguments are state of the kernel object.
        lock (gate)
        {
            SetArguments(arguments, config);
            queue.Launched(Facts.Name, config);
            driver.Launch(queue.Queue, kernel, config, Facts.Name);
            queue.Submit();
        }
    }

    private void SetArguments(void** arguments, in KernelConfig config)
    {
        ArgumentSlot[] slots = Facts.Slots;
        for (int i = 0; i < slots.Length; i++)
        {
            byte* value = (byte*)arguments[slots[i].Parameter] + slots[i].Offset;
            if (!slots[i].IsBuffer)
            {
                driver.SetArgument(kernel, i, (nuint)slots[i].Size, value, Facts.Name);
                continue;
            }
            int handle = *(int*)(value + SourceDelta);
            nint buffer = handle == 0 ? 0 : BufferTable.Get(handle).NativePtr;
            driver.SetArgument(kernel, i, (nuint)sizeof(nint), &buffer, Facts.Name);
        }
        if (!Facts.UsesDynamicShared)
            return;
        uint bytes = (uint)Math.Max(config.SharedMemoryConfig.LengthInBytes, 1);
        driver.SetArgument(kernel, slots.Length, bytes, null, Facts.Name);
        uint length = (uint)config.SharedMemoryConfig.LengthInBytes;
        driver.SetArgument(kernel, slots.Length + 1, sizeof(uint), &length, Facts.Name);
    }

    public override void Dispose()
    {
        driver.Release("Kernel", kernel);
        driver.Release("Program", program);
    }
}

internal sealed class ClStream : AcceleratorStream
{
    // So many launches are worth a call of the driver: the device works while the host enqueues on.
    private const int LaunchesPerFlush = 16;

    private readonly ClDriver driver;
    private readonly bool profiling;
    private string? lastKernel;
    private KernelConfig lastConfig;
    private int unsubmitted;

    public ClStream(CLAccelerator accelerator) : base(accelerator)
    {
        driver = accelerator.Driver;
        profiling = accelerator.Context.Properties.EnableProfiling;
        Queue = driver.CreateQueue(accelerator.NativePtr, accelerator.DeviceId, profiling);
    }

    public nint Queue { get; }

    public void Launched(string kernel, in KernelConfig config)
    {
        lastKernel = kernel;
        lastConfig = config;
    }

    public void Submit()
    {
        if (++unsubmitted < LaunchesPerFlush)
            return;
        unsubmitted = 0;
        driver.Flush(Queue);
    }

    public override void Synchronize() =>
        driver.Finish(Queue, lastKernel == null ? null : $"after the launch of kernel '{lastKernel}' with {lastConfig}");

    private protected override ProfilingMarker CreateMarker() => profiling
        ? new ClMarker((CLAccelerator)Accelerator, this)
        : throw new NotSupportedException("An OpenCL queue measures time only if the context was built with Profiling().");

    private protected override void Release() => driver.Release("CommandQueue", Queue);
}

internal sealed class ClMarker : ProfilingMarker
{
    private readonly ClDriver driver;
    private readonly nint handle;

    public ClMarker(CLAccelerator accelerator, ClStream stream) : base(accelerator)
    {
        driver = accelerator.Driver;
        handle = driver.Marker(stream.Queue);
    }

    public override void Synchronize() => driver.Wait(handle);

    public override TimeSpan MeasureFrom(ProfilingMarker marker)
    {
        ArgumentNullException.ThrowIfNull(marker);
        marker.Synchronize();
        Synchronize();
        ulong nanoseconds = driver.EndTime(handle) - driver.EndTime(((ClMarker)marker).handle);
        return TimeSpan.FromTicks((long)nanoseconds / 100);
    }

    private protected override void Release() => driver.Release("Event", handle);
}

internal sealed unsafe class ClBuffer : RawBuffer
{
    private readonly ClDriver driver;

    public ClBuffer(CLAccelerator accelerator, long length, int elementSize) : base(accelerator, length, elementSize)
    {
        driver = accelerator.Driver;
        try
        {
            NativePtr = driver.CreateBuffer(accelerator.NativePtr, Math.Max(LengthInBytes, 1), accelerator.MemorySize);
        }
        catch
        {
            BufferTable.Remove(Handle);
            accelerator.RemoveChild(this);
            throw;
        }
    }

    // A view's address is its offset in the buffer object.
    internal override nint ViewAddress => 0;
    internal override MemoryKind Kind => MemoryKind.OpenCL;

    private protected override void Free() => driver.Release("MemObject", NativePtr);

    private static nint Queue(AcceleratorStream stream) => ((ClStream)stream).Queue;

    internal override void SetCore(AcceleratorStream stream, byte value, long offset, long bytes) =>
        driver.Fill(Queue(stream), NativePtr, value, offset, bytes);

    internal override void CopyCore(AcceleratorStream stream, MemoryBuffer source, long sourceOffset, long targetOffset, long bytes) =>
        driver.Copy(Queue(stream), source.NativePtr, NativePtr, sourceOffset, targetOffset, bytes);

    internal override void UploadCore(AcceleratorStream stream, void* source, long targetOffset, long bytes) =>
        driver.Upload(Queue(stream), NativePtr, targetOffset, source, bytes);

    internal override void DownloadCore(AcceleratorStream stream, void* target, long sourceOffset, long bytes) =>
        driver.Download(Queue(stream), NativePtr, sourceOffset, target, bytes);
}
