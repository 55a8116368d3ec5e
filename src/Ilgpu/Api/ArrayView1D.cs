namespace ILGPU.Runtime
{
    /// <summary>What every contiguous view of a buffer can tell of itself.</summary>
    public interface IContiguousArrayView
    {
        bool IsValid { get; }
        long Length { get; }
        long LengthInBytes { get; }
        internal RawView Raw { get; }
    }

    /// <summary>A contiguous view of elements of one type.</summary>
    public interface IContiguousArrayView<T> : IContiguousArrayView where T : unmanaged
    {
        ArrayView<T> BaseView { get; }
    }

    /// <summary>A one-dimensional view with a stride.</summary>
    public readonly struct ArrayView1D<T, TStride>(ArrayView<T> baseView, LongIndex1D extent, TStride stride) : IContiguousArrayView<T>
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        public static int ElementSize => ArrayView<T>.ElementSize;
        public static ArrayView1D<T, TStride> Empty => default;

        public ArrayView<T> BaseView { get; } = baseView;
        public LongIndex1D Extent { get; } = extent;
        public Index1D IntExtent => IntLength;
        public TStride Stride { get; } = stride;
        public bool IsValid => BaseView.IsValid;
        public long Length => Extent.Size;
        public int IntLength => ViewLength.ToInt(Length);
        public long LengthInBytes => Length * ArrayView<T>.ElementSize;
        RawView IContiguousArrayView.Raw => BaseView.Raw;

        public ref T this[Index1D index] => ref BaseView[Stride.ComputeElementIndex(index)];
        public ref T this[LongIndex1D index] => ref BaseView[Stride.ComputeElementIndex(index)];

        public int ComputeLinearIndex(Index1D index) => Stride.ComputeElementIndex(index);
        public long ComputeLinearIndex(LongIndex1D index) => Stride.ComputeElementIndex(index);

        public ArrayView1D<T, TStride> SubView(Index1D index, Index1D extent) =>
            SubView((LongIndex1D)index, extent);

        public ArrayView1D<T, TStride> SubView(LongIndex1D index, LongIndex1D extent) =>
            new(BaseView.SubView(Stride.ComputeElementIndex(index), Stride.ComputeElementIndex(extent)), extent, Stride);

        public ArrayView<T> AsContiguous() => BaseView;
    }

    /// <summary>A two-dimensional view with a stride.</summary>
    public readonly struct ArrayView2D<T, TStride>(ArrayView<T> baseView, LongIndex2D extent, TStride stride)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        public ArrayView<T> BaseView { get; } = baseView;
        public LongIndex2D Extent { get; } = extent;
        public Index2D IntExtent => Extent.ToIntIndex();
        public TStride Stride { get; } = stride;
        public bool IsValid => BaseView.IsValid;
        public long Length => Extent.Size;

        public ref T this[Index2D index] => ref BaseView[Stride.ComputeElementIndex(index)];
        public ref T this[int x, int y] => ref BaseView[Stride.ComputeElementIndex(new Index2D(x, y))];
        public ref T this[LongIndex2D index] => ref BaseView[Stride.ComputeElementIndex(index)];
        public ref T this[long x, long y] => ref BaseView[Stride.ComputeElementIndex(new LongIndex2D(x, y))];
    }
}

namespace ILGPU
{
    /// <summary>A view of one element.</summary>
    public readonly struct VariableView<T>(ArrayView<T> baseView) where T : unmanaged
    {
        public static int VariableSize => ArrayView<T>.ElementSize;
        public ArrayView<T> BaseView { get; } = baseView;
        public bool IsValid => BaseView.IsValid;
        public ref T Value => ref BaseView[0L];
    }
}
