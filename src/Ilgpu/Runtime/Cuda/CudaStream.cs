namespace ILGPU.Runtime.Cuda;

/// <summary>A CUDA stream that does not wait for the legacy default stream.</summary>
public sealed class CudaStream : AcceleratorStream
{
    private readonly CudaDriver driver;
    private string? lastKernel;
    private KernelConfig lastConfig;

    internal CudaStream(CudaAccelerator accelerator) : base(accelerator)
    {
        driver = accelerator.Driver;
        StreamPtr = driver.CreateStream();
    }

    public IntPtr StreamPtr { get; }

    /// <summary>Device errors show at the next synchronisation: the last launch is the first suspect.</summary>
    internal string? LastLaunch => lastKernel == null ? null : $"after the launch of kernel '{lastKernel}' with {lastConfig}";

    internal void Launched(string kernel, in KernelConfig config)
    {
        lastKernel = kernel;
        lastConfig = config;
    }

    public override void Synchronize()
    {
        Accelerator.Bind();
        driver.SynchronizeStream(StreamPtr, LastLaunch);
    }

    private protected override ProfilingMarker CreateMarker()
    {
        Accelerator.Bind();
        return new CudaMarker((CudaAccelerator)Accelerator, this);
    }

    private protected override void Release() => driver.DestroyStream(StreamPtr);
}

internal sealed class CudaMarker : ProfilingMarker
{
    private readonly CudaDriver driver;
    private readonly nint handle;

    public CudaMarker(CudaAccelerator accelerator, CudaStream stream) : base(accelerator)
    {
        driver = accelerator.Driver;
        handle = driver.CreateEvent();
        driver.RecordEvent(handle, stream.StreamPtr);
    }

    public override void Synchronize()
    {
        Accelerator.Bind();
        driver.SynchronizeEvent(handle);
    }

    public override TimeSpan MeasureFrom(ProfilingMarker marker)
    {
        ArgumentNullException.ThrowIfNull(marker);
        marker.Synchronize();
        Synchronize();
        return TimeSpan.FromMilliseconds(driver.ElapsedMilliseconds(((CudaMarker)marker).handle, handle));
    }

    private protected override void Release() => driver.DestroyEvent(handle);
}

internal sealed unsafe class CudaBuffer : RawBuffer
{
    private readonly CudaDriver driver;

    public CudaBuffer(CudaAccelerator accelerator, long length, int elementSize) : base(accelerator, length, elementSize)
    {
        driver = accelerator.Driver;
        try
        {
            NativePtr = driver.Allocate(Math.Max(LengthInBytes, 1));
        }
        catch
        {
            BufferTable.Remove(Handle);
            accelerator.RemoveChild(this);
            throw;
        }
    }

    internal override nint ViewAddress => NativePtr;
    internal override MemoryKind Kind => MemoryKind.Cuda;

    private protected override void Free()
    {
        Accelerator.Bind();
        driver.Free(NativePtr);
    }

    private static nint Queue(AcceleratorStream stream) => ((CudaStream)stream).StreamPtr;

    internal override void SetCore(AcceleratorStream stream, byte value, long offset, long bytes) =>
        driver.Fill(NativePtr + (nint)offset, value, bytes, Queue(stream));

    internal override void CopyCore(AcceleratorStream stream, MemoryBuffer source, long sourceOffset, long targetOffset, long bytes) =>
        driver.Copy(NativePtr + (nint)targetOffset, source.NativePtr + (nint)sourceOffset, bytes, Queue(stream));

    internal override void UploadCore(AcceleratorStream stream, void* source, long targetOffset, long bytes) =>
        driver.Upload(NativePtr + (nint)targetOffset, source, bytes, Queue(stream));

    internal override void DownloadCore(AcceleratorStream stream, void* target, long sourceOffset, long bytes) =>
        driver.Download(target, NativePtr + (nint)sourceOffset, bytes, Queue(stream));
}
