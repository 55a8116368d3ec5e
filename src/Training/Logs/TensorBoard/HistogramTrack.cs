namespace GpuGrad.Training.Logs.TensorBoard;

/// <summary>The histograms of one tag: all of them while they are few, then every second, every fourth …, and the newest.</summary>
internal sealed class HistogramTrack
{
    private const int Most = 32;

    private readonly List<LoggedHistogram> kept = [];
    private int stride = 1, seen;

    public IReadOnlyList<LoggedHistogram> Kept => kept;

    public void Add(LoggedHistogram histogram)
    {
        // The one before was there because it was the newest.
        if (seen > 0 && (seen - 1) % stride != 0)
            kept.RemoveAt(kept.Count - 1);
        kept.Add(histogram);
        seen++;
        if (kept.Count <= Most)
            return;
        stride *= 2;
        for (int i = kept.Count - 2; i > 0; i -= 2)
            kept.RemoveAt(i);
    }

    /// <summary>Drops the histograms of a step and later ones: the run was resumed from a checkpoint before it.</summary>
    public void Forget(long from)
    {
        kept.RemoveAll(h => h.Step >= from);
        seen = kept.Count == 0 ? 0 : ((kept.Count - 1) * stride) + 1;
    }
}
