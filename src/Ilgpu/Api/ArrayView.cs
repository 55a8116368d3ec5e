using System.Runtime.CompilerServices;
using ILGPU.Compiler.Frontend;
using ILGPU.Runtime;
using ILGPU.Runtime.Cpu;

namespace ILGPU;

/// <summary>
/// A typed window on device memory. It holds no object reference, so that structs with views blit into kernel arguments;
/// which buffer it looks at is a handle of the buffer table (<see cref="BufferTable"/>).
/// </summary>
public readonly unsafe struct ArrayView<T> : IContiguousArrayView<T> where T : unmanaged
{
    /// <summary>The first element: a host or device address, or (OpenCL) the offset in bytes from the buffer's start.</summary>
    internal readonly nint Address;
    private readonly long length;
    internal readonly int Source;
    private readonly MemoryKind kind;

    internal ArrayView(nint address, long length, int source, MemoryKind kind)
    {
        Address = address;
        this.length = length;
        Source = source;
        this.kind = kind;
    }

    public ArrayView(MemoryBuffer source, long index, long length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(checked((index + length) * sizeof(T)), source.LengthInBytes, nameof(length));
        Address = source.ViewAddress + checked((nint)(index * sizeof(T)));
        this.length = length;
        Source = source.Handle;
        kind = source.Kind;
    }

    public static int ElementSize => sizeof(T);
    public static ArrayView<T> Empty => default;

    public bool IsValid => Source != 0;
    public LongIndex1D Extent => Length;
    public Stride1D.Dense Stride => default;
    public Index1D IntExtent => IntLength;
    public long Length => length;
    public int IntLength => ViewLength.ToInt(Length);
    public long LengthInBytes => Length * sizeof(T);
    internal RawView Raw => new(Address, LengthInBytes, Source);
    RawView IContiguousArrayView.Raw => Raw;
    ArrayView<T> IContiguousArrayView<T>.BaseView => this;

    public ref T this[Index1D index] => ref this[(long)index.X];
    public ref T this[LongIndex1D index] => ref this[index.X];
    public ref T this[int index] => ref this[(long)index];

    public ref T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((ulong)index >= (ulong)length || kind != MemoryKind.Host)
                ViewFault.Throw(index, length, typeof(T), kind);
            return ref Unsafe.Add(ref Unsafe.AsRef<T>((void*)Address), (nint)index);
        }
    }

    public ArrayView<T> SubView(long index) => SubView(index, length - index);
    public ArrayView<T> SubView(int index, int subViewLength) => SubView((long)index, subViewLength);

    public ArrayView<T> SubView(long index, long subViewLength)
    {
        if (index < 0 || subViewLength < 0 || index > length - subViewLength)
            ViewFault.ThrowSubView(index, subViewLength, length);
        return new(Address + (nint)(index * sizeof(T)), subViewLength, Source, kind);
    }

    /// <summary>
    /// The same memory as elements of another type. Vector types (<see cref="Util.Float4"/>) are loaded with one instruction,
    /// so the view must begin at a multiple of their size.
    /// </summary>
    public ArrayView<TOther> Cast<TOther>() where TOther : unmanaged
    {
        int alignment = DeviceLayout.VectorAlignment(typeof(TOther));
        if (alignment > 1 && Address % alignment != 0)
            ViewFault.ThrowMisaligned(typeof(TOther), alignment, Address);
        return new(Address, LengthInBytes / sizeof(TOther), Source, kind);
    }

    public static implicit operator ArrayView1D<T, Stride1D.Dense>(ArrayView<T> view) =>
        new(view, view.Extent, default);

    public static implicit operator ArrayView<T>(ArrayView1D<T, Stride1D.Dense> view) => view.BaseView;

    public override string ToString() => $"ArrayView<{typeof(T).Name}>[{length}]";
}

/// <summary>A length as an int: checked on the host and emulated, cut off on a device.</summary>
internal static class ViewLength
{
    public static int ToInt(long length) => checked((int)length);
}

/// <summary>Where a view's memory is, as far as host code must know.</summary>
internal enum MemoryKind
{
    None,
    /// <summary>Host code (and so an emulated kernel) may follow the address.</summary>
    Host,
    Cuda,
    /// <summary>The address is an offset in a buffer object.</summary>
    OpenCL,
}
