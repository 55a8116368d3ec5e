using ILGPU.Runtime.Cpu;

namespace ILGPU;

/// <summary>The grid of groups of the running launch.</summary>
public static class Grid
{
    public static int IdxX => EmulatedThread.Current.GridIdxX;
    public static int IdxY => EmulatedThread.Current.GridIdxY;
    public static int IdxZ => EmulatedThread.Current.GridIdxZ;
    public static Index3D Index => new(IdxX, IdxY, IdxZ);
    public static int DimX => EmulatedThread.Current.Launch.GridDim.X;
    public static int DimY => EmulatedThread.Current.Launch.GridDim.Y;
    public static int DimZ => EmulatedThread.Current.Launch.GridDim.Z;
    public static Index3D Dimension => new(DimX, DimY, DimZ);
    public static int LinearIndex => (IdxZ * DimY + IdxY) * DimX + IdxX;
    public static Index3D GlobalIndex => ComputeGlobalIndex(Index, Group.Index);
    public static LongIndex3D LongGlobalIndex => ComputeLongGlobalIndex(Index, Group.Index);
    public static int GlobalLinearIndex => LinearIndex * (Group.DimX * Group.DimY * Group.DimZ) + Group.LinearIndex;

    public static Index1D ComputeGlobalIndex(Index1D gridIdx, Index1D groupIdx) =>
        new(groupIdx.X + gridIdx.X * Group.DimX);

    public static Index2D ComputeGlobalIndex(Index2D gridIdx, Index2D groupIdx) =>
        new(groupIdx.X + gridIdx.X * Group.DimX, groupIdx.Y + gridIdx.Y * Group.DimY);

    public static Index3D ComputeGlobalIndex(Index3D gridIdx, Index3D groupIdx) =>
        new(groupIdx.X + gridIdx.X * Group.DimX, groupIdx.Y + gridIdx.Y * Group.DimY, groupIdx.Z + gridIdx.Z * Group.DimZ);

    public static LongIndex1D ComputeLongGlobalIndex(Index1D gridIdx, Index1D groupIdx) =>
        new(groupIdx.X + (long)gridIdx.X * Group.DimX);

    public static LongIndex2D ComputeLongGlobalIndex(Index2D gridIdx, Index2D groupIdx) =>
        new(groupIdx.X + (long)gridIdx.X * Group.DimX, groupIdx.Y + (long)gridIdx.Y * Group.DimY);

    public static LongIndex3D ComputeLongGlobalIndex(Index3D gridIdx, Index3D groupIdx) =>
        new(groupIdx.X + (long)gridIdx.X * Group.DimX, groupIdx.Y + (long)gridIdx.Y * Group.DimY, groupIdx.Z + (long)gridIdx.Z * Group.DimZ);
}
