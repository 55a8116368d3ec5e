namespace GpuGrad.Tests.Support.Ptx;

/// <summary>One decoded instruction. Operands are register slots; immediates have slots of their own.</summary>
internal sealed class PtxStep
{
    public required int Line { get; init; }
    public int Guard { get; init; } = -1;
    public bool Negated { get; init; }
    public StepKind Kind { get; init; } = StepKind.Plain;
    public int[] Reads { get; init; } = [];
    public int[] Writes { get; init; } = [];
    /// <summary>Computes for all lanes of the mask.</summary>
    public Action<PtxWarp, uint>? Run { get; init; }
    /// <summary>Branch: where to.</summary>
    public int Target { get; set; } = -1;
    /// <summary>Waiting steps: lanes that have to be there (all of the warp's, or those of a member mask operand).</summary>
    public int MemberMask { get; init; } = -1;
    /// <summary>Warp-wide steps: what was written before is seen after (a shuffle does not do that).</summary>
    public bool OrdersMemory { get; init; }
}

internal enum StepKind
{
    Plain,
    Branch,
    Exit,
    /// <summary>Waits for the group; Run combines what the threads brought.</summary>
    GroupBarrier,
    /// <summary>Waits for the lanes of the warp, then runs for all of them at once.</summary>
    WarpWide,
}

/// <summary>A variable in shared or local memory.</summary>
internal sealed record PtxVariable(string Name, string Space, long Address, int Bytes);

/// <summary>A kernel ready to run.</summary>
internal sealed class PtxProgram
{
    public required string Name { get; init; }
    public required PtxParameter[] Parameters { get; init; }
    public required int[] ParameterOffsets { get; init; }
    public required int ParameterBytes { get; init; }
    public required int MaxThreads { get; init; }
    public required PtxStep[] Steps { get; init; }
    public required int Slots { get; init; }
    public required string[] SlotNames { get; init; }
    /// <summary>Slots with the same value in every lane from the start.</summary>
    public required (int Slot, ulong Value)[] Constants { get; init; }
    public required (int Slot, string Name)[] Specials { get; init; }
    public required PtxVariable[] Shared { get; init; }
    public required PtxVariable[] Locals { get; init; }
    public required long SharedBytes { get; init; }
    public required long LocalBytes { get; init; }
    public required string[] Lines { get; init; }
    /// <summary>How many instructions access global memory.</summary>
    public required int Accesses { get; init; }
}
