namespace ILGPU.Runtime;

/// <summary>A block of device memory.</summary>
public abstract class MemoryBuffer : AcceleratorObject
{
    private protected MemoryBuffer(Accelerator accelerator, long length, int elementSize) : base(accelerator)
    {
        Length = length;
        ElementSize = elementSize;
    }

    public IntPtr NativePtr { get; private protected set; }
    public long Length { get; }
    public int ElementSize { get; }
    public long LengthInBytes => Length * ElementSize;

    /// <summary>The number views know this buffer by.</summary>
    internal int Handle { get; private protected set; }
    /// <summary>What a view of the first byte has as address.</summary>
    internal abstract nint ViewAddress { get; }
    internal abstract MemoryKind Kind { get; }

    public void MemSet(AcceleratorStream stream, byte value, long targetOffsetInBytes, long length)
    {
        Check(targetOffsetInBytes, length);
        if (length > 0)
            SetCore(stream, value, targetOffsetInBytes, length);
    }

    public void CopyTo(AcceleratorStream stream, long sourceOffsetInBytes, in ArrayView<byte> targetView)
    {
        Check(sourceOffsetInBytes, targetView.Length);
        MemoryBuffer target = BufferTable.Get(targetView.Source);
        target.CopyFromDevice(stream, this, sourceOffsetInBytes, targetView.Address - target.ViewAddress, targetView.Length);
    }

    public void CopyFrom(AcceleratorStream stream, in ArrayView<byte> sourceView, long targetOffsetInBytes)
    {
        Check(targetOffsetInBytes, sourceView.Length);
        MemoryBuffer source = BufferTable.Get(sourceView.Source);
        CopyFromDevice(stream, source, sourceView.Address - source.ViewAddress, targetOffsetInBytes, sourceView.Length);
    }

    public ArrayView<byte> AsRawArrayView() => AsRawArrayView(0, LengthInBytes);
    public ArrayView<byte> AsRawArrayView(long offsetInBytes) => AsRawArrayView(offsetInBytes, LengthInBytes - offsetInBytes);
    public ArrayView<byte> AsRawArrayView(long offsetInBytes, long lengthInBytes) => new(this, offsetInBytes, lengthInBytes);
    public ArrayView<T> AsArrayView<T>(long offset, long length) where T : unmanaged => new(this, offset, length);

    /// <summary>Between two buffers of one accelerator.</summary>
    internal void CopyFromDevice(AcceleratorStream stream, MemoryBuffer source, long sourceOffset, long targetOffset, long bytes)
    {
        source.Check(sourceOffset, bytes);
        Check(targetOffset, bytes);
        if (source.Accelerator != Accelerator)
            throw new NotSupportedException("Copies between accelerators go through the host.");
        if (bytes > 0)
            CopyCore(stream, source, sourceOffset, targetOffset, bytes);
    }

    internal unsafe void Upload(AcceleratorStream stream, void* source, long targetOffset, long bytes)
    {
        Check(targetOffset, bytes);
        if (bytes > 0)
            UploadCore(stream, source, targetOffset, bytes);
    }

    internal unsafe void Download(AcceleratorStream stream, void* target, long sourceOffset, long bytes)
    {
        Check(sourceOffset, bytes);
        if (bytes > 0)
            DownloadCore(stream, target, sourceOffset, bytes);
    }

    private void Check(long offset, long bytes)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(checked(offset + bytes), LengthInBytes, nameof(bytes));
    }

    internal abstract void SetCore(AcceleratorStream stream, byte value, long offset, long bytes);
    internal abstract void CopyCore(AcceleratorStream stream, MemoryBuffer source, long sourceOffset, long targetOffset, long bytes);
    internal abstract unsafe void UploadCore(AcceleratorStream stream, void* source, long targetOffset, long bytes);
    internal abstract unsafe void DownloadCore(AcceleratorStream stream, void* target, long sourceOffset, long bytes);
}

/// <summary>A buffer that is a device's own: it has a number in the table.</summary>
internal abstract class RawBuffer : MemoryBuffer
{
    private protected RawBuffer(Accelerator accelerator, long length, int elementSize) : base(accelerator, length, elementSize) =>
        Handle = BufferTable.Add(this);

    private protected sealed override void Release()
    {
        BufferTable.Remove(Handle);
        Free();
    }

    private protected abstract void Free();
}

/// <summary>A buffer with a typed view of all of it.</summary>
public class MemoryBuffer<TView> : MemoryBuffer where TView : struct
{
    private readonly MemoryBuffer raw;

    internal MemoryBuffer(MemoryBuffer raw, TView view) : base(raw.Accelerator, raw.Length, raw.ElementSize)
    {
        this.raw = raw;
        View = view;
        Handle = raw.Handle;
        NativePtr = raw.NativePtr;
    }

    public TView View { get; }

    public static implicit operator TView(MemoryBuffer<TView> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer.View;
    }

    internal override nint ViewAddress => raw.ViewAddress;
    internal override MemoryKind Kind => raw.Kind;
    private protected override void Release() => raw.Dispose();
    internal override void SetCore(AcceleratorStream stream, byte value, long offset, long bytes) => raw.SetCore(stream, value, offset, bytes);
    internal override void CopyCore(AcceleratorStream stream, MemoryBuffer source, long sourceOffset, long targetOffset, long bytes) =>
        raw.CopyCore(stream, source, sourceOffset, targetOffset, bytes);
    internal override unsafe void UploadCore(AcceleratorStream stream, void* source, long targetOffset, long bytes) => raw.UploadCore(stream, source, targetOffset, bytes);
    internal override unsafe void DownloadCore(AcceleratorStream stream, void* target, long sourceOffset, long bytes) => raw.DownloadCore(stream, target, sourceOffset, bytes);
}

/// <summary>A one-dimensional buffer.</summary>
public sealed class MemoryBuffer1D<T, TStride> : MemoryBuffer<ArrayView1D<T, TStride>>, IContiguousArrayView<T>
    where T : unmanaged
    where TStride : struct, IStride1D
{
    internal MemoryBuffer1D(MemoryBuffer raw, ArrayView1D<T, TStride> view) : base(raw, view) { }

    public LongIndex1D Extent => View.Extent;
    public Index1D IntExtent => View.IntExtent;
    public bool IsValid => !IsDisposed;
    ArrayView<T> IContiguousArrayView<T>.BaseView => View.BaseView;
    RawView IContiguousArrayView.Raw => View.BaseView.Raw;

    public ArrayView<T> AsContiguous() => View.BaseView;

    public static explicit operator ArrayView<T>(MemoryBuffer1D<T, TStride> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer.View.BaseView;
    }
}
