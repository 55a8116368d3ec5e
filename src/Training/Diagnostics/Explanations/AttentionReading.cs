using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Plans;
using GpuGrad.Training.Data;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Diagnostics.Explanations;

/// <summary>Statistics of an attention head over some samples.</summary>
/// <param name="Index">Index of the head in its layer.</param>
/// <param name="Entropy">Mean entropy of the weights over the steps, relative to that of equal weights: 0 attends to one step, 1 to all equally. NaN if no step attends to more than itself.</param>
/// <param name="Share">Root mean square of the head's contribution to the layer's output, through its columns of the last projection, relative to that of the strongest head.</param>
public sealed record AttentionHead(int Index, double Entropy, double Share)
{
    /// <summary>Entropy from which a head attends to all steps equally.</summary>
    public const double UniformFrom = 0.99;

    /// <summary>Share below which a head contributes nothing.</summary>
    public const double DeadBelow = 1e-3;

    public bool IsUniform => Entropy > UniformFrom;

    public bool IsDead => !(Share >= DeadBelow);
}

/// <summary>Statistics of the heads of an attention layer.</summary>
/// <param name="Layer">Path of the layer.</param>
/// <param name="Samples">Number of samples in the statistics.</param>
/// <param name="Heads">Its heads.</param>
/// <param name="Maps">For each head the weights in the first sample, [query, key].</param>
public sealed record AttentionReading(string Layer, int Samples, IReadOnlyList<AttentionHead> Heads, IReadOnlyList<double[,]> Maps)
{
    private const int MostSamples = 32;

    // Number of weights examined per head: what one core does quickly.
    private const long MostWeights = 1 << 21;

    /// <summary>Examines a trained network's attention on the first samples of a set.</summary>
    /// <returns>One reading per layer, in network order; empty if the network has no attention.</returns>
    public static IReadOnlyList<AttentionReading> Of(TrainedModel trained, SampleSet samples, Device device)
    {
        Network network = trained.Network;
        long steps = network.AllLayers.OfType<AttentionLayer>().Select(l => (long)l.Input[0]).DefaultIfEmpty(0).Max();
        if (steps == 0)
            return [];
        int count = (int)Math.Clamp(MostWeights / (steps * steps), 1, Math.Min(MostSamples, samples.Count));
        SampleSet part = samples.Pick([.. Enumerable.Range(0, count)]);
        using var model = new Model(trained.Config, network, device);
        trained.Load(model);
        var source = new BatchSource("batch", part, trained.Card.Normalization);
        source.Upload(model.DeviceMemory);
        model.Prepare(null, [source], count, new PlanOptions { Fuse = false, Reuse = false });
        return Of(model, model.Evaluate(source, 0, count).Plan);
    }

    /// <summary>Reads the values just computed by a plan that keeps all tensors.</summary>
    internal static IReadOnlyList<AttentionReading> Of(Model model, Plan plan) =>
        [.. plan.Nodes.Where(n => n.Op is Attention).Select(n => Of(n, plan, model.Read(model.Network.Parameters.Single(p => p.Name == $"{n.Scope}.out_proj.weight"))))];

    private static AttentionReading Of(Node node, Plan plan, double[] projection)
    {
        var op = (Attention)node.Op;
        int[]? lengths = null;
        if (op.Padded)
            plan.Read(node.Inputs[1], lengths = new int[node.Inputs[1].Shape.Count]);
        var weights = new AttentionWeights(op, node.Inputs[0].Shape, plan.Read(node.Inputs[0]), lengths);
        double[] result = plan.Read(node.Outputs[0]);
        double[] sizes = [.. Enumerable.Range(0, op.Heads).Select(h => SizeOf(weights, h, result, projection))];
        double largest = sizes.Max();
        return new AttentionReading(
            node.Scope, weights.Samples,
            [.. sizes.Select((size, head) => new AttentionHead(head, EntropyOf(weights, head), largest > 0 ? size / largest : 0))],
            [.. Enumerable.Range(0, op.Heads).Select(h => weights.Map(0, h))]);
    }

    private static double EntropyOf(AttentionWeights weights, int head)
    {
        double sum = 0;
        int rows = 0;
        for (int n = 0; n < weights.Samples; n++)
        {
            for (int t = 0; t < weights.Length(n); t++)
            {
                double[] row = weights.Row(n, head, t);
                if (row.Length < 2)
                    continue;
                sum -= row.Sum(p => p > 0 ? p * Math.Log(p) : 0) / Math.Log(row.Length);
                rows++;
            }
        }
        return rows > 0 ? sum / rows : double.NaN;
    }

    // ‖W·y‖ over all real steps, where W is the head's columns of the projection [F, Heads·D].
    private static double SizeOf(AttentionWeights weights, int head, double[] result, double[] projection)
    {
        int width = weights.Width, row = weights.Heads * width;
        double sum = 0;
        for (int n = 0; n < weights.Samples; n++)
        {
            for (int t = 0; t < weights.Length(n); t++)
            {
                ReadOnlySpan<double> y = result.AsSpan((int)weights.ResultOf(n, head, t), width);
                for (int column = head * width; column < projection.Length; column += row)
                {
                    double dot = 0;
                    for (int i = 0; i < width; i++)
                        dot += projection[column + i] * y[i];
                    sum += dot * dot;
                }
            }
        }
        return Math.Sqrt(sum);
    }
}
