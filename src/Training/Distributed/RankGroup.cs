using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Distributed;

/// <summary>A rank's part of what all of them do.</summary>
/// <param name="Rank">From 0.</param>
/// <param name="Size">How many there are.</param>
public readonly record struct RankShare(int Rank, int Size)
{
    public static RankShare Alone { get; } = new(0, 1);

    /// <summary>Where this rank's samples of a batch begin, and how many they are: as even as it goes.</summary>
    public (int Begin, int Length) Of(int count)
    {
        int begin = (int)((long)count * Rank / Size), end = (int)((long)count * (Rank + 1) / Size);
        return (begin, end - begin);
    }
}

/// <summary>
/// Makes one step of what the ranks have computed on their parts of it. The mean of their gradients, each weighed as its part of the batch, is the gradient of the
/// whole batch (Li et al., "PyTorch Distributed", 2020, without the overlap); running statistics are averaged alike, figures added up.
/// </summary>
internal sealed class RankGroup(ICollectives collectives, Model model)
{
    // Weight, loss × weight, requests to stop, samples; then the epoch's totals.
    private const int WeightAt = 0, LossAt = 1, StopAt = 2, SamplesAt = 3, TotalsAt = 4, FiguresAt = TotalsAt + (Metrics.Length / 2);

    private readonly double[] sums = new double[FiguresAt];
    private readonly float[] values = new float[model.Memory.Gradients.Length + model.Memory.Layout.StateLength];

    public int Rank => collectives.Rank;

    public int Size => collectives.Size;

    /// <summary>The mean loss over the samples of the last step, of all ranks.</summary>
    public double Loss { get; private set; }

    /// <summary>Whether any rank was asked to stop.</summary>
    public bool Stops { get; private set; }

    /// <summary>Gives every rank the state of rank 0.</summary>
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

    /// <summary>Gives every rank what rank 0 has: weights, the optimizer's memory, statistics.</summary>
    public void ShareModel()
    {
        var chunk = new byte[1 << 20];
        foreach (Kernels.Tensors.Slot slot in model.Memory.Durable)
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
        // Totals add up over the ranks: those so far lie on one.
        if (Rank > 0)
            model.ClearTotals(model.Memory.Totals);
    }

    /// <summary>Ends the backward pass of a step: every rank has the gradient of the whole batch afterwards, and the same statistics.</summary>
    /// <param name="loss">The mean loss over this rank's samples.</param>
    /// <param name="samples">How many they are.</param>
    /// <param name="stop">Whether this rank was asked to stop.</param>
    /// <param name="last">Whether the epoch ends with this step: then every rank gets its figures.</param>
    public void Combine(double loss, int samples, bool stop, bool last)
    {
        Span<double> weight = stackalloc double[1];
        model.DeviceMemory.Read(model.Memory.AccumulatedWeight!, 0, weight);
        Span<double> totals = stackalloc double[Metrics.Length];
        model.DeviceMemory.Read(model.Memory.Totals, 0, totals);
        double own = weight[0];
        (sums[WeightAt], sums[LossAt], sums[StopAt], sums[SamplesAt]) = (own, own > 0 ? loss * own : 0, stop ? 1 : 0, samples);
        for (int i = 0; i < Metrics.Length / 2; i++)
            sums[TotalsAt + i] = totals[2 * i] + totals[(2 * i) + 1];
        // The loss is a mean: it adds up times its weight.
        sums[TotalsAt + (Metrics.Loss / 2)] *= sums[TotalsAt + (Metrics.Weight / 2)];
        collectives.Sum(sums);
        Loss = sums[LossAt] / sums[WeightAt];
        Stops = sums[StopAt] > 0;
        SumModel(own / sums[WeightAt], samples / sums[SamplesAt]);
        WriteTotals(totals, last);
    }

    private void SumModel(double share, double sampleShare)
    {
        int gradients = (int)model.Memory.Gradients.Length;
        Span<float> gradient = values.AsSpan(0, gradients), state = values.AsSpan(gradients);
        model.DeviceMemory.Read(model.Memory.Accumulated!, 0, gradient);
        Scale(gradient, (float)share);
        if (state.Length > 0)
        {
            model.DeviceMemory.Read(model.Memory.State, 0, state);
            Scale(state, (float)sampleShare);
        }
        collectives.Sum(values);
        model.DeviceMemory.Write(model.Memory.Accumulated!, 0, gradient);
        if (state.Length > 0)
            model.DeviceMemory.Write(model.Memory.State, 0, state);
    }

    private static void Scale(Span<float> values, float factor)
    {
        Span<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(values);
        for (int i = 0; i < wide.Length; i++)
            wide[i] *= factor;
        for (int i = wide.Length * Vector<float>.Count; i < values.Length; i++)
            values[i] *= factor;
    }

    private void WriteTotals(Span<double> totals, bool last)
    {
        totals.Clear();
        if (Rank == 0 || last)
        {
            for (int i = 0; i < Metrics.Length / 2; i++)
            {
                double sum = sums[TotalsAt + i];
                if (i == Metrics.Loss / 2)
                    sum = sums[TotalsAt + (Metrics.Weight / 2)] > 0 ? sum / sums[TotalsAt + (Metrics.Weight / 2)] : 0;
                // Two floats hold what one would round.
                totals[2 * i] = (float)sum;
                totals[(2 * i) + 1] = sum - (float)sum;
            }
        }
        model.DeviceMemory.Post(model.Memory.Totals, totals);
    }
}
