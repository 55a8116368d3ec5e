using System.Runtime.CompilerServices;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>One launch of a kernel over memory: groups one after the other, the warps of a group in turn.</summary>
internal sealed class PtxLaunch
{
    private long steps;
    private (long Start, long End)[]? lastBlocks;

    /// <summary>For each access in the program the buffer it went to last; none is freed while a kernel runs.</summary>
    public (long Start, long End)[] LastBlocks => lastBlocks ??= new (long, long)[Program.Accesses];

    public required PtxProgram Program { get; init; }
    public required PtxMemory Memory { get; init; }
    public required (int x, int y, int z) Grid { get; init; }
    public required (int x, int y, int z) Size { get; init; }
    public required int DynamicShared { get; init; }
    public required byte[] Parameters { get; init; }
    /// <summary>Steps of warps; a kernel that never ends would hang the tests.</summary>
    public long MaxSteps { get; init; } = 2_000_000_000;

    public void Run()
    {
        int threads = checked(Size.x * Size.y * Size.z);
        if (threads > Program.MaxThreads)
            throw new PtxFaultException($"Kernel '{Program.Name}' is launched with {threads} threads a group; .maxntid allows {Program.MaxThreads}.");
        PtxGroup group = new(this, threads);
        for (int z = 0; z < Grid.z; z++)
            for (int y = 0; y < Grid.y; y++)
                for (int x = 0; x < Grid.x; x++)
                    group.Run((x, y, z));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CountStep(PtxWarp warp, PtxStep step)
    {
        if (++steps > MaxSteps)
            throw warp.Fault(step, 0, "the kernel does not end.");
    }
}

/// <summary>A group (CTA): its warps, its shared memory, its barrier.</summary>
internal sealed class PtxGroup
{
    private readonly PtxWarp[] warps;

    public PtxGroup(PtxLaunch launch, int threads)
    {
        Launch = launch;
        Shared = new PtxSharedMemory(launch.Program, launch.DynamicShared);
        warps = [.. Enumerable.Range(0, (threads + 31) / 32).Select(w => new PtxWarp(this, w * 32, Math.Min(32, threads - w * 32)))];
    }

    public PtxLaunch Launch { get; }
    public PtxSharedMemory Shared { get; }
    public (int x, int y, int z) Size => Launch.Size;
    public (int x, int y, int z) Index { get; private set; }
    public IReadOnlyList<PtxWarp> Warps => warps;
    /// <summary>Counts group barriers.</summary>
    public int Epoch { get; private set; }

    public void Run((int X, int Y, int Z) index)
    {
        Index = index;
        Shared.Reset();
        foreach (PtxWarp warp in warps)
            warp.Reset();
        for (; ; )
        {
            // By turns from the first warp and from the last: what only the order of warps had kept right comes out wrong in one of them.
            bool backwards = ((index.X + index.Y + index.Z + Epoch) & 1) != 0;
            for (int i = 0; i < warps.Length; i++)
                warps[backwards ? warps.Length - 1 - i : i].Run();
            if (warps.All(w => w.IsDone))
                return;
            PassBarrier();
        }
    }

    /// <summary>Every warp must have come to the same barrier.</summary>
    private void PassBarrier()
    {
        PtxWarp first = warps.First(w => w.AtBarrier >= 0);
        PtxStep step = Launch.Program.Steps[first.AtBarrier];
        foreach (PtxWarp warp in warps)
        {
            if (warp.IsDone)
                throw first.Fault(step, 0, $"divergent barrier: warp {warp.FirstThread / 32} has ended.");
            if (warp.AtBarrier != first.AtBarrier)
                throw first.Fault(step, 0, $"divergent barrier: warp {warp.FirstThread / 32} waits at line {Launch.Program.Steps[warp.AtBarrier].Line}.");
        }
        Epoch++;
        step.Run?.Invoke(first, uint.MaxValue);
        foreach (PtxWarp warp in warps)
        {
            warp.MarkWritten(step);
            warp.ReleaseFromBarrier();
        }
    }
}
