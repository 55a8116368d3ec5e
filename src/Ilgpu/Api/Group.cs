using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cpu;

namespace ILGPU;

/// <summary>The group (thread block, work-group) of the running thread.</summary>
public static class Group
{
    public static int IdxX => EmulatedThread.Current.GroupIdxX;
    public static int IdxY => EmulatedThread.Current.GroupIdxY;
    public static int IdxZ => EmulatedThread.Current.GroupIdxZ;
    public static Index3D Index => new(IdxX, IdxY, IdxZ);
    public static int DimX => EmulatedThread.Current.Launch.GroupDim.X;
    public static int DimY => EmulatedThread.Current.Launch.GroupDim.Y;
    public static int DimZ => EmulatedThread.Current.Launch.GroupDim.Z;
    public static Index3D Dimension => new(DimX, DimY, DimZ);
    public static int LinearIndex => (IdxZ * DimY + IdxY) * DimX + IdxX;
    public static bool IsFirstThread => LinearIndex == 0;
    public static bool IsLastThread => LinearIndex == DimX * DimY * DimZ - 1;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Barrier() => EmulatedThread.Current.Barrier(BarrierKind.Plain, 0);

    /// <summary>A barrier that tells for how many threads of the group the predicate held.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int BarrierPopCount(bool predicate) =>
        EmulatedThread.Current.Barrier(BarrierKind.PopCount, predicate ? 1 : 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool BarrierAnd(bool predicate) =>
        EmulatedThread.Current.Barrier(BarrierKind.And, predicate ? 1 : 0) == EmulatedThread.Current.Launch.GroupSize;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool BarrierOr(bool predicate) =>
        EmulatedThread.Current.Barrier(BarrierKind.Or, predicate ? 1 : 0) != 0;

    /// <summary>The value that the thread with linear index <paramref name="groupIndex"/> passes; a barrier for the group.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T Broadcast<T>(T value, int groupIndex) where T : unmanaged =>
        EmulatedThread.Current.Broadcast(value, groupIndex);
}
