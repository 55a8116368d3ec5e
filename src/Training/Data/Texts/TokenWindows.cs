using GpuGrad.Training.Data.Rows;

namespace GpuGrad.Training.Data.Texts;

/// <summary>
/// Windows of a stream of ids: a sample is T of them, with the next id at each step as the target. They overlap if they start
/// less than T apart, so they are read from the stream on request. With several streams, the text is cut into as many: their
/// first windows come first, then their second ones; so a batch of as many windows continues in each stream where the previous batch ended.
/// </summary>
/// <param name="ids">The ids.</param>
/// <param name="context">T.</param>
/// <param name="stride">Ids from the start of a window to that of the next.</param>
/// <param name="streams">Number of streams of equal length; a remainder at the end is left out. 0: no streams, all windows in order.</param>
internal sealed class TokenWindows(int[] ids, int context, int stride, int streams = 0) : ISampleRows, IPositionLabels
{
    private readonly int side = Math.Clamp(streams, 1, Math.Max(1, WindowsOf(ids, context, stride)));

    public int Count => Each * side;

    // Number of windows per stream.
    private int Each => WindowsOf(ids, context, stride) / side;

    public int Size => context;

    public bool AreBytes => false;

    public bool AreFloats => true;

    /// <summary>The stream.</summary>
    public ReadOnlySpan<int> Ids => ids;

    public void Read(int row, Span<byte> target) => throw new InvalidOperationException("Ids are no bytes.");

    public void Read(int row, Span<double> target)
    {
        ReadOnlySpan<int> window = ids.AsSpan(Begin(row), context);
        for (int i = 0; i < window.Length; i++)
            target[i] = window[i];
    }

    public void ReadLabels(int row, Span<int> labels) => ids.AsSpan(Begin(row) + 1, context).CopyTo(labels);

    private int Begin(int row) => ((row % side * Each) + (row / side)) * stride;

    private static int WindowsOf(int[] ids, int context, int stride) => ids.Length > context ? ((ids.Length - context - 1) / stride) + 1 : 0;

    public void AddCounts(long[] counts)
    {
        foreach (int id in ids)
            counts[id]++;
    }
}
