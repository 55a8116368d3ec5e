using System.Runtime.CompilerServices;

namespace ILGPU.Runtime;

/// <summary>A view without its type: where it begins, how long it is, in which buffer.</summary>
internal readonly record struct RawView(nint Address, long Bytes, int Source)
{
    public MemoryBuffer Buffer => BufferTable.Get(Source);
    public long Offset => Address - Buffer.ViewAddress;
}

/// <summary>
/// Copies and fills. Copies to and from host memory are done when the call returns; those with page-locked memory
/// when the stream gets there.
/// </summary>
public static class ArrayViewExtensions
{
    public static bool HasNoData<TView>(this TView view) where TView : IContiguousArrayView => !view.IsValid || view.Length < 1;
    public static bool HasData<TView>(this TView view) where TView : IContiguousArrayView => !view.HasNoData();
    public static Accelerator GetAccelerator<TView>(this TView view) where TView : IContiguousArrayView => view.Raw.Buffer.Accelerator;
    public static ArrayView1D<T, Stride1D.Dense> AsDense<T>(this ArrayView<T> view) where T : unmanaged => view;
    public static VariableView<T> VariableView<T>(this ArrayView<T> view, Index1D element) where T : unmanaged => new(view.SubView(element.X, 1));
    public static IntPtr LoadEffectiveAddressAsPtr<T>(this ArrayView<T> view) where T : unmanaged => view.Address;

    // ---- Fill -------------------------------------------------------------------------------------------------------

    public static void MemSetToZero<TView>(this TView view) where TView : IContiguousArrayView => view.MemSet(0);
    public static void MemSetToZero<TView>(this TView view, AcceleratorStream stream) where TView : IContiguousArrayView => view.MemSet(stream, 0);

    public static void MemSet<TView>(this TView view, byte value) where TView : IContiguousArrayView
    {
        if (view.Length > 0)
            view.MemSet(view.GetAccelerator().DefaultStream, value);
    }

    public static void MemSet<TView>(this TView view, AcceleratorStream stream, byte value) where TView : IContiguousArrayView
    {
        if (view.Length == 0)
            return;
        RawView raw = view.Raw;
        Bound(stream);
        raw.Buffer.MemSet(stream, value, raw.Offset, raw.Bytes);
    }

    // ---- Device to device -------------------------------------------------------------------------------------------

    public static void CopyTo<TView>(this TView source, in TView target) where TView : IContiguousArrayView
    {
        if (source.Length > 0)
            source.CopyTo(source.GetAccelerator().DefaultStream, target);
    }

    public static void CopyTo<TView>(this TView source, AcceleratorStream stream, in TView target) where TView : IContiguousArrayView
    {
        if (source.Length == 0)
            return;
        RawView from = source.Raw, to = target.Raw;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from.Bytes, to.Bytes, nameof(target));
        Bound(stream);
        to.Buffer.CopyFromDevice(stream, from.Buffer, from.Offset, to.Offset, from.Bytes);
    }

    public static void CopyFrom<TView>(this TView target, in TView source) where TView : IContiguousArrayView => source.CopyTo(target);
    public static void CopyFrom<TView>(this TView target, AcceleratorStream stream, in TView source) where TView : IContiguousArrayView =>
        source.CopyTo(stream, target);

    // ---- Host memory by reference -----------------------------------------------------------------------------------

    public static void CopyToCPU<T, TView>(this TView source, ref T cpuData, long length) where T : unmanaged where TView : IContiguousArrayView<T> =>
        Download(source.Raw, null, ref cpuData, length);
    public static void CopyToCPU<T, TView>(this TView source, AcceleratorStream stream, ref T cpuData, long length)
        where T : unmanaged where TView : IContiguousArrayView<T> => Download(source.Raw, stream, ref cpuData, length);
    public static void CopyFromCPU<T, TView>(this TView target, ref T cpuData, long length) where T : unmanaged where TView : IContiguousArrayView<T> =>
        Upload(target.Raw, null, ref cpuData, length);
    public static void CopyFromCPU<T, TView>(this TView target, AcceleratorStream stream, ref T cpuData, long length)
        where T : unmanaged where TView : IContiguousArrayView<T> => Upload(target.Raw, stream, ref cpuData, length);

    // ---- Spans ------------------------------------------------------------------------------------------------------

    public static void CopyToCPU<T, TView>(this TView source, in Span<T> span) where T : unmanaged where TView : IContiguousArrayView<T> =>
        Download(source.Raw, null, ref Start(span), span.Length);
    public static void CopyToCPU<T, TView>(this TView source, AcceleratorStream stream, in Span<T> span)
        where T : unmanaged where TView : IContiguousArrayView<T> => Download(source.Raw, stream, ref Start(span), span.Length);
    public static void CopyFromCPU<T, TView>(this TView target, in ReadOnlySpan<T> span) where T : unmanaged where TView : IContiguousArrayView<T> =>
        Upload(target.Raw, null, ref Start(span), span.Length);
    public static void CopyFromCPU<T, TView>(this TView target, AcceleratorStream stream, in ReadOnlySpan<T> span)
        where T : unmanaged where TView : IContiguousArrayView<T> => Upload(target.Raw, stream, ref Start(span), span.Length);

    public static void CopyToCPU<T>(this ArrayView1D<T, Stride1D.Dense> source, AcceleratorStream stream, in Span<T> span) where T : unmanaged =>
        Download(source.BaseView.Raw, stream, ref Start(span), span.Length);
    public static void CopyFromCPU<T>(this ArrayView1D<T, Stride1D.Dense> target, AcceleratorStream stream, in ReadOnlySpan<T> span)
        where T : unmanaged => Upload(target.BaseView.Raw, stream, ref Start(span), span.Length);

    // ---- Arrays -----------------------------------------------------------------------------------------------------

    public static void CopyToCPU<T>(this ArrayView<T> view, T[] data) where T : unmanaged => ToArray(view, null, data);
    public static void CopyToCPU<T>(this ArrayView<T> view, AcceleratorStream stream, T[] data) where T : unmanaged => ToArray(view, stream, data);
    public static void CopyFromCPU<T>(this ArrayView<T> view, T[] data) where T : unmanaged => FromArray(view, null, data);
    public static void CopyFromCPU<T>(this ArrayView<T> view, AcceleratorStream stream, T[] data) where T : unmanaged => FromArray(view, stream, data);

    public static void CopyToCPU<T>(this ArrayView1D<T, Stride1D.Dense> view, T[] data) where T : unmanaged => ToArray(view.BaseView, null, data);
    public static void CopyToCPU<T>(this ArrayView1D<T, Stride1D.Dense> view, AcceleratorStream stream, T[] data) where T : unmanaged =>
        ToArray(view.BaseView, stream, data);
    public static void CopyFromCPU<T>(this ArrayView1D<T, Stride1D.Dense> view, T[] data) where T : unmanaged => FromArray(view.BaseView, null, data);
    public static void CopyFromCPU<T>(this ArrayView1D<T, Stride1D.Dense> view, AcceleratorStream stream, T[] data) where T : unmanaged =>
        FromArray(view.BaseView, stream, data);

    public static void CopyToCPU<T>(this MemoryBuffer<ArrayView1D<T, Stride1D.Dense>> buffer, T[] data) where T : unmanaged =>
        ToArray(buffer.View.BaseView, null, data);
    public static void CopyToCPU<T>(this MemoryBuffer<ArrayView1D<T, Stride1D.Dense>> buffer, AcceleratorStream stream, T[] data)
        where T : unmanaged => ToArray(buffer.View.BaseView, stream, data);
    public static void CopyFromCPU<T>(this MemoryBuffer<ArrayView1D<T, Stride1D.Dense>> buffer, T[] data) where T : unmanaged =>
        FromArray(buffer.View.BaseView, null, data);
    public static void CopyFromCPU<T>(this MemoryBuffer<ArrayView1D<T, Stride1D.Dense>> buffer, AcceleratorStream stream, T[] data)
        where T : unmanaged => FromArray(buffer.View.BaseView, stream, data);

    public static T[] GetAsArray<T>(this ArrayView<T> view) where T : unmanaged => NewArray(view, null);
    public static T[] GetAsArray<T>(this ArrayView<T> view, AcceleratorStream stream) where T : unmanaged => NewArray(view, stream);
    public static T[] GetAsArray1D<T>(this ArrayView1D<T, Stride1D.Dense> view) where T : unmanaged => NewArray(view.BaseView, null);
    public static T[] GetAsArray1D<T>(this ArrayView1D<T, Stride1D.Dense> view, AcceleratorStream stream) where T : unmanaged =>
        NewArray(view.BaseView, stream);
    public static T[] GetAsArray1D<T>(this MemoryBuffer<ArrayView1D<T, Stride1D.Dense>> buffer) where T : unmanaged => NewArray(buffer.View.BaseView, null);
    public static T[] GetAsArray1D<T>(this MemoryBuffer<ArrayView1D<T, Stride1D.Dense>> buffer, AcceleratorStream stream) where T : unmanaged =>
        NewArray(buffer.View.BaseView, stream);

    public static MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(this Accelerator accelerator, T[] data) where T : unmanaged =>
        accelerator.Allocate1D(accelerator.DefaultStream, data);

    public static MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(this Accelerator accelerator, AcceleratorStream stream, T[] data) where T : unmanaged
    {
        MemoryBuffer1D<T, Stride1D.Dense> buffer = accelerator.Allocate1D<T>(data.Length);
        FromArray(buffer.View.BaseView, stream, data);
        return buffer;
    }

    // ---- Page-locked memory -----------------------------------------------------------------------------------------

    public static void CopyToPageLockedAsync<T, TView>(this TView source, PageLockScope<T> pageLockScope)
        where T : unmanaged where TView : IContiguousArrayView<T> => source.CopyToPageLockedAsync(source.GetAccelerator().DefaultStream, pageLockScope);

    public static unsafe void CopyToPageLockedAsync<T, TView>(this TView source, AcceleratorStream stream, PageLockScope<T> pageLockScope)
        where T : unmanaged where TView : IContiguousArrayView<T>
    {
        RawView raw = Locked(source.Raw, stream, pageLockScope);
        raw.Buffer.Download(stream, (void*)pageLockScope.AddrOfLockedObject, raw.Offset, raw.Bytes);
    }

    public static void CopyFromPageLockedAsync<T, TView>(this TView target, PageLockScope<T> pageLockScope)
        where T : unmanaged where TView : IContiguousArrayView<T> => target.CopyFromPageLockedAsync(target.GetAccelerator().DefaultStream, pageLockScope);

    public static unsafe void CopyFromPageLockedAsync<T, TView>(this TView target, AcceleratorStream stream, PageLockScope<T> pageLockScope)
        where T : unmanaged where TView : IContiguousArrayView<T>
    {
        RawView raw = Locked(target.Raw, stream, pageLockScope);
        raw.Buffer.Upload(stream, (void*)pageLockScope.AddrOfLockedObject, raw.Offset, raw.Bytes);
    }

    private static RawView Locked<T>(RawView raw, AcceleratorStream stream, PageLockScope<T> scope) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentOutOfRangeException.ThrowIfNotEqual(raw.Bytes, scope.LengthInBytes, nameof(scope));
        Bound(stream);
        return raw;
    }

    // ---- What all of them do ----------------------------------------------------------------------------------------

    private static void Bound(AcceleratorStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Accelerator.Bind();
    }

    private static ref T Start<T>(ReadOnlySpan<T> span) => ref System.Runtime.InteropServices.MemoryMarshal.GetReference(span);

    private static T[] NewArray<T>(ArrayView<T> view, AcceleratorStream? stream) where T : unmanaged
    {
        T[] data = new T[view.Length];
        ToArray(view, stream, data);
        return data;
    }

    private static void ToArray<T>(ArrayView<T> view, AcceleratorStream? stream, T[] data) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        Download(view.Raw, stream, ref Start<T>(data), data.LongLength);
    }

    private static void FromArray<T>(ArrayView<T> view, AcceleratorStream? stream, T[] data) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        Upload(view.Raw, stream, ref Start<T>(data), data.LongLength);
    }

    private static unsafe void Download<T>(RawView raw, AcceleratorStream? stream, ref T data, long length) where T : unmanaged
    {
        if (length == 0)
            return;
        long bytes = Bytes<T>(raw, length);
        stream ??= raw.Buffer.Accelerator.DefaultStream;
        Bound(stream);
        fixed (T* target = &data)
        {
            raw.Buffer.Download(stream, target, raw.Offset, bytes);
            stream.Synchronize();
        }
    }

    private static unsafe void Upload<T>(RawView raw, AcceleratorStream? stream, ref T data, long length) where T : unmanaged
    {
        if (length == 0)
            return;
        long bytes = Bytes<T>(raw, length);
        stream ??= raw.Buffer.Accelerator.DefaultStream;
        Bound(stream);
        fixed (T* source = &data)
        {
            raw.Buffer.Upload(stream, source, raw.Offset, bytes);
            stream.Synchronize();
        }
    }

    private static long Bytes<T>(RawView raw, long length) where T : unmanaged
    {
        long bytes = checked(length * Unsafe.SizeOf<T>());
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, raw.Bytes, nameof(length));
        return bytes;
    }
}
