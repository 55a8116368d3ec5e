using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// The CPU's statistics of each channel of a batch. Each plane (a channel of a sample), group of small planes, or chunk
/// of rows gives its moments, which are merged in the order of the samples, whatever the number of workers.
/// </summary>
/// <remarks>
/// Planes are processed in memory order. A worker that takes one channel through all samples and then normalises it
/// from its cache was measured at half the speed: scattered reads of 3 KB overload the prefetcher and the page tables.
/// </remarks>
internal sealed unsafe class CpuChannelStatistics(ChannelLayout layout, float* x, Action<int, Moments> finish)
{
    private const int RowChunk = 256;
    private const int FloatsOfMoments = 4; // two doubles

    /// <summary>Adds the phases that compute the statistics and then, on request, normalise.</summary>
    public void Add(CpuBinding b, ChannelNormalize? normalize = null)
    {
        if (layout.IsMatrix)
            b.Parallel(layout.ColumnBlocks, (begin, end, _) =>
            {
                for (int block = begin; block < end; block++)
                    Columns(block * ChannelLayout.ColumnBlock, normalize);
            });
        else
        {
            AddPlanes(b);
            if (normalize is ChannelNormalize pass)
                ChannelNormalize.Add(b, layout, () => pass);
        }
    }

    private void AddPlanes(CpuBinding b)
    {
        ScratchRegion scratch = b.Scratch((long)layout.SumGroups * layout.C * FloatsOfMoments);
        b.Parallel(checked(layout.SumGroups * layout.RunsOfSample), (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
            {
                int group = i / layout.RunsOfSample;
                (int First, int Count) channels = layout.ChannelsOf(i % layout.RunsOfSample);
                var kept = (double*)scratch.Pointer + (2L * (((long)group * layout.C) + channels.First));
                if (layout.SumSamples == 1)
                    OfPlanes(group, channels, kept);
                else
                    OfSamples(group * layout.SumSamples, channels, kept);
            }
        }, layout.SumSamples == 1 ? layout.RunGrain : 1);
        b.Parallel(layout.C, (begin, end, _) =>
        {
            int last = (layout.N - ((layout.SumGroups - 1) * layout.SumSamples)) * layout.Inner;
            for (int c = begin; c < end; c++)
                finish(c, Moments.OfParts((double*)scratch.Pointer + (2L * c), layout.SumGroups, 2L * layout.C, layout.SumSamples * layout.Inner, last));
        }, grain: Math.Max(1, 2048 / layout.SumGroups));
    }

    private void OfPlanes(int sample, (int First, int Count) channels, double* kept)
    {
        for (int c = 0; c < channels.Count; c++)
        {
            Moments moments = Moments.Of(x + layout.Plane(sample, channels.First + c), layout.Inner);
            (kept[2 * c], kept[(2 * c) + 1]) = (moments.Mean, moments.SumOfSquares);
        }
    }

    // Relative to the mean of the first sample's plane, with one partial sum per lane of a vector.
    private void OfSamples(int first, (int First, int Count) channels, double* kept)
    {
        int samples = Math.Min(layout.SumSamples, layout.N - first);
        float* guess = stackalloc float[ChannelLayout.MostPlanes];
        float* sums = stackalloc float[2 * ChannelLayout.MostPlanes * NormLoops.MostLanes];
        float* squares = sums + (channels.Count * NormLoops.MostLanes);
        Clear(sums, 2 * channels.Count * NormLoops.MostLanes);
        for (int c = 0; c < channels.Count; c++)
            guess[c] = Sums.Of(x + layout.Plane(first, channels.First + c), layout.Inner) / layout.Inner;
        for (int n = first; n < first + samples; n++)
            NormLoops.AddPlaneDistances(x + layout.Plane(n, channels.First), guess, channels.Count, layout.Inner, sums, squares);
        for (int c = 0; c < channels.Count; c++)
        {
            double Total(float* lanes) => Sums.Of(lanes + (c * NormLoops.MostLanes), NormLoops.MostLanes);
            Moments moments = Moments.About(guess[c], (long)samples * layout.Inner, Total(sums), Total(squares));
            (kept[2 * c], kept[(2 * c) + 1]) = (moments.Mean, moments.SumOfSquares);
        }
    }

    // Down the rows of a block of columns: each chunk of rows twice (the second time from the cache), then the next.
    private void Columns(int column, ChannelNormalize? normalize)
    {
        int count = Math.Min(ChannelLayout.ColumnBlock, layout.C - column);
        float* guess = stackalloc float[ChannelLayout.ColumnBlock], distances = stackalloc float[ChannelLayout.ColumnBlock], squares = stackalloc float[ChannelLayout.ColumnBlock];
        Span<Moments> all = stackalloc Moments[ChannelLayout.ColumnBlock];
        all.Clear();
        for (int row = 0; row < layout.N; row += RowChunk)
        {
            int rows = Math.Min(RowChunk, layout.N - row);
            Clear(guess, count);
            for (int r = 0; r < rows; r++)
                Sums.AddTo(x + layout.Plane(row + r, column), guess, count);
            for (int j = 0; j < count; j++)
                guess[j] /= rows;
            Clear(distances, count);
            Clear(squares, count);
            for (int r = 0; r < rows; r++)
                NormLoops.AddDistances(x + layout.Plane(row + r, column), guess, count, distances, squares);
            for (int j = 0; j < count; j++)
                all[j] = all[j].With(Moments.About(guess[j], rows, distances[j], squares[j]));
        }
        for (int j = 0; j < count; j++)
            finish(column + j, all[j]);
        for (int n = 0; normalize is ChannelNormalize pass && n < layout.N; n++)
            pass.Row(n, column, count);
    }

    private static void Clear(float* values, int count) => new Span<float>(values, count).Clear();
}
