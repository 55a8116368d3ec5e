using GpuGrad.Training.Data.Rows;

namespace GpuGrad.Training.Data.Texts;

/// <summary>
/// Windows of a stream of ids: a sample is T of them, and at each step the id that follows is to be predicted. They overlap where they begin
/// less than T apart, so they are read from the stream when they are wanted.
/// </summary>
/// <param name="ids">The stream.</param>
/// <param name="context">T</param>
/// <param name="stride">Ids from the beginning of a window to that of the next.</param>
internal sealed class TokenWindows(int[] ids, int context, int stride) : ISampleRows, IPositionLabels
{
    public int Count { get; } = ids.Length > context ? ((ids.Length - context - 1) / stride) + 1 : 0;

    public int Size => context;

    public bool AreBytes => false;

    public bool AreFloats => true;

    /// <summary>The stream.</summary>
    public ReadOnlySpan<int> Ids => ids;

    public void Read(int row, Span<byte> target) => throw new InvalidOperationException("Ids are no bytes.");

    public void Read(int row, Span<double> target)
    {
        ReadOnlySpan<int> window = ids.AsSpan(row * stride, context);
        for (int i = 0; i < window.Length; i++)
            target[i] = window[i];
    }

    public void ReadLabels(int row, Span<int> labels) => ids.AsSpan((row * stride) + 1, context).CopyTo(labels);

    public void AddCounts(long[] counts)
    {
        foreach (int id in ids)
            counts[id]++;
    }
}
