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

/// <summary>A head of attention over some samples.</summary>
/// <param name="Index">Which head of its layer, from 0.</param>
/// <param name="Entropy">Mean over the steps of the entropy of their weights, as a share of that of equal weights: 0 looks at one step, 1 at all alike. NaN where no step sees more than itself.</param>
/// <param name="Share">Root mean square of what the head adds to the layer's output, through its columns of the last projection, as a share of that of the strongest head.</param>
public sealed record AttentionHead(int Index, double Entropy, double Share)
{
    /// <summary>Above this entropy a head looks at all steps alike.</summary>
    public const double UniformFrom = 0.99;

    /// <summary>Below this share a head gives nothing.</summary>
    public const double DeadBelow = 1e-3;

    public bool IsUniform => Entropy > UniformFrom;

    public bool IsDead => !(Share >= DeadBelow);
}

/// <summary>What the heads of a layer with attention do.</summary>
/// <param name="Layer">Path of the layer.</param>
/// <param name="Samples">Over how many samples the figures of the heads are.</param>
/// <param name="Heads">Its heads.</param>
/// <param name="Maps">Of each head the weights in the first sample, [query, key].</param>
public sealed record AttentionReading(string Layer, int Samples, IReadOnlyList<AttentionHead> Heads, IReadOnlyList<double[,]> Maps)
{
    private const int MostSamples = 32;

    // Weights of a head that are looked at: what is quick on one core.
    private const long MostWeights = 1 << 21;

    /// <summary>Looks at a trained network's attention over the first samples of a set.</summary>
    /// <returns>A reading a layer, in network order; none where the network has no attention.</returns>
    public static IReadOnlyList<AttentionReading> Of(TrainedModel trained, SampleSet samples, Device device)
    {
        Network network = trained.Network;
        long steps = network.AllLayers.OfType<AttentionLayer>().Select(l => (long)l.Input[0]).DefaultIfEmpty(0).Max();
        if (steps == 0)
            return [];
        int count = (int)Math.Clamp(MostWeights / (steps * steps), 1, Math.Min(MostSamples, samples.Count));
        SampleSet part = samples.Pick([.. Enumerable.Range(0, count)]);
        using var model = new Model(trained.Config.Config, network, device);
        trained.Load(model);
        var source = new BatchSource("batch", part, trained.Card.Normalization);
        source.Upload(model.DeviceMemory);
        model.Prepare(null, [source], count, new PlanOptions { Fuse = false, Reuse = false });
        return Of(model, model.Evaluate(source, 0, count).Plan);
    }

    /// <summary>Reads what a plan that keeps all tensors has just computed.</summary>
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

    // ‖W·y‖ over all real steps, W the head's columns of the projection [F, Heads·D].
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
