using System.Runtime.CompilerServices;

namespace ILGPU.Runtime.Cpu;

/// <summary>What all threads of a launch share.</summary>
internal sealed class EmulatedLaunch
{
    public string KernelName = "";
    public Index3D GridDim;
    public Index3D GroupDim;
    public int GroupSize;
    public int WarpSize;
    public int DynamicSharedBytes;
    public int MaxSharedBytes;
}

/// <summary>The thread of an emulated kernel that the current OS thread runs: where it is in the grid, and its memory.</summary>
internal sealed unsafe class EmulatedThread(EmulatedLaunch launch, GroupMemory shared, GroupScheduler scheduler)
{
    [ThreadStatic]
    private static EmulatedThread? current;

    public readonly EmulatedLaunch Launch = launch;
    public readonly GroupScheduler Scheduler = scheduler;
    public int GroupIdxX, GroupIdxY, GroupIdxZ, GridIdxX, GridIdxY, GridIdxZ;
    public int LinearIdx;
    private readonly GroupMemory shared = shared;
    private readonly Arena local = new();
    private int sharedAllocations;

    public static EmulatedThread Current => current ?? throw new InvalidKernelOperationException();

    public static EmulatedThread? Swap(EmulatedThread? thread)
    {
        EmulatedThread? previous = current;
        current = thread;
        return previous;
    }

    public void Enter(int linear, Index3D grid)
    {
        LinearIdx = linear;
        GroupIdxX = linear % Launch.GroupDim.X;
        GroupIdxY = linear / Launch.GroupDim.X % Launch.GroupDim.Y;
        GroupIdxZ = linear / Launch.GroupDim.X / Launch.GroupDim.Y;
        (GridIdxX, GridIdxY, GridIdxZ) = grid;
        sharedAllocations = 0;
        local.Reset();
    }

    public string Describe() =>
        $"Kernel '{Launch.KernelName}', thread ({GroupIdxX}, {GroupIdxY}, {GroupIdxZ}) of group ({GridIdxX}, {GridIdxY}, {GridIdxZ})";

    public ArrayView<T> AllocateShared<T>(int extent) where T : unmanaged =>
        new(shared.Get(sharedAllocations++, checked(extent * sizeof(T)), Launch.MaxSharedBytes - Launch.DynamicSharedBytes), extent, -1, MemoryKind.Host);

    public ArrayView<T> DynamicShared<T>() where T : unmanaged =>
        new(shared.Dynamic(Launch.DynamicSharedBytes), Launch.DynamicSharedBytes / sizeof(T), -1, MemoryKind.Host);

    public ArrayView<T> AllocateLocal<T>(int extent) where T : unmanaged =>
        new(local.Allocate(checked(extent * sizeof(T))), extent, -1, MemoryKind.Host);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Barrier(BarrierKind kind, int value) => Scheduler.Barrier(this, kind, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public T Broadcast<T>(T value, int groupIndex) where T : unmanaged
    {
        T result = value;
        Scheduler.Broadcast(this, groupIndex, (nint)(&value), (nint)(&result), sizeof(T));
        return result;
    }

    public void WarpBarrier() => Scheduler.WarpOperation(this, WarpOperationKind.Barrier, LinearIdx % Launch.WarpSize, Launch.WarpSize, 0, 0, 0);

    public T Shuffle<T>(T value, ShuffleKind kind, int argument, int width) where T : unmanaged
    {
        if (width <= 0 || (width & (width - 1)) != 0 || width > Launch.WarpSize)
            throw new ArgumentOutOfRangeException(nameof(width), $"shuffle width {width} is no power of two up to the warp size {Launch.WarpSize}.");
        T result = value;
        int lane = LinearIdx % Launch.WarpSize;
        int source = ShuffleSource(kind, lane, argument, width);
        Scheduler.WarpOperation(this, (WarpOperationKind)(kind + 1), source, width, (nint)(&value), (nint)(&result), sizeof(T));
        return result;
    }

    private static int ShuffleSource(ShuffleKind kind, int lane, int argument, int width)
    {
        int first = lane / width * width;
        return kind switch
        {
            ShuffleKind.Index => first + (argument & (width - 1)),
            ShuffleKind.Down => lane + argument < first + width ? lane + argument : lane,
            ShuffleKind.Up => lane - argument >= first ? lane - argument : lane,
            _ => (lane ^ argument) < first + width ? lane ^ argument : lane,
        };
    }
}

internal enum BarrierKind
{
    Plain,
    PopCount,
    And,
    Or,
    Broadcast,
}

internal enum WarpOperationKind
{
    Barrier,
    ShuffleIndex,
    ShuffleDown,
    ShuffleUp,
    ShuffleXor,
}
