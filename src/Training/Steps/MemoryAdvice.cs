using System.Globalization;
using GpuGrad.Kernels.Devices;

namespace GpuGrad.Training.Steps;

/// <summary>Advice if a model does not fit on its device: the largest buffers, and a batch size that was tried and fits.</summary>
/// <param name="refusal">The device's error.</param>
/// <param name="memory">The buffers allocated by then; they will be released.</param>
internal sealed class MemoryAdvice(OutOfDeviceMemoryException refusal, DeviceMemory memory)
{
    private const int Listed = 5;
    private const int MostTrials = 40;

    // The suggested batch size is within one part in 16 of the largest.
    private const int Precision = 16;

    private readonly double held = memory.Buffers.Sum(b => (double)b.Bytes);

    /// <param name="batch">The batch size that did not fit.</param>
    /// <param name="planOf">The memory that a batch size needs, laid out but not allocated.</param>
    /// <param name="trial">Allocates everything for a batch size and releases it; returns the error, or null.</param>
    public GpuGradException Give(int batch, Func<int, PlannedMemory> planOf, Func<int, OutOfDeviceMemoryException?> trial)
    {
        string list = string.Join(", ", planOf(batch).Buffers.OrderByDescending(b => b.Bytes).Take(Listed).Select(b => $"{b.Name} {OutOfDeviceMemoryException.MiB(b.Bytes)}"));
        int fits = LargestThatFits(batch, size => planOf(size).Bytes, trial);
        string remedy = fits > 0
            ? string.Create(CultureInfo.InvariantCulture, $"A batch of {fits} instead of {batch} would fit: --set data.batch={fits}")
            : "Not even a batch of 1 would fit; use a smaller model or fewer samples (data.limit)";
        return new GpuGradException(Fault.Memory, $"{refusal.Message}. Largest: {list}. {remedy}", refusal);
    }

    // The layout gives a starting point; only a trial accounts for scratch memory and fragmentation.
    private int LargestThatFits(int failing, Func<int, double> needed, Func<int, OutOfDeviceMemoryException?> trial)
    {
        double room = refusal.Free < 0 ? refusal.Total : held + refusal.Free;
        int fitting = 0;
        for (int i = 0; i < MostTrials && failing - fitting > Math.Max(1, fitting / Precision); i++)
        {
            // Downwards by the missing amount until one fits; then bisect towards the smallest that does not.
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

    // By bisection: more samples never need less memory.
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
