using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Training.Steps;

/// <summary>A network on a device: its parameters in device memory, and a plan per batch size.</summary>
public sealed class Model : IDisposable
{
    private const int LargestPiece = 1 << 20;

    private readonly RunConfig config;
    private readonly RankShare share;
    private readonly ModelPlans plans;

    /// <param name="config">The experiment.</param>
    /// <param name="network">The experiment's network.</param>
    /// <param name="device">The device; not disposed by the model.</param>
    /// <param name="share">This process's part of each training batch if other ranks have the rest.</param>
    public Model(RunConfig config, Network network, Device device, RankShare? share = null)
    {
        this.config = config;
        Network = network;
        this.share = share ?? RankShare.Alone;
        Memory = new ModelMemory(Counted(ParameterGroups.Layout(config, network), network), config.Train, ofRanks: this.share.Size > 1);
        DeviceMemory = new DeviceMemory(device);
        plans = new ModelPlans(config, this, new ModelGraphs(config, network, Memory), this.share);
    }

    public Network Network { get; }

    public ModelMemory Memory { get; }

    public DeviceMemory DeviceMemory { get; }

    public Device Device => DeviceMemory.Device;

    /// <summary>Expected resident memory of this process while it trains the model, in bytes; set by <see cref="Load"/>.</summary>
    public long ExpectedResident { get; private set; }

    /// <summary>The tensors that a watched step measures.</summary>
    public HealthProbe Probe => field ??= new HealthProbe(Network, Memory.Layout);

    /// <summary>Result of <c>init-from</c>; null without one.</summary>
    public WeightTransfer? Transfer { get; private set; }

    /// <summary>Initialises every parameter with its initialiser and the seed, then overwrites those that <c>init-from</c> has values for.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="training">The training samples, used by <c>whiten</c>; null if there are none.</param>
    public void Initialise(ulong seed, BatchSource? training = null)
    {
        foreach (Parameter parameter in Network.Parameters)
            Write(parameter, Network.InitialValues(parameter, seed, training));
        if (config.InitFrom is InitFromConfig from)
            Transfer = WeightTransfer.Apply(from, this);
    }

    /// <summary>Initialises the parameters, copies samples to the device and makes the plans.</summary>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Memory"/>: names the largest buffers and a batch size that would fit. Nothing stays allocated.
    /// </exception>
    public void Load(ulong seed, BatchSource training, IReadOnlyList<BatchSource> evaluated, int batchSize) =>
        ExpectedResident = new ModelLoading(config, this, plans, share).Load(seed, training, evaluated, batchSize);

    internal OutOfDeviceMemoryException? TryLoad(ulong seed, BatchSource training, IReadOnlyList<BatchSource> evaluated, int batchSize) =>
        new ModelLoading(config, this, plans, share).TryLoad(seed, training, evaluated, batchSize).Lack;

    /// <summary>
    /// Makes the plans for a training source and for evaluating others, all before the first step: they share one arena
    /// of the size of the largest.
    /// </summary>
    /// <param name="training">The samples to train on; null for none.</param>
    /// <param name="evaluated">The samples to evaluate.</param>
    /// <param name="batchSize">Batch size; the last batch of an epoch may be smaller.</param>
    /// <param name="options">How graphs are compiled to plans.</param>
    /// <param name="watch">Whether some training steps are watched: this makes a second plan for whole batches.</param>
    /// <param name="inputGradient">Whether training steps also compute the gradients with respect to the samples and the layers' outputs.</param>
    public void Prepare(
        BatchSource? training, IReadOnlyList<BatchSource> evaluated, int batchSize, PlanOptions? options = null, bool watch = false, bool inputGradient = false)
    {
        plans.Bind(plans.Layouts(training, evaluated, batchSize, options, watch, inputGradient));
    }

    /// <summary>Adds an inference-only plan, after <see cref="Prepare"/>.</summary>
    /// <param name="source">A source that was prepared.</param>
    /// <param name="batchSize">Batch size, at most the number of samples in the source.</param>
    /// <returns>Null if it would need more memory than the prepared plans.</returns>
    public BoundGraph? AddInference(BatchSource source, int batchSize) => plans.AddInference(source, batchSize);

    /// <summary>Makes a plan that takes a sequence step by step, instead of <see cref="Prepare"/>; layers carry their state from step to step.</summary>
    /// <param name="source">A source with one step.</param>
    /// <param name="most">Largest number of steps in a sequence.</param>
    public BoundGraph PrepareStep(BatchSource source, int most)
    {
        plans.Bind([plans.StepLayout(source, most)]);
        return Evaluation(source, 1);
    }

    /// <summary>The training step for the given batch size.</summary>
    public BoundGraph Training(int batchSize) => plans.Of(PlanKey.Training(batchSize));

    /// <summary>The training step for whole batches that also fills <see cref="Probe"/>'s slot; null if none was prepared.</summary>
    public BoundGraph? Watched => plans.Find(PlanKey.Watched);

    /// <summary>The evaluation of a source's samples for a batch size.</summary>
    public BoundGraph Evaluation(BatchSource source, int batchSize) => plans.Of(PlanKey.Evaluation(source, batchSize));

    /// <summary>Sets the values that change from step to step.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="batch">Number of batches done before.</param>
    /// <param name="cursor">Number of samples of the epoch before this batch.</param>
    /// <param name="step">Number of optimizer steps done before.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="before">Number of samples of the whole batch that other ranks have before this part.</param>
    public void SetStep(ulong seed, long batch, int cursor, long step, double rate, int before = 0)
    {
        (int height, int width) = Network.Input.Rank == 3 ? (Network.Input[1], Network.Input[2]) : (1, 1);
        SetClock(seed, batch, cursor, config.Data.Augmentation?.Mixing?.Draw(seed, batch, height, width), before);
        (double first, double second) = config.Train.Optimizer.Corrections(step + 1);
        Span<double> hyper = stackalloc double[HyperLayout.Length];
        hyper.Clear();
        hyper[HyperLayout.Rate] = rate;
        hyper[HyperLayout.Correction1] = first;
        hyper[HyperLayout.Correction2] = second;
        hyper[HyperLayout.AverageDecay] = config.Train.AverageDecay(step);
        DeviceMemory.Post(Memory.Hyper, hyper);
    }

    /// <summary>Sets only seed, step, position, mixing and the place of a rank's part.</summary>
    public void SetClock(ulong seed, long batch, int cursor, BatchMix? mix = null, int before = 0)
    {
        Span<int> clock = stackalloc int[ClockLayout.Length];
        clock.Clear();
        clock[ClockLayout.Seed] = (int)(uint)seed;
        clock[ClockLayout.Seed + 1] = (int)(uint)(seed >> 32);
        clock[ClockLayout.Batch] = (int)(uint)batch;
        clock[ClockLayout.Batch + 1] = (int)(uint)((ulong)batch >> 32);
        clock[ClockLayout.First] = before;
        clock[ClockLayout.Cursor] = cursor;
        (mix ?? BatchMix.None).WriteTo(clock);
        DeviceMemory.Post(Memory.Clock, clock);
    }

    /// <summary>Loss and accuracy over all samples of a source, with statistics fixed and without randomness.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="batchSize">The batch size that was prepared.</param>
    /// <param name="take">Receives the outputs of all samples in order, [n, D] at a time; null if they are not needed.</param>
    public EpochFigures Evaluate(BatchSource source, int batchSize, Action<ReadOnlySpan<float>>? take = null)
    {
        int size = take is null ? 0 : Network.Output.Count;
        var outputs = new float[checked(Math.Min(batchSize, source.Count) * size)];
        ClearTotals(Memory.EvaluationTotals);
        Memory.EvaluationCarried.Clear(DeviceMemory);
        for (long cursor = 0; cursor < source.Count; cursor += batchSize)
        {
            int count = (int)Math.Min(batchSize, source.Count - cursor);
            BoundGraph batch = Evaluate(source, (int)cursor, count);
            if (take is null)
                continue;
            batch.Plan.Read(batch.Graph.Output, outputs.AsSpan(0, count * size));
            take(outputs.AsSpan(0, count * size));
        }
        return ReadTotals(Memory.EvaluationTotals);
    }

    /// <summary>Evaluates one batch, which adds to <see cref="ModelMemory.EvaluationTotals"/>.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="cursor">Index of the first sample.</param>
    /// <param name="size">Size of the batch, one of the prepared sizes.</param>
    internal BoundGraph Evaluate(BatchSource source, int cursor, int size)
    {
        SetClock(0, 0, cursor);
        source.Provide(DeviceMemory, cursor, size);
        BoundGraph batch = Evaluation(source, size);
        batch.Plan.Run();
        return batch;
    }

    /// <summary>Bytes that a training step would need on the device; allocates nothing.</summary>
    /// <exception cref="TooLargeException">A tensor has more elements than 32 bits can count.</exception>
    internal double BytesOfStep(BatchSource source, int batchSize, PlanOptions? options = null)
    {
        IReadOnlyList<PlannedGraph> layouts = plans.Layouts(source, [], batchSize, options);
        ModelPlans.RequireCountable(layouts);
        return plans.Needed(layouts).Bytes;
    }

    /// <summary>Waits until every started plan has finished.</summary>
    internal void Synchronize()
    {
        foreach (BoundGraph bound in plans.All)
            bound.Plan.Synchronize();
    }

    public void ClearTotals(Slot totals)
    {
        Span<double> zeros = stackalloc double[Metrics.Length];
        zeros.Clear();
        DeviceMemory.Post(totals, zeros);
    }

    public EpochFigures ReadTotals(Slot totals)
    {
        Span<double> sums = stackalloc double[Metrics.Length];
        Synchronize();
        DeviceMemory.Read(totals, 0, sums);
        bool classes = plans.All.Any(p => p.Graph.Batch.Labels is not null);
        double samples = sums[Metrics.Samples] + sums[Metrics.Samples + 1], correct = sums[Metrics.Correct] + sums[Metrics.Correct + 1], judged = sums[Metrics.Judged] + sums[Metrics.Judged + 1];
        double loss = samples > 0 ? sums[Metrics.Loss] + sums[Metrics.Loss + 1] : double.NaN;
        return new EpochFigures(loss, classes ? correct / judged : double.NaN, (long)samples);
    }

    /// <summary>Saves the weights as they are evaluated now (their average if there is one) and the running statistics as the best.</summary>
    public void KeepBest()
    {
        Copy(Memory.Ema ?? Memory.Parameters, Memory.Best!);
        Copy(Memory.State, Memory.BestState!);
    }

    /// <summary>Restores the weights that were saved last as the best.</summary>
    public void RestoreBest()
    {
        Copy(Memory.Best!, Memory.Parameters);
        if (Memory.Ema is not null)
            Copy(Memory.Best!, Memory.Ema);
        Copy(Memory.BestState!, Memory.State);
    }

    /// <summary>Values of a parameter; of its moving average on request, if it is kept.</summary>
    public double[] Read(Parameter parameter, bool average = false)
    {
        var values = new double[parameter.Shape.Count];
        DeviceMemory.Read(Memory.SlotOf(parameter, average), Memory.Layout.OffsetOf(parameter), values.AsSpan());
        return values;
    }

    /// <summary>Some values of a parameter, starting at an element; of its moving average on request, if it is kept.</summary>
    public void Read(Parameter parameter, long first, Span<float> values, bool average = false) =>
        DeviceMemory.Read(Memory.SlotOf(parameter, average), Memory.Layout.OffsetOf(parameter) + first, values);

    /// <summary>The gradient of a trained parameter in the last batch.</summary>
    public void ReadGradient(Parameter parameter, Span<float> values) => DeviceMemory.Read(Memory.Gradients, Memory.Layout.OffsetOf(parameter), values);

    /// <summary>The output of each layer by path, as in an evaluation, for the first batch of a source with <see cref="BatchSource.KeepsActivations"/>.</summary>
    public IReadOnlyList<(string Layer, float[] Values)> Activations(BatchSource source, int batchSize)
    {
        int size = Math.Min(batchSize, source.Count);
        SetClock(0, 0, 0);
        source.Provide(DeviceMemory, 0, size);
        BoundGraph bound = Evaluation(source, size);
        bound.Plan.Run();
        return [.. bound.Graph.Activations.Select(a =>
        {
            var values = new float[a.Value.Shape.Count];
            bound.Plan.Read(a.Value, values);
            return (a.Key, values);
        })];
    }

    /// <summary>Sets a parameter's values starting at an element, and those of its moving average if one is kept.</summary>
    public void Write(Parameter parameter, ReadOnlySpan<double> values, long first = 0)
    {
        long offset = Memory.Layout.OffsetOf(parameter) + first;
        DeviceMemory.Write(Memory.SlotOf(parameter), offset, values);
        if (Memory.Layout.IsTrained(parameter) && Memory.Ema is not null)
            DeviceMemory.Write(Memory.Ema, offset, values);
    }

    public void Dispose()
    {
        plans.Dispose();
        DeviceMemory.Dispose();
    }

    // One update covers all parameters of a group as one tensor, so 32 bits must count its elements.
    private static ParameterLayout Counted(ParameterLayout layout, Network network) => layout.TrainedLength <= int.MaxValue
        ? layout
        : throw new GpuGradException(Fault.Memory, $"the network has {network.ParameterCount} parameters, at most {int.MaxValue} can be trained; use a smaller model.");

    // In pieces, because the slot may be larger than the largest array.
    private void Copy(Slot from, Slot to)
    {
        DeviceBuffer source = DeviceMemory[from], target = DeviceMemory[to];
        var piece = new byte[Math.Min(source.Bytes, LargestPiece)];
        for (long offset = 0; offset < source.Bytes; offset += piece.Length)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, source.Bytes - offset));
            source.Read(offset, part);
            target.Write(offset, part);
        }
    }
}
