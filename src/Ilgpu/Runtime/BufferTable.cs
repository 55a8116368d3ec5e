namespace ILGPU.Runtime;

/// <summary>
/// The buffers alive in this process, by number: views hold the number. A buffer lives until it or its accelerator is disposed
/// (no finalizer frees device memory under a view), and a number is not used again soon, so a view of a disposed
/// buffer is found out at the next launch or copy.
/// </summary>
internal static class BufferTable
{
    private const int SlotBits = 20;
    private const int SlotMask = (1 << SlotBits) - 1;
    private const int Generations = 1 << (31 - SlotBits);
    private static readonly Lock Gate = new();
    private static readonly Queue<int> Free = new();
    private static MemoryBuffer?[] buffers = new MemoryBuffer?[64];
    private static int[] generations = new int[64];
    private static int used = 1;

    public static int Add(MemoryBuffer buffer)
    {
        lock (Gate)
        {
            int slot = Free.Count > 0 ? Free.Dequeue() : used++;
            if (slot > SlotMask)
                throw new InvalidOperationException($"More than {SlotMask} device buffers are alive.");
            if (slot >= buffers.Length)
            {
                Array.Resize(ref buffers, 2 * slot);
                Array.Resize(ref generations, 2 * slot);
            }
            buffers[slot] = buffer;
            return (generations[slot] << SlotBits) | slot;
        }
    }

    public static void Remove(int handle)
    {
        lock (Gate)
        {
            int slot = handle & SlotMask;
            buffers[slot] = null;
            generations[slot] = (generations[slot] + 1) % Generations;
            Free.Enqueue(slot);
        }
    }

    /// <summary>The buffer a view looks at; throws if it is gone.</summary>
    public static MemoryBuffer Get(int handle)
    {
        int slot = handle & SlotMask;
        MemoryBuffer?[] table = buffers;
        if (handle <= 0 || slot >= table.Length || table[slot] is not { } buffer || generations[slot] != handle >> SlotBits)
            throw new ObjectDisposedException(nameof(MemoryBuffer), handle == 0 ? "The view is empty: it has no buffer." : "The view's buffer has been disposed.");
        return buffer;
    }
}
