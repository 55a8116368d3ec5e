using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cpu;

namespace ILGPU;

/// <summary>
/// The threads that run in lock-step. All lanes of a warp must take part in a shuffle; on a device whose warps have one lane
/// (OpenCL without sub-groups) no shuffle may be reachable, so write loops over <see cref="WarpSize"/>.
/// </summary>
public static class Warp
{
    public static int WarpSize => EmulatedThread.Current.Launch.WarpSize;
    public static int LaneIdx => ComputeWarpThreadIdx(Group.LinearIndex);
    public static bool IsFirstLane => LaneIdx == 0;
    public static bool IsLastLane => LaneIdx == WarpSize - 1;
    public static int WarpIdx => ComputeWarpIdx(Group.LinearIndex);

    public static int ComputeWarpIdx(Index1D groupThreadIdx) => groupThreadIdx.X / WarpSize;
    public static int ComputeWarpThreadIdx(Index1D groupThreadIdx) => groupThreadIdx.X % WarpSize;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Barrier() => EmulatedThread.Current.WarpBarrier();

    public static T Shuffle<T>(T variable, int sourceLane) where T : unmanaged => Shuffle(variable, sourceLane, WarpSize);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T Shuffle<T>(T variable, int sourceLane, int width) where T : unmanaged =>
        EmulatedThread.Current.Shuffle(variable, ShuffleKind.Index, sourceLane, width);

    public static T ShuffleDown<T>(T variable, int delta) where T : unmanaged => ShuffleDown(variable, delta, WarpSize);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T ShuffleDown<T>(T variable, int delta, int width) where T : unmanaged =>
        EmulatedThread.Current.Shuffle(variable, ShuffleKind.Down, delta, width);

    public static T ShuffleUp<T>(T variable, int delta) where T : unmanaged => ShuffleUp(variable, delta, WarpSize);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T ShuffleUp<T>(T variable, int delta, int width) where T : unmanaged =>
        EmulatedThread.Current.Shuffle(variable, ShuffleKind.Up, delta, width);

    public static T ShuffleXor<T>(T variable, int mask) where T : unmanaged => ShuffleXor(variable, mask, WarpSize);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T ShuffleXor<T>(T variable, int mask, int width) where T : unmanaged =>
        EmulatedThread.Current.Shuffle(variable, ShuffleKind.Xor, mask, width);

    public static T Broadcast<T>(T value, int sourceLane) where T : unmanaged => Shuffle(value, sourceLane);
}

internal enum ShuffleKind
{
    Index,
    Down,
    Up,
    Xor,
}
