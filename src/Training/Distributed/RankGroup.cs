using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Distributed;

/// <summary>A rank's share of the samples.</summary>
/// <param name="Rank">From 0.</param>
/// <param name="Size">Number of ranks.</param>
public readonly record struct RankShare(int Rank, int Size)
{
    public static RankShare Alone { get; } = new(0, 1);

    /// <summary>Start and number of this rank's samples in a batch, split as evenly as possible.</summary>
    public (int Begin, int Length) Of(int count)
    {
        int begin = (int)((long)count * Rank / Size), end = (int)((long)count * (Rank + 1) / Size);
        return (begin, end - begin);
    }

    /// <summary>Number of samples of the rank that has the most.</summary>
    public int Largest(int count) => (count + Size - 1) / Size;
}

/// <summary>
/// Combines what the ranks have computed on their parts into one step. The mean of their gradients, weighted by their parts of the batch, is the gradient of the
/// whole batch (Li et al., "PyTorch Distributed", 2020); running statistics are averaged in the same way, totals are summed.
/// </summary>
/// <param name="collectives">The ranks.</param>
/// <param name="model">The model that they train.</param>
/// <param name="overlaps">Whether gradients are summed during the backward pass. A step of several batches has its gradient only at the end, and a device that runs ahead would have to wait.</param>
internal sealed class RankGroup(ICollectives collectives, Model model, bool overlaps)
{
    // Weight, loss × weight, requests to stop, samples; then the epoch's totals.
    private const int WeightAt = 0, LossAt = 1, StopAt = 2, SamplesAt = 3, TotalsAt = 4, FiguresAt = TotalsAt + (Metrics.Length / 2);

    /// <summary>Bytes that ranks exchange in every step besides the gradient.</summary>
    public const int FigureBytes = FiguresAt * sizeof(double);

    private readonly double[] sums = new double[FiguresAt];
    private readonly Dictionary<Plan, PooledPlan> pooled = [];
    private readonly double[] weightOfBatch = new double[1];
    private float[] values = [];
    private GradientBuckets? buckets;
    private bool isPooled;

    public int Rank => collectives.Rank;

    public int Size => collectives.Size;

    /// <summary>The mean loss over the samples of the last step, of all ranks.</summary>
    public double Loss { get; private set; }

    /// <summary>Whether any rank was asked to stop.</summary>
    public bool Stops { get; private set; }

    /// <summary>Sends the state of rank 0 to every rank.</summary>
    public RunState Share(RunState state)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(state, StorageJson.Default.RunState);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, json.Length);
        collectives.Broadcast(length);
        Array.Resize(ref json, BinaryPrimitives.ReadInt32LittleEndian(length));
        collectives.Broadcast(json);
        return Rank == 0 ? state : JsonSerializer.Deserialize(json, StorageJson.Default.RunState)!;
    }

    /// <summary>Sends the model of rank 0 to every rank: weights, optimizer state, statistics.</summary>
    public void ShareModel()
    {
        var chunk = new byte[1 << 20];
        foreach (Slot slot in model.Memory.Durable)
        {
            Kernels.Devices.DeviceBuffer buffer = model.DeviceMemory[slot];
            for (long offset = 0; offset < buffer.Bytes; offset += chunk.Length)
            {
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, buffer.Bytes - offset));
                buffer.Read(offset, part);
                collectives.Broadcast(part);
                buffer.Write(offset, part);
            }
        }
        // Totals are summed over the ranks, so the earlier ones must be on one rank only.
        if (Rank > 0)
            model.ClearTotals(model.Memory.Totals);
    }

    /// <summary>Computes this rank's part of a batch, forward and backward.</summary>
    /// <param name="part">The graph for this rank's number of samples; any graph if it has none.</param>
    /// <param name="size">Number of this rank's samples.</param>
    /// <param name="whole">Number of samples of all ranks.</param>
    /// <param name="before">The loss of the step's earlier batches.</param>
    public StepLoss Run(BoundGraph part, int size, int whole, StepLoss before)
    {
        if (part.Graph.IsPooled)
            RunPooled(part, size, whole);
        else if (overlaps)
            (buckets ??= new GradientBuckets(collectives, model)).Run(part, size == 0);
        else if (size > 0)
            part.Plan.Run(Phase.Batch, Phase.Backward);
        return size > 0 ? before.With(part) : before;
    }

    /// <summary>Ends the backward pass of a step: afterwards every rank has the gradient of the whole batch, and the same statistics.</summary>
    /// <param name="loss">The mean loss over this rank's samples, with their weight.</param>
    /// <param name="samples">Number of those samples.</param>
    /// <param name="stop">Whether this rank was asked to stop.</param>
    /// <param name="last">Whether the epoch ends with this step: then every rank gets its totals.</param>
    public void Combine(StepLoss loss, int samples, bool stop, bool last)
    {
        (sums[WeightAt], sums[LossAt], sums[StopAt], sums[SamplesAt]) = (loss.Weight, loss.Weight > 0 ? loss.Mean * loss.Weight : 0, stop ? 1 : 0, samples);
        ReadTotals(model.Memory.Totals, sums.AsSpan(TotalsAt));
        collectives.Sum(sums);
        Loss = sums[LossAt] / sums[WeightAt];
        Stops = sums[StopAt] > 0;
        buckets?.Finish(sums[WeightAt]);
        SumModel(isPooled ? 1 : loss.Weight / sums[WeightAt], samples / sums[SamplesAt]);
        WriteTotals(model.Memory.Totals, sums.AsSpan(TotalsAt), isMine: Rank == 0 || last);
    }

    /// <summary>
    /// Loss and accuracy over the samples of a source, each batch computed by one of the ranks. The batches, and so the outputs, are those of a single process.
    /// </summary>
    /// <param name="source">The samples.</param>
    /// <param name="batchSize">The batch size that was prepared.</param>
    /// <param name="take">Receives the outputs of all samples in order, [n, D] at a time; null if they are not needed.</param>
    public EpochFigures Evaluate(BatchSource source, int batchSize, Action<ReadOnlySpan<float>>? take)
    {
        int size = model.Network.Output.Count;
        float[] outputs = take is null ? [] : new float[checked((int)Math.Min((long)batchSize * Size, source.Count) * size)];
        model.ClearTotals(model.Memory.EvaluationTotals);
        for (long first = 0; first < source.Count; first += (long)batchSize * Size)
        {
            long begin = first + ((long)Rank * batchSize);
            int own = (int)Math.Clamp(source.Count - begin, 0, batchSize), all = (int)Math.Min((long)batchSize * Size, source.Count - first);
            BoundGraph? batch = own > 0 ? model.Evaluate(source, (int)begin, own) : null;
            if (take is null)
                continue;
            // Each rank has its range, where the others have zeros: the sum concatenates them.
            Array.Clear(outputs);
            batch?.Plan.Read(batch.Graph.Output, outputs.AsSpan(Rank * batchSize * size, own * size));
            collectives.Sum(outputs.AsSpan(0, all * size));
            take(outputs.AsSpan(0, all * size));
        }
        Span<double> figures = stackalloc double[Metrics.Length / 2];
        ReadTotals(model.Memory.EvaluationTotals, figures);
        collectives.Sum(figures);
        WriteTotals(model.Memory.EvaluationTotals, figures, isMine: true);
        return model.ReadTotals(model.Memory.EvaluationTotals);
    }

    private void ReadTotals(Slot slot, Span<double> figures)
    {
        Span<double> totals = stackalloc double[Metrics.Length];
        model.Synchronize();
        model.DeviceMemory.Read(slot, 0, totals);
        for (int i = 0; i < figures.Length; i++)
            figures[i] = totals[2 * i] + totals[(2 * i) + 1];
        // The loss is a mean: it is summed times its weight.
        figures[Metrics.Loss / 2] *= figures[Metrics.Weight / 2];
    }

    private void RunPooled(BoundGraph part, int size, int whole)
    {
        isPooled = true;
        bool isEmpty = size == 0;
        if (!pooled.TryGetValue(part.Plan, out PooledPlan? plan))
            pooled[part.Plan] = plan = new PooledPlan(collectives, part.Plan);
        plan.Run(Phase.Batch, Phase.Forward, isEmpty);
        double own = isEmpty ? 0 : part.Weight, all = whole;
        if (part.Graph.LossWeight is not null)
        {
            weightOfBatch[0] = own;
            collectives.Sum(weightOfBatch);
            all = weightOfBatch[0];
        }
        model.DeviceMemory.Post(model.Memory.Share!, [all > 0 ? own / all : 0, all]);
        plan.Run(Phase.Backward, Phase.Backward, isEmpty);
        if (isEmpty)
            AccumulateNothing(all);
    }

    // The effect of AccumulateMean for a batch whose gradient is 0.
    private void AccumulateNothing(double weight)
    {
        Span<double> before = stackalloc double[1];
        model.DeviceMemory.Read(model.Memory.AccumulatedWeight!, 0, before);
        double all = before[0] + weight;
        if (before[0] > 0 && weight > 0)
        {
            Span<float> gradient = Room((int)model.Memory.Gradients.Length);
            model.DeviceMemory.Read(model.Memory.Accumulated!, 0, gradient);
            Scale(gradient, (float)(before[0] / all));
            model.DeviceMemory.Write(model.Memory.Accumulated!, 0, gradient);
        }
        model.DeviceMemory.Write(model.Memory.AccumulatedWeight!, 0, [all]);
    }

    private void SumModel(double share, double sampleShare)
    {
        int gradients = buckets is null ? (int)model.Memory.Gradients.Length : 0, states = (int)model.Memory.Layout.StateLength;
        if (gradients + states == 0 || TrySumOnDevices(gradients, states, share, sampleShare))
            return;
        Span<float> all = Room(gradients + states), gradient = all[..gradients], state = all[gradients..];
        if (gradients > 0)
        {
            model.DeviceMemory.Read(model.Memory.Accumulated!, 0, gradient);
            Scale(gradient, (float)share);
        }
        if (state.Length > 0)
        {
            model.DeviceMemory.Read(model.Memory.State, 0, state);
            Scale(state, (float)sampleShare);
        }
        collectives.Sum(all);
        if (gradients > 0)
            model.DeviceMemory.Write(model.Memory.Accumulated!, 0, gradient);
        if (state.Length > 0)
            model.DeviceMemory.Write(model.Memory.State, 0, state);
    }

    private bool TrySumOnDevices(int gradients, int states, double share, double sampleShare) =>
        (gradients == 0 || collectives.TrySum(model.DeviceMemory[model.Memory.Accumulated!], gradients, share))
        && (states == 0 || collectives.TrySum(model.DeviceMemory[model.Memory.State], states, sampleShare));

    private Span<float> Room(int length)
    {
        if (values.Length < length)
            values = new float[length];
        return values.AsSpan(0, length);
    }

    internal static void Scale(Span<float> values, float factor)
    {
        Span<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(values);
        for (int i = 0; i < wide.Length; i++)
            wide[i] *= factor;
        for (int i = wide.Length * Vector<float>.Count; i < values.Length; i++)
            values[i] *= factor;
    }

    // Totals that all ranks have are kept by only one while they are still summed.
    private void WriteTotals(Slot slot, ReadOnlySpan<double> figures, bool isMine)
    {
        Span<double> totals = stackalloc double[Metrics.Length];
        totals.Clear();
        for (int i = 0; isMine && i < figures.Length; i++)
        {
            double sum = figures[i];
            if (i == Metrics.Loss / 2)
                sum = figures[Metrics.Weight / 2] > 0 ? sum / figures[Metrics.Weight / 2] : 0;
            // Two floats hold what one would round.
            totals[2 * i] = (float)sum;
            totals[(2 * i) + 1] = sum - (float)sum;
        }
        model.DeviceMemory.Post(slot, totals);
    }
}
