using System.Runtime.InteropServices;

namespace ILGPU.Runtime.Cpu;

/// <summary>
/// Bump-allocated host memory that is poisoned with 0xFF on allocation: as floats that is NaN, so a kernel that reads what it
/// did not write gives results that cannot be overlooked.
/// </summary>
internal sealed unsafe class Arena : IDisposable
{
    private const int BlockBytes = 64 * 1024;
    private readonly List<(nint Start, int Bytes)> blocks = [];
    private int block;
    private int used;

    ~Arena() => Free();

    public void Reset()
    {
        block = 0;
        used = 0;
    }

    public nint Allocate(int bytes)
    {
        int rounded = (bytes + 15) & ~15;
        while (block < blocks.Count && used + rounded > blocks[block].Bytes)
        {
            block++;
            used = 0;
        }
        if (block == blocks.Count)
        {
            int size = Math.Max(BlockBytes, rounded);
            blocks.Add(((nint)NativeMemory.AlignedAlloc((nuint)size, 256), size));
        }
        nint result = blocks[block].Start + used;
        used += rounded;
        NativeMemory.Fill((void*)result, (nuint)bytes, 0xFF);
        return result;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        foreach ((nint start, _) in blocks)
            NativeMemory.AlignedFree((void*)start);
        blocks.Clear();
    }
}

/// <summary>A group's shared memory: the n-th allocation of every thread is the same block.</summary>
internal sealed class GroupMemory : IDisposable
{
    private readonly Arena arena = new();
    private readonly List<(nint Address, int Bytes)> blocks = [];
    private int total;
    private nint dynamicBlock;

    public void Reset()
    {
        arena.Reset();
        blocks.Clear();
        total = 0;
        dynamicBlock = 0;
    }

    public nint Get(int ordinal, int bytes, int limit)
    {
        if (ordinal < blocks.Count)
        {
            return blocks[ordinal].Bytes == bytes
                ? blocks[ordinal].Address
                : throw new InvalidOperationException($"shared allocation {ordinal} has {bytes} bytes here and {blocks[ordinal].Bytes} in another thread of the group.");
        }
        total += bytes;
        if (total > limit)
            throw new InvalidOperationException($"the group wants {total} bytes of shared memory; the device has {limit}.");
        blocks.Add((arena.Allocate(bytes), bytes));
        return blocks[ordinal].Address;
    }

    public nint Dynamic(int bytes) => dynamicBlock != 0 ? dynamicBlock : dynamicBlock = arena.Allocate(Math.Max(bytes, 1));

    public void Dispose() => arena.Dispose();
}
