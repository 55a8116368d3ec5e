using System.Diagnostics;
using System.Runtime.InteropServices;
using ILGPU.Bundled;
using ILGPU.Runtime.Caching;
using ILGPU.Runtime.Cpu;

namespace ILGPU.Runtime.CPU;

/// <summary>Runs kernels as the C# methods they are.</summary>
public sealed class CPUAccelerator : Accelerator
{
    private readonly EmulatedLaunch launch = new();
    private readonly GroupScheduler scheduler;
    private readonly Lock running = new();

    internal CPUAccelerator(Context context, CPUDevice device) : base(context, device)
    {
        scheduler = new GroupScheduler(launch);
        DefaultStream = new CpuStream(this);
    }

    internal override bool IsEmulated => true;
    internal override int AutoGroupSize => Math.Min(64, MaxNumThreadsPerGroup);

    internal override void RunEmulated(KernelCall call, string name, in KernelConfig config)
    {
        lock (running)
        {
            launch.KernelName = name;
            launch.GridDim = config.GridDim;
            launch.GroupDim = config.GroupDim;
            launch.GroupSize = config.GroupDim.Size;
            launch.WarpSize = WarpSize;
            launch.DynamicSharedBytes = config.SharedMemoryConfig.LengthInBytes;
            launch.MaxSharedBytes = MaxSharedMemoryPerGroup;
            scheduler.Run(call);
        }
    }

    internal override MemoryBuffer AllocateCore(long length, int elementSize) => new CpuBuffer(this, length, elementSize);
    internal override AcceleratorStream CreateStreamCore() => new CpuStream(this);
    internal override void SynchronizeCore() { }
    internal override void BindCore() { }
    internal override void DisposeCore() => scheduler.Dispose();

    internal override NativeKernel BuildKernel(KernelRequest request) =>
        throw new NotSupportedException("Emulated kernels are not compiled.");
}

internal sealed class CpuStream(Accelerator accelerator) : AcceleratorStream(accelerator)
{
    public override void Synchronize() { }
    private protected override ProfilingMarker CreateMarker() => new CpuMarker(Accelerator);
    private protected override void Release() { }
}

internal sealed class CpuMarker(Accelerator accelerator) : ProfilingMarker(accelerator)
{
    private readonly long time = Stopwatch.GetTimestamp();

    public override void Synchronize() { }
    public override TimeSpan MeasureFrom(ProfilingMarker marker) => Stopwatch.GetElapsedTime(((CpuMarker)marker).time, time);
    private protected override void Release() { }
}

/// <summary>Host memory, filled with 0xFF, for device memory is not cleared either.</summary>
internal sealed unsafe class CpuBuffer : RawBuffer
{
    public CpuBuffer(Accelerator accelerator, long length, int elementSize) : base(accelerator, length, elementSize)
    {
        long wanted = Math.Max(LengthInBytes, 1);
        try
        {
            if (DriverFaults.Fails(AcceleratorType.CPU, "allocate"))
                throw new OutOfMemoryException();
            NativePtr = (nint)NativeMemory.AlignedAlloc(checked((nuint)wanted), 256);
        }
        catch (OutOfMemoryException e)
        {
            BufferTable.Remove(Handle);
            accelerator.RemoveChild(this);
            throw new DeviceOutOfMemoryException(AcceleratorType.CPU, wanted, null, accelerator.MemorySize, e);
        }
        NativeMemory.Fill((void*)NativePtr, (nuint)wanted, 0xFF);
    }

    internal override nint ViewAddress => NativePtr;
    internal override MemoryKind Kind => MemoryKind.Host;

    private protected override void Free() => NativeMemory.AlignedFree((void*)NativePtr);

    internal override void SetCore(AcceleratorStream stream, byte value, long offset, long bytes) =>
        NativeMemory.Fill((byte*)NativePtr + offset, (nuint)bytes, value);

    internal override void CopyCore(AcceleratorStream stream, MemoryBuffer source, long sourceOffset, long targetOffset, long bytes) =>
        Buffer.MemoryCopy((byte*)source.NativePtr + sourceOffset, (byte*)NativePtr + targetOffset, bytes, bytes);

    internal override void UploadCore(AcceleratorStream stream, void* source, long targetOffset, long bytes) =>
        Buffer.MemoryCopy(source, (byte*)NativePtr + targetOffset, bytes, bytes);

    internal override void DownloadCore(AcceleratorStream stream, void* target, long sourceOffset, long bytes) =>
        Buffer.MemoryCopy((byte*)NativePtr + sourceOffset, target, bytes, bytes);
}
