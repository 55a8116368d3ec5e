using System.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// How groups of threads walk over [N, C, Inner], each thread in one channel. The plane of a channel of a sample is cut into
/// pieces; a group has <c>Channels</c> channels and, of each, <c>Chunk</c> pieces: <c>Lanes</c> neighbours at a time of each of
/// <c>Slots</c> pieces. Where the channels are the columns of a matrix, neighbouring threads have neighbouring channels.
/// </summary>
internal readonly record struct ChannelWalk(int N, int C, int Inner, int Pieces, int PieceLength, int Lanes, int Slots, int Channels, int Chunk)
{
    /// <summary>Threads of a group, a power of two, as are lanes, slots and channels.</summary>
    public const int Threads = 128;

    private const int LongestPiece = 2048;
    private const int MatrixChannels = 32; // a row of 128 bytes
    private const int MostTerms = 1024; // that a thread may add up one by one: float sums lose about √n units in the last place

    /// <summary>Pieces of a channel.</summary>
    public int Runs => N * Pieces;

    /// <summary>Threads that share a channel.</summary>
    public int Members => Lanes * Slots;

    /// <summary>The calling thread's channel among those of its group.</summary>
    public int Local => Inner == 1 ? Group.IdxX % Channels : Group.IdxX / Members;

    /// <summary>The calling thread's place among those of its channel.</summary>
    public int Member => Inner == 1 ? Group.IdxX / Channels : Group.IdxX % Members;

    /// <summary>The calling thread's channel; there may be none with that number.</summary>
    public int Channel => (Grid.IdxX * Channels) + Local;

    /// <summary>Parts that the pieces of a channel fall into, one a group.</summary>
    public static int Parts(ChannelWalk w) => (w.Runs + w.Chunk - 1) / w.Chunk;

    /// <summary>A launch over everything.</summary>
    public static KernelConfig Config(ChannelWalk w) => new(new Index3D((w.C + w.Channels - 1) / w.Channels, Parts(w), 1), new Index3D(Threads, 1, 1));

    /// <param name="layout">What to walk over.</param>
    /// <param name="groups">As many groups as would fill the device.</param>
    /// <param name="fewest">Values that a thread should get at least.</param>
    /// <param name="mostParts">Parts that a channel may be cut into.</param>
    public static ChannelWalk Of(ChannelLayout layout, int groups, int fewest, int mostParts)
    {
        int pieces = (layout.Inner + LongestPiece - 1) / LongestPiece, length = (layout.Inner + pieces - 1) / pieces;
        int runs = checked(layout.N * pieces);
        int lanes = Math.Min(PowerOfTwo(length), Threads);
        int neighbours = layout.IsMatrix ? Math.Min(PowerOfTwo(layout.C), MatrixChannels) : 1;
        int slots = Math.Min(PowerOfTwo(runs), Threads / lanes / neighbours);
        int channels = Threads / lanes / slots;

        int rounds = (runs + slots - 1) / slots, terms = rounds * ((length + lanes - 1) / lanes);
        int wanted = Math.Max(groups / ((layout.C + channels - 1) / channels), (terms + MostTerms - 1) / MostTerms);
        int parts = Math.Clamp(Math.Min(wanted, terms / fewest), 1, Math.Min(mostParts, rounds));
        return new ChannelWalk(layout.N, layout.C, layout.Inner, pieces, length, lanes, slots, channels, (rounds + parts - 1) / parts * slots);
    }

    private static int PowerOfTwo(int atLeast) => checked((int)BitOperations.RoundUpToPowerOf2((uint)atLeast));
}
