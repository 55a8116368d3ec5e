using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// GPU passes over channels: two sums per channel, and a function of each value and its channel's statistics. All
/// norms and their gradients are built from these; the order of summation depends only on the sizes.
/// </summary>
internal static class ChannelKernels
{
    /// <summary>Sums over a part of each channel.</summary>
    public static void Sum<T, R>(T terms, R result, ChannelWalk walk) where T : struct, ITerms where R : struct, ISums
    {
        ArrayView<float> first = SharedMemory.Allocate<float>(ChannelWalk.Threads), second = SharedMemory.Allocate<float>(ChannelWalk.Threads);
        AddUp(first, second, terms, result, walk);
    }

    /// <summary>Adds up the parts of the sums, one thread per channel.</summary>
    public static void AddParts<R>(Index1D channel, ArrayView<float> parts, R result, int count, int channels) where R : struct, ISums
    {
        float first = 0f, second = 0f;
        for (int part = 0; part < count; part++)
        {
            first += parts[((1 + (2 * part)) * channels) + channel];
            second += parts[((2 + (2 * part)) * channels) + channel];
        }
        result.Store(0, channel, parts[channel], first, second);
    }

    /// <summary>Maps each value.</summary>
    public static void Map<E>(E each, ChannelWalk walk) where E : struct, IEach => MapAll(each, walk);

    /// <summary>Both at once if a group has whole channels: the group itself reads the sums again.</summary>
    public static void SumAndMap<T, R, E>(T terms, R result, E each, ChannelWalk walk) where T : struct, ITerms where R : struct, ISums where E : struct, IEach
    {
        ArrayView<float> first = SharedMemory.Allocate<float>(ChannelWalk.Threads), second = SharedMemory.Allocate<float>(ChannelWalk.Threads);
        AddUp(first, second, terms, result, walk);
        Group.Barrier();
        MapAll(each, walk);
    }

    private static void AddUp<T, R>(ArrayView<float> first, ArrayView<float> second, T terms, R result, ChannelWalk walk) where T : struct, ITerms where R : struct, ISums
    {
        int local = walk.Local, member = walk.Member, lane = member % walk.Lanes, slot = member / walk.Lanes, c = walk.Channel, part = Grid.IdxY;
        float center = 0f;
        if (T.Guesses)
        {
            // The mean of the channel's first values, whichever part of it this is: close enough to the channel's mean.
            int at = slot % walk.Pieces * walk.PieceLength + lane;
            bool isThere = c < walk.C && slot < walk.Runs && lane < walk.PieceLength && at < walk.Inner;
            float value = isThere ? terms.Value((((slot / walk.Pieces * walk.C) + c) * walk.Inner) + at) : 0f;
            Reduce(first, second, value, isThere ? 1f : 0f, local, member, walk);
            center = first[local] / Math.Max(second[local], 1f);
            Group.Barrier();
        }
        float sum0 = 0f, sum1 = 0f;
        if (c < walk.C)
        {
            if (!T.Guesses)
                center = terms.Center(c);
            int end = Math.Min((part + 1) * walk.Chunk, walk.Runs);
            for (int run = (part * walk.Chunk) + slot; run < end; run += walk.Slots)
            {
                int n = run / walk.Pieces, from = run % walk.Pieces * walk.PieceLength, to = Math.Min(from + walk.PieceLength, walk.Inner);
                int plane = ((n * walk.C) + c) * walk.Inner;
                float run0 = 0f, run1 = 0f;
                for (int i = from + lane; i < to; i += walk.Lanes)
                {
                    Pair terms2 = terms.Of(n, c, i, plane + i, center);
                    run0 += terms2.First;
                    run1 += terms2.Second;
                }
                sum0 += run0;
                sum1 += run1;
            }
        }
        Reduce(first, second, sum0, sum1, local, member, walk);
        if (member == 0 && c < walk.C)
            result.Store(part, c, center, first[local], second[local]);
    }

    // Leaves a channel's sums over its members at its index.
    private static void Reduce(ArrayView<float> first, ArrayView<float> second, float value0, float value1, int local, int member, ChannelWalk walk)
    {
        int at = (member * walk.Channels) + local;
        first[at] = value0;
        second[at] = value1;
        Group.Barrier();
        for (int width = walk.Members / 2; width > 0; width /= 2)
        {
            if (member < width)
            {
                first[at] += first[at + (width * walk.Channels)];
                second[at] += second[at + (width * walk.Channels)];
            }
            Group.Barrier();
        }
    }

    private static void MapAll<E>(E each, ChannelWalk walk) where E : struct, IEach
    {
        int c = walk.Channel, lane = walk.Member % walk.Lanes, slot = walk.Member / walk.Lanes;
        if (c >= walk.C)
            return;
        Coefficients known = each.Of(c);
        int end = Math.Min((Grid.IdxY + 1) * walk.Chunk, walk.Runs);
        for (int run = (Grid.IdxY * walk.Chunk) + slot; run < end; run += walk.Slots)
        {
            int n = run / walk.Pieces, from = run % walk.Pieces * walk.PieceLength, to = Math.Min(from + walk.PieceLength, walk.Inner);
            int plane = ((n * walk.C) + c) * walk.Inner;
            for (int i = from + lane; i < to; i += walk.Lanes)
                each.Apply(known, c, i, plane + i);
        }
    }
}
