namespace ILGPU;

/// <summary>How indices of one dimension become positions.</summary>
public interface IStride1D
{
    long ComputeElementIndex(LongIndex1D index);
    int ComputeElementIndex(Index1D index);
}

/// <summary>How indices of two dimensions become positions.</summary>
public interface IStride2D
{
    long ComputeElementIndex(LongIndex2D index);
    int ComputeElementIndex(Index2D index);
}

public static class Stride1D
{
    /// <summary>Neighbours lie side by side.</summary>
    public readonly struct Dense : IStride1D
    {
        public Index1D StrideExtent => 1;
        public long ComputeElementIndex(LongIndex1D index) => index.X;
        public int ComputeElementIndex(Index1D index) => index.X;
    }
}

public static class Stride2D
{
    /// <summary>X runs densely; rows are <see cref="YStride"/> elements apart.</summary>
    public readonly struct DenseX(int yStride) : IStride2D
    {
        public int XStride => 1;
        public int YStride { get; } = yStride;
        public long ComputeElementIndex(LongIndex2D index) => index.X + index.Y * YStride;
        public int ComputeElementIndex(Index2D index) => index.X + index.Y * YStride;
    }

    /// <summary>Y runs densely; columns are <see cref="XStride"/> elements apart.</summary>
    public readonly struct DenseY(int xStride) : IStride2D
    {
        public int XStride { get; } = xStride;
        public int YStride => 1;
        public long ComputeElementIndex(LongIndex2D index) => index.X * XStride + index.Y;
        public int ComputeElementIndex(Index2D index) => index.X * XStride + index.Y;
    }
}
