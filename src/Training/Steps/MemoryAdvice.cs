using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Steps;

/// <summary>What to say when a model does not fit on its device: what takes the room, and a batch size that was tried and fits.</summary>
/// <param name="refusal">What the device said.</param>
/// <param name="memory">What had been allocated by then, and will be given back.</param>
internal sealed class MemoryAdvice(OutOfDeviceMemoryException refusal, DeviceMemory memory)
{
    private const int Listed = 5;
    private const int MostTrials = 40;

    // The batch that is named is within this part of the largest.
    private const int Precision = 16;

    private readonly Device device = memory.Device;
    private readonly (string Name, long Bytes)[] buffers = [.. memory.Buffers.Select(b => (b.Name, b.Bytes))];

    /// <param name="batch">The batch size that did not fit.</param>
    /// <param name="layoutsOf">The plans for a batch size, laid out and not allocated.</param>
    /// <param name="durable">Slots that are needed besides those of the plans.</param>
    /// <param name="trial">Allocates everything for a batch size and gives it back; what was lacking, or null.</param>
    public GpuGradException Give(int batch, Func<int, IEnumerable<PlanLayout>> layoutsOf, IEnumerable<Slot> durable, Func<int, OutOfDeviceMemoryException?> trial)
    {
        IEnumerable<(string Name, long Bytes)> largest = buffers.Append((refusal.Buffer, refusal.Bytes)).OrderByDescending(b => b.Bytes);
        string list = string.Join(", ", largest.Take(Listed).Select(b => $"{b.Name} {OutOfDeviceMemoryException.MiB(b.Bytes)}"));
        int fits = LargestThatFits(batch, size => Needed(layoutsOf(size), durable), trial);
        string remedy = fits > 0
            ? string.Create(CultureInfo.InvariantCulture, $"A batch of {fits} instead of {batch} would fit: --set data.batch={fits}")
            : "Not even a batch of 1 would fit; use a smaller model or fewer samples (data.limit)";
        return new GpuGradException(Fault.Memory, $"{refusal.Message}. Largest: {list}. {remedy}", refusal);
    }

    // What is laid out tells where to begin; scratch memory and what is lost between buffers only a trial tells.
    private int LargestThatFits(int failing, Func<int, double> needed, Func<int, OutOfDeviceMemoryException?> trial)
    {
        double room = buffers.Sum(b => (double)b.Bytes) + Math.Max(0, refusal.Free);
        int fitting = 0;
        for (int i = 0; i < MostTrials && failing - fitting > Math.Max(1, fitting / Precision); i++)
        {
            // From above, by what was lacking, until one fits; then halfway to the one that does not.
            int size = fitting == 0 ? Largest(failing - 1, s => needed(s) <= room) : fitting + ((failing - fitting) / 2);
            if (size == 0)
                break;
            if (needed(size) > room)
            {
                failing = size;
            }
            else if (trial(size) is OutOfDeviceMemoryException lack)
            {
                failing = size;
                room = Math.Min(room, needed(size) - 1) - (fitting > 0 ? 0 : Math.Max(0, lack.Bytes - Math.Max(0, lack.Free)));
            }
            else
            {
                fitting = size;
            }
        }
        return fitting;
    }

    private double Needed(IEnumerable<PlanLayout> layouts, IEnumerable<Slot> durable)
    {
        var slots = new HashSet<Slot>(durable);
        long arena = 0;
        foreach (PlanLayout layout in layouts)
        {
            arena = Math.Max(arena, layout.ArenaBytes);
            slots.UnionWith(layout.Nodes.SelectMany(n => n.Inputs.Concat(n.Outputs)).Select(t => t.Base.Placement?.Slot).OfType<Slot>());
        }
        return arena + slots.Sum(s => (double)s.Length * device.SizeOf(s.Element));
    }

    // By halving: more samples never need less.
    private static int Largest(int most, Func<int, bool> fits)
    {
        int low = 0;
        while (low < most)
        {
            int middle = low + ((most - low + 1) / 2);
            if (fits(middle))
                low = middle;
            else
                most = middle - 1;
        }
        return low;
    }
}
