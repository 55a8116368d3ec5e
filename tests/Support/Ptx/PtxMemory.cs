using System.Runtime.InteropServices;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// Global memory: host memory in blocks that are remembered, so that an address outside every block, or in one that was
/// freed, is found. Blocks are filled with 0xFF and have a gap after them.
/// </summary>
internal sealed unsafe class PtxMemory
{
    private const long Gap = 4096, Huge = 256 << 20;
    private readonly Lock gate = new();
    private readonly SortedList<long, long> blocks = [];
    private long used;

    /// <summary>What the device pretends to have.</summary>
    public long Capacity { get; init; } = 8L << 30;
    public long Free => Capacity - used;

    /// <summary>0 where there is no room.</summary>
    public nint Allocate(long bytes)
    {
        lock (gate)
        {
            if (bytes > Free)
                return 0;
            nint address = (nint)NativeMemory.AlignedAlloc((nuint)(bytes + Gap), 256);
            // Of a huge buffer the end only: filling would make the host's memory its own, and nobody interprets kernels over gigabytes.
            long filled = bytes <= Huge ? bytes + Gap : Gap;
            NativeMemory.Fill((byte*)address + (bytes + Gap - filled), (nuint)filled, 0xFF);
            blocks.Add(address, bytes);
            used += bytes;
            return address;
        }
    }

    public bool Release(nint address)
    {
        lock (gate)
        {
            if (!blocks.Remove(address, out long bytes))
                return false;
            used -= bytes;
            NativeMemory.AlignedFree((void*)address);
            return true;
        }
    }

    /// <summary>The block an address lies in, as [start, end).</summary>
    public bool TryFind(long address, out long start, out long end)
    {
        lock (gate)
        {
            int low = 0, high = blocks.Count - 1;
            while (low <= high)
            {
                int middle = (low + high) / 2;
                start = blocks.Keys[middle];
                end = start + blocks.Values[middle];
                if (address < start)
                    high = middle - 1;
                else if (address >= end)
                    low = middle + 1;
                else
                    return true;
            }
        }
        start = end = 0;
        return false;
    }

    /// <summary>For a message: how far behind or before which buffer an address is.</summary>
    public string Nearest(long address)
    {
        lock (gate)
        {
            foreach ((long start, long bytes) in blocks)
            {
                if (address >= start && address < start + bytes + 65536)
                    return $" (offset {address - start} of a buffer of {bytes} bytes)";
                if (address < start && address >= start - 65536)
                    return $" ({start - address} bytes before a buffer of {bytes} bytes)";
            }
        }
        return "";
    }

    public bool Contains(long address, long bytes) => TryFind(address, out _, out long end) && address + bytes <= end;
}

/// <summary>
/// A group's shared memory. Each two bytes remember who wrote and read them and when: two threads that touch the same, one of
/// them writing, with no barrier between, race, whatever order the interpreter happened to run them in.
/// </summary>
internal sealed class PtxSharedMemory
{
    /// <summary>No variable is at 0, and there is a gap between variables.</summary>
    public const int Base = 256, Gap = 64;
    private const int Unit = 2;

    private readonly byte[] bytes;
    private readonly (long Start, long End)[] ranges;
    private readonly Access[] writes, reads;

    public PtxSharedMemory(PtxProgram program, int dynamicBytes)
    {
        bytes = GC.AllocateArray<byte>((int)program.SharedBytes + dynamicBytes + Gap, pinned: true);
        ranges = [.. program.Shared.Select(v => (v.Address, v.Address + (v.Bytes == 0 ? dynamicBytes : v.Bytes)))];
        writes = new Access[bytes.Length / Unit + 1];
        reads = new Access[bytes.Length / Unit + 1];
    }

    private struct Access
    {
        /// <summary>0: nobody; above 0: a thread, + 1; below: several threads of warp -(n + 1); least: of several warps.</summary>
        public int Thread;
        public int GroupEpoch;
        public int WarpEpoch;
    }

    public void Reset()
    {
        bytes.AsSpan().Fill(0xFF);
        Array.Clear(writes);
        Array.Clear(reads);
    }

    /// <summary>The place of an access, or a fault.</summary>
    public ref byte At(PtxWarp warp, int lane, long address, int size, bool isWrite, bool isAtomic)
    {
        bool found = false;
        foreach ((long start, long end) in ranges)
            found |= address >= start && address + size <= end;
        if (!found)
            throw new PtxLaneException(lane, $"shared address {address - Base} (+{size}) is outside every variable.");
        // Single bytes of one unit may belong to different threads: those are not told apart.
        if (!isAtomic && size > 1)
        {
            for (long unit = address / Unit; unit <= (address + size - 1) / Unit; unit++)
                Note(warp, lane, (int)unit, isWrite);
        }
        return ref bytes[address];
    }

    private void Note(PtxWarp warp, int lane, int unit, bool isWrite)
    {
        int thread = warp.FirstThread + lane + 1;
        if (Races(writes[unit], warp, thread))
            throw new PtxLaneException(lane, $"{(isWrite ? "writes" : "reads")} shared memory at {unit * Unit - Base} that {Who(writes[unit])} wrote, with no barrier between.");
        if (isWrite && Races(reads[unit], warp, thread))
            throw new PtxLaneException(lane, $"writes shared memory at {unit * Unit - Base} that {Who(reads[unit])} read, with no barrier between.");
        ref Access access = ref isWrite ? ref writes[unit] : ref reads[unit];
        bool joins = access.Thread != 0 && !isWrite && access.Thread != thread && access.GroupEpoch == warp.Group.Epoch
            && (WarpOf(access) != warp.FirstThread / 32 || access.WarpEpoch == warp.Epoch);
        access.Thread = !joins ? thread : WarpOf(access) == warp.FirstThread / 32 ? -(warp.FirstThread / 32) - 1 : int.MinValue;
        access.GroupEpoch = warp.Group.Epoch;
        access.WarpEpoch = warp.Epoch;
    }

    private static int WarpOf(in Access access) => access.Thread > 0 ? (access.Thread - 1) / 32 : access.Thread == int.MinValue ? -1 : -access.Thread - 1;

    private static bool Races(in Access access, PtxWarp warp, int thread)
    {
        if (access.Thread == 0 || access.Thread == thread || access.GroupEpoch != warp.Group.Epoch)
            return false;
        // Within one warp a warp barrier orders too.
        return WarpOf(access) != warp.FirstThread / 32 || access.WarpEpoch == warp.Epoch;
    }

    private static string Who(in Access access) => access.Thread < 0 ? "other threads" : $"thread {access.Thread - 1}";
}
