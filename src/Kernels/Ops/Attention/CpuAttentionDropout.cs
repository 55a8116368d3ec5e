using GpuGrad.Kernels.Ops.Dropout;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>A block of scores: consecutive queries of a head against consecutive keys.</summary>
internal readonly record struct ScoreBlock(int N, int Head, int Query, int Key, int Keys)
{
    /// <summary>Query i of the block has the position of key i + Ahead.</summary>
    public int Ahead => Query - Key;
}

/// <summary>Dropout of attention weights: of weights [N, Heads, T, T] those that <see cref="DropoutMask"/> does not keep become 0, the others are divided by 1 - rate.</summary>
internal sealed unsafe class CpuAttentionDropout(AttentionSizes s, int* rng, uint stream, double rate)
{
    /// <summary>Size of a buffer for the mask of a block's row.</summary>
    public const int Room = AttentionTile.Block + 16;

    private readonly float factor = (float)(1 / (1 - rate));

    /// <summary>All ones for each kept weight of a row, else 0.</summary>
    /// <param name="block">The block.</param>
    /// <param name="row">Its query.</param>
    /// <param name="count">Number of keys, at most a block's.</param>
    /// <param name="room">A buffer of <see cref="Room"/> numbers, into which the result points.</param>
    public int* Kept(ScoreBlock block, int row, int count, int* room)
    {
        var mask = new DropoutMask(new ReadOnlySpan<int>(rng, DropoutMask.RngLength), stream, rate, s.WeightsOfSample);
        long first = s.Weight(block.N, block.Head, block.Query + row, block.Key);
        int skip = mask.Skip(first);
        for (int i = 0; i < skip + count; i += 8)
            System.Runtime.Intrinsics.Vector256.Store(mask.KeepsEight(first - skip + i), room + i);
        return room + skip;
    }

    /// <summary>x = x / (1 - rate) if it is kept, else 0.</summary>
    public void Apply(int* kept, float* x, int count)
    {
        for (int i = 0; i < count; i++)
            x[i] = kept[i] != 0 ? x[i] * factor : 0;
    }
}
