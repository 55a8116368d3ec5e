using System.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// How groups of threads traverse [N, C, Inner], each thread within one channel. The plane of a sample's channel is split into
/// pieces; a group has <c>Channels</c> channels and, of each, <c>Chunk</c> pieces: <c>Lanes</c> neighbouring values at a time from each of
/// <c>Slots</c> pieces. If the channels are the columns of a matrix, neighbouring threads have neighbouring channels.
/// </summary>
internal readonly record struct ChannelWalk(int N, int C, int Inner, int Pieces, int PieceLength, int Lanes, int Slots, int Channels, int Chunk)
{
    /// <summary>Threads per group, a power of two, as are lanes, slots and channels.</summary>
    public const int Threads = 128;

    private const int LongestPiece = 2048;
    private const int MatrixChannels = 32; // a row of 128 bytes
    private const int MostTerms = 1024; // largest number of terms that a thread sums one by one: float sums lose about √n units in the last place

    /// <summary>Number of pieces of a channel.</summary>
    public int Runs => N * Pieces;

    /// <summary>Number of threads that share a channel.</summary>
    public int Members => Lanes * Slots;

    /// <summary>Index of the calling thread's channel in its group.</summary>
    public int Local => Inner == 1 ? Group.IdxX % Channels : Group.IdxX / Members;

    /// <summary>Index of the calling thread among those of its channel.</summary>
    public int Member => Inner == 1 ? Group.IdxX / Channels : Group.IdxX % Members;

    /// <summary>The calling thread's channel, which may be out of range.</summary>
    public int Channel => (Grid.IdxX * Channels) + Local;

    /// <summary>Number of parts into which the pieces of a channel are divided, one per group.</summary>
    public static int Parts(ChannelWalk w) => (w.Runs + w.Chunk - 1) / w.Chunk;

    /// <summary>Launch configuration for the whole tensor.</summary>
    public static KernelConfig Config(ChannelWalk w) => new(new Index3D((w.C + w.Channels - 1) / w.Channels, Parts(w), 1), new Index3D(Threads, 1, 1));

    /// <param name="layout">The tensor.</param>
    /// <param name="groups">Number of groups that fills the device.</param>
    /// <param name="fewest">Smallest number of values per thread.</param>
    /// <param name="mostParts">Largest number of parts per channel.</param>
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
