using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// Sizes of packed queries, keys and values [N, T, (Heads + 2·Groups)·Width]: at each position first the queries of all heads, then the
/// keys of all groups, then their values. Head h uses the keys and values of group h / (Heads / Groups).
/// </summary>
internal readonly record struct AttentionSizes(int N, int T, int Heads, int Groups, int Width)
{
    /// <summary>Elements per position of the packed tensor.</summary>
    public int Row => (Heads + (2 * Groups)) * Width;

    /// <summary>Elements per position of the result.</summary>
    public int OutRow => Heads * Width;

    /// <summary>Number of heads that share keys and values.</summary>
    public int Share => Heads / Groups;

    public double Scale => 1 / Math.Sqrt(Width);

    public long Query(int n, int t, int head) => ((((long)n * T) + t) * Row) + (head * Width);

    public long Key(int n, int t, int group) => Query(n, t, Heads + group);

    public long Value(int n, int t, int group) => Query(n, t, Heads + Groups + group);

    public long Out(int n, int t, int head) => ((((long)n * T) + t) * OutRow) + (head * Width);

    /// <summary>Offset of a position in a tensor [N, Heads, T].</summary>
    public long Statistic(int n, int t, int head) => ((((long)n * Heads) + head) * T) + t;

    /// <summary>Index of a weight in [N, Heads, T, T], a tensor that is never stored.</summary>
    public long Weight(int n, int head, int query, int key) => ((((((long)n * Heads) + head) * T) + query) * T) + key;

    /// <summary>Number of weights of a sample.</summary>
    public uint WeightsOfSample => checked((uint)Weight(1, 0, 0, 0));

    /// <summary>How well a key answers a query: their dot product over √D, less the slope for each step between them (<see cref="AlibiSlopes"/>).</summary>
    public double Score(ReadOnlySpan<double> query, ReadOnlySpan<double> key, double slope, int distance) => (Scale * AttentionGradient.Dot(query, key)) - (slope * Math.Abs(distance));

    public static AttentionSizes Check(TensorType qkv, int heads, int groups)
    {
        Expect.Rank(qkv, 3, "qkv", "[N, T, queries, keys and values]");
        Expect.Element(qkv, ElementType.Real, "qkv");
        Expect.That(heads > 0 && groups > 0 && heads % groups == 0, $"{heads} heads for {groups} heads of keys and values; expected a multiple.");
        int columns = qkv.Shape[2], parts = heads + (2 * groups);
        Expect.That(columns % parts == 0, $"'qkv' has shape {qkv.Shape}; its {columns} columns are not divided by {heads} heads of queries, {groups} of keys and {groups} of values.");
        return Of(qkv.Shape, heads, groups);
    }

    public static AttentionSizes Of(Shape qkv, int heads, int groups) => new(qkv[0], qkv[1], heads, groups, qkv[2] / (heads + (2 * groups)));
}
