using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>The weights of an <see cref="Attention"/>, which the op itself never stores: recomputed in double, to inspect a few samples.</summary>
/// <param name="op">The op.</param>
/// <param name="shape">Shape of its input, [N, T, (Heads + 2·Groups)·D].</param>
/// <param name="qkv">Queries, keys and values.</param>
/// <param name="lengths">The real steps of each sequence, [N]; null if all are real.</param>
public sealed class AttentionWeights(Attention op, Shape shape, double[] qkv, int[]? lengths)
{
    private readonly double[] slopes = op.Slopes();
    private readonly AttentionSizes sizes = AttentionSizes.Of(shape, op.Heads, op.Groups);

    public int Samples => sizes.N;

    public int Heads => sizes.Heads;

    /// <summary>Width of a head.</summary>
    public int Width => sizes.Width;

    /// <summary>Number of real steps of a sequence.</summary>
    public int Length(int sample) => lengths is null ? sizes.T : Math.Clamp(lengths[sample], 1, sizes.T);

    /// <summary>Offset of a head's output for a step in the op's result [N, T, Heads·D].</summary>
    public long ResultOf(int sample, int head, int step) => sizes.Out(sample, step, head);

    /// <summary>The weights of a query on each step that it attends to, from the first; they sum to 1.</summary>
    public double[] Row(int sample, int head, int step)
    {
        var row = new double[op.Causal ? step + 1 : Length(sample)];
        ReadOnlySpan<double> query = Part(sizes.Query(sample, step, head));
        for (int key = 0; key < row.Length; key++)
            row[key] = sizes.Score(query, Part(sizes.Key(sample, key, head / sizes.Share)), slopes[head], step - key);
        double max = row.Max(), sum = 0;
        for (int key = 0; key < row.Length; key++)
            sum += row[key] = Math.Exp(row[key] - max);
        for (int key = 0; key < row.Length; key++)
            row[key] /= sum;
        return row;
    }

    /// <summary>The rows of all real steps: [query, key], 0 where a query does not attend.</summary>
    public double[,] Map(int sample, int head)
    {
        int length = Length(sample);
        var map = new double[length, length];
        for (int step = 0; step < length; step++)
        {
            foreach ((int key, double weight) in Row(sample, head, step).Index())
                map[step, key] = weight;
        }
        return map;
    }

    private ReadOnlySpan<double> Part(long begin) => qkv.AsSpan((int)begin, sizes.Width);
}
