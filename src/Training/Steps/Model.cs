using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Host;
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

/// <summary>A network on a device: its parameters in device memory, and a plan for each batch size it meets.</summary>
public sealed class Model : IDisposable
{
    private const int LargestPiece = 1 << 20;

    private readonly RunConfig config;
    private readonly ModelGraphs graphs;
    private readonly RankShare share;
    private readonly Dictionary<(BatchSource? Source, int Batch), BoundGraph> plans = [];

    /// <param name="config">The experiment.</param>
    /// <param name="network">Its network.</param>
    /// <param name="device">Where it runs; not disposed by the model.</param>
    /// <param name="share">Its part of each training batch, where others have the rest.</param>
    public Model(RunConfig config, Network network, Device device, RankShare? share = null)
    {
        this.config = config;
        Network = network;
        this.share = share ?? RankShare.Alone;
        Memory = new ModelMemory(Counted(ParameterGroups.Layout(config, network), network), config.Train, inParts: this.share.Size > 1);
        DeviceMemory = new DeviceMemory(device);
        graphs = new ModelGraphs(config, network, Memory);
    }

    public Network Network { get; }

    public ModelMemory Memory { get; }

    public DeviceMemory DeviceMemory { get; }

    public Device Device => DeviceMemory.Device;

    /// <summary>Bytes of memory that this process will hold while it trains the model, as far as is known once it is loaded.</summary>
    public long ExpectedResident { get; private set; }

    /// <summary>What a watched step looks at.</summary>
    public HealthProbe Probe => field ??= new HealthProbe(Network, Memory.Layout);

    /// <summary>What <c>init-from</c> gave the parameters; null without.</summary>
    public WeightTransfer? Transfer { get; private set; }

    /// <summary>Gives every parameter the value that its initialiser and the seed say, then those of <c>init-from</c> to whom they fit.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="training">The samples to train on, by which <c>whiten</c> goes; null where there are none.</param>
    public void Initialise(ulong seed, BatchSource? training = null)
    {
        foreach (Parameter parameter in Network.Parameters)
            Write(parameter, Network.InitialValues(parameter, seed, training));
        if (config.InitFrom is InitFromConfig from)
            Transfer = WeightTransfer.Apply(from, this);
    }

    /// <summary>Sets the parameters as the seed says, copies samples to the device and makes the plans.</summary>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Memory"/>: names the largest buffers and a batch size that would fit. Nothing stays allocated.
    /// </exception>
    public void Load(ulong seed, BatchSource training, IReadOnlyList<BatchSource> evaluated, int batchSize)
    {
        OutOfDeviceMemoryException? lack;
        try
        {
            lack = TryLoad(seed, training, evaluated, batchSize);
        }
        catch (TooLargeException e)
        {
            Dispose();
            throw BatchAdvice.Of(e, batchSize, size => Countable(Layouts(training, evaluated, size, null, watch: config.Diagnostics.Every > 0)));
        }
        if (lack is null)
            return;
        var advice = new MemoryAdvice(lack, DeviceMemory);
        Dispose();
        throw advice.Give(
            batchSize,
            size => Planned(Layouts(training, evaluated, size, null, watch: config.Diagnostics.Every > 0)),
            size =>
            {
                using var trial = new Model(config, Network, Device, share);
                return trial.TryLoad(seed, training, evaluated, size);
            });
    }

    /// <summary>
    /// Makes the plans for a training source and for evaluating others, all before the first step: they share one arena,
    /// whose size the largest decides.
    /// </summary>
    /// <param name="training">The samples to train on; null for none.</param>
    /// <param name="evaluated">The samples to evaluate.</param>
    /// <param name="batchSize">Samples in a batch; the last of an epoch may be smaller.</param>
    /// <param name="options">How graphs become plans.</param>
    /// <param name="watch">Whether some training steps are looked into: makes a second plan for whole batches.</param>
    /// <param name="inputGradient">Whether training steps compute the gradients in the samples and in the layers' outputs too.</param>
    public void Prepare(
        BatchSource? training, IReadOnlyList<BatchSource> evaluated, int batchSize, PlanOptions? options = null, bool watch = false, bool inputGradient = false)
    {
        Bind(Layouts(training, evaluated, batchSize, options, watch, inputGradient));
    }

    /// <summary>Adds a plan that only predicts, after <see cref="Prepare"/>.</summary>
    /// <param name="source">One that was prepared.</param>
    /// <param name="batchSize">Samples in a batch, no more than the source has.</param>
    /// <returns>Null where it would need more memory than the plans that were prepared.</returns>
    public BoundGraph? AddInference(BatchSource source, int batchSize)
    {
        ModelGraph graph = graphs.Inference(source, batchSize);
        PlanLayout layout = PlanLayout.Of(graph.Graph, DeviceMemory, Keeping(graph, null, activations: false));
        if (layout.ArenaBytes > DeviceMemory.ArenaBytes)
            return null;
        BoundGraph bound = plans[(source, batchSize)] = new BoundGraph(graph, new Plan(layout));
        graphs.UploadConstants(DeviceMemory);
        return bound;
    }

    /// <summary>The training step for a batch size.</summary>
    public BoundGraph Training(int batchSize) => plans[(null, batchSize)];

    /// <summary>The training step for whole batches that also fills <see cref="Probe"/>'s slot; null where none was prepared.</summary>
    public BoundGraph? Watched => plans.GetValueOrDefault((null, 0));

    /// <summary>The evaluation of a source's samples for a batch size.</summary>
    public BoundGraph Evaluation(BatchSource source, int batchSize) => plans[(source, batchSize)];

    /// <summary>Sets what changes from step to step.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="batch">Batches done before.</param>
    /// <param name="cursor">Samples of the epoch that came before.</param>
    /// <param name="step">Optimizer steps done before.</param>
    /// <param name="rate">Learning rate.</param>
    public void SetStep(ulong seed, long batch, int cursor, long step, double rate)
    {
        BatchMix mix = config.Data.Augmentation?.Mixing is { } mixing
            ? mixing.Draw(seed, batch, Network.Input.Rank == 3 ? Network.Input[1] : 1, Network.Input.Rank == 3 ? Network.Input[2] : 1)
            : BatchMix.None;
        SetClock(seed, batch, cursor, mix);
        (double first, double second) = config.Train.Optimizer.Corrections(step + 1);
        Span<double> hyper = stackalloc double[HyperLayout.Length];
        hyper.Clear();
        hyper[HyperLayout.Rate] = rate;
        hyper[HyperLayout.Correction1] = first;
        hyper[HyperLayout.Correction2] = second;
        DeviceMemory.Post(Memory.Hyper, hyper);
    }

    /// <summary>Sets seed, step, position and how samples are mixed only.</summary>
    public void SetClock(ulong seed, long batch, int cursor, BatchMix? mix = null)
    {
        Span<int> clock = stackalloc int[ClockLayout.Length];
        clock.Clear();
        clock[ClockLayout.Seed] = (int)(uint)seed;
        clock[ClockLayout.Seed + 1] = (int)(uint)(seed >> 32);
        clock[ClockLayout.Step] = (int)(uint)batch;
        clock[ClockLayout.Step + 1] = (int)(uint)((ulong)batch >> 32);
        clock[ClockLayout.Cursor] = cursor;
        (mix ?? BatchMix.None).WriteTo(clock);
        DeviceMemory.Post(Memory.Clock, clock);
    }

    /// <summary>Loss and accuracy over all samples of a source, with statistics fixed and without randomness.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="batchSize">As they were prepared for.</param>
    /// <param name="afterBatch">Told of each batch's plan once it has run.</param>
    public EpochFigures Evaluate(BatchSource source, int batchSize, Action<BoundGraph>? afterBatch = null)
    {
        ClearTotals(Memory.EvaluationTotals);
        for (long cursor = 0; cursor < source.Count; cursor += batchSize)
        {
            int size = (int)Math.Min(batchSize, source.Count - cursor);
            SetClock(0, 0, (int)cursor);
            source.Provide(DeviceMemory, (int)cursor, size);
            BoundGraph batch = Evaluation(source, size);
            batch.Plan.Run();
            afterBatch?.Invoke(batch);
        }
        return ReadTotals(Memory.EvaluationTotals);
    }

    /// <summary>Bytes that a training step would need on the device; allocates nothing.</summary>
    /// <exception cref="TooLargeException">A tensor has more elements than 32 bits count.</exception>
    internal double BytesOfStep(BatchSource source, int batchSize, PlanOptions? options = null)
    {
        IReadOnlyList<(PlanLayout Layout, (BatchSource?, int) Key, ModelGraph Graph)> layouts = Layouts(source, [], batchSize, options, watch: false);
        Countable(layouts);
        return Planned(layouts).Bytes;
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
        foreach (BoundGraph bound in plans.Values)
            bound.Plan.Synchronize();
        DeviceMemory.Read(totals, 0, sums);
        bool classes = plans.Values.Any(p => p.Graph.Batch.Labels is not null);
        double samples = sums[Metrics.Samples] + sums[Metrics.Samples + 1], correct = sums[Metrics.Correct] + sums[Metrics.Correct + 1], judged = sums[Metrics.Judged] + sums[Metrics.Judged + 1];
        double loss = samples > 0 ? sums[Metrics.Loss] + sums[Metrics.Loss + 1] : double.NaN;
        return new EpochFigures(loss, classes ? correct / judged : double.NaN, (long)samples);
    }

    /// <summary>Keeps the weights as they are evaluated now (the average where there is one) and the running statistics.</summary>
    public void KeepBest()
    {
        Copy(Memory.Ema ?? Memory.Parameters, Memory.Best!);
        Copy(Memory.State, Memory.BestState!);
    }

    /// <summary>Goes back to the weights kept last.</summary>
    public void RestoreBest()
    {
        Copy(Memory.Best!, Memory.Parameters);
        if (Memory.Ema is not null)
            Copy(Memory.Best!, Memory.Ema);
        Copy(Memory.BestState!, Memory.State);
    }

    /// <summary>The values of a parameter; of its moving average where asked for and kept.</summary>
    public double[] Read(Parameter parameter, bool average = false)
    {
        var values = new double[parameter.Shape.Count];
        DeviceMemory.Read(Memory.SlotOf(parameter, average), Memory.Layout.OffsetOf(parameter), values.AsSpan());
        return values;
    }

    /// <summary>Some values of a parameter, from an element on; of its moving average where asked for and kept.</summary>
    public void Read(Parameter parameter, long first, Span<float> values, bool average = false) =>
        DeviceMemory.Read(Memory.SlotOf(parameter, average), Memory.Layout.OffsetOf(parameter) + first, values);

    /// <summary>The gradient of a trained parameter in the last batch.</summary>
    public void ReadGradient(Parameter parameter, Span<float> values) => DeviceMemory.Read(Memory.Gradients, Memory.Layout.OffsetOf(parameter), values);

    /// <summary>The output of each layer by path, as in an evaluation, for the first batch of a source that keeps them.</summary>
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

    /// <summary>Sets a parameter's values from an element on, and those of its moving average where one is kept.</summary>
    public void Write(Parameter parameter, ReadOnlySpan<double> values, long first = 0)
    {
        long offset = Memory.Layout.OffsetOf(parameter) + first;
        DeviceMemory.Write(Memory.SlotOf(parameter), offset, values);
        if (Memory.Layout.IsTrained(parameter) && Memory.Ema is not null)
            DeviceMemory.Write(Memory.Ema, offset, values);
    }

    public void Dispose()
    {
        foreach (BoundGraph bound in plans.Values)
            bound.Plan.Dispose();
        plans.Clear();
        DeviceMemory.Dispose();
    }

    // One update goes over all parameters of a group, as a tensor whose elements 32 bits count.
    private static ParameterLayout Counted(ParameterLayout layout, Network network) => layout.TrainedLength <= int.MaxValue
        ? layout
        : throw new GpuGradException(Fault.Memory, $"the network has {network.ParameterCount} parameters, at most {int.MaxValue} can be trained; use a smaller model.");

    // Piece by piece: the whole may be larger than an array can be.
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

    private void Bind(IReadOnlyList<(PlanLayout Layout, (BatchSource?, int) Key, ModelGraph Graph)> layouts)
    {
        DeviceMemory.Arena(layouts.Max(l => l.Layout.ArenaBytes));
        foreach ((PlanLayout layout, (BatchSource?, int) key, ModelGraph graph) in layouts)
            plans[key] = new BoundGraph(graph, new Plan(layout));
        graphs.UploadConstants(DeviceMemory);
    }

    private static void Countable(IReadOnlyList<(PlanLayout Layout, (BatchSource?, int) Key, ModelGraph Graph)> layouts)
    {
        foreach ((PlanLayout layout, _, _) in layouts)
            layout.RequireCountable();
    }

    private PlannedMemory Planned(IEnumerable<(PlanLayout Layout, (BatchSource?, int) Key, ModelGraph Graph)> layouts) =>
        new(layouts.Select(l => l.Layout), Memory.Lasting, Device);

    // What has no room in all is refused before the first page is touched: with the machine full, Linux would end this process, or another
    // one, between two buffers. A parameter's first values are doubles in the host's memory before they are the device's.
    private void RequireRoom(PlannedMemory planned)
    {
        long values = Network.Parameters.Select(p => p.Shape.Length * sizeof(double)).DefaultIfEmpty(0).Max();
        double written = new[] { Memory.Parameters, Memory.State, Memory.Ema }.OfType<Slot>().Sum(s => (double)s.Length * Device.RealSize);
        HostMemory.Require("initial values", values);
        double needed = Device.UsesHostMemory ? Math.Max(planned.Bytes, written + values) : planned.Bytes;
        Device.Require("training", (long)Math.Min(needed, long.MaxValue / 2));
    }

    // They are garbage now, of the size of the largest parameter twice over, and the next collection may be long in coming.
    private void GiveBackInitialValues()
    {
        const long WorthACollection = 4 << 20;
        if (Network.Parameters.Any(p => p.Shape.Length > WorthACollection))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private OutOfDeviceMemoryException? TryLoad(ulong seed, BatchSource training, IReadOnlyList<BatchSource> evaluated, int batchSize)
    {
        long resident = Environment.WorkingSet, used = HostMemory.Used;
        try
        {
            IReadOnlyList<(PlanLayout, (BatchSource?, int), ModelGraph)> layouts = Layouts(training, evaluated, batchSize, null, watch: config.Diagnostics.Every > 0);
            RequireRoom(Planned(layouts));
            Initialise(seed, training);
            GiveBackInitialValues();
            // All that the run will ever need, so that it is now that it does not fit and not after an hour.
            foreach (Slot slot in Memory.Lasting)
                _ = DeviceMemory[slot];
            foreach (BatchSource source in evaluated.Prepend(training))
                source.Upload(DeviceMemory);
            Bind(layouts);
            ExpectedResident = resident + HostMemory.Used - used + HostMemory.RuntimeGrowth;
            HostMemory.Require("the .NET runtime", HostMemory.RuntimeGrowth, ofHeap: false);
            return null;
        }
        catch (OutOfDeviceMemoryException e)
        {
            return e;
        }
    }

    private IReadOnlyList<(PlanLayout Layout, (BatchSource?, int) Key, ModelGraph Graph)> Layouts(
        BatchSource? training, IReadOnlyList<BatchSource> evaluated, int batchSize, PlanOptions? options, bool watch, bool inputGradient = false)
    {
        // The watched step stands under a batch size of 0.
        var wanted = new List<((BatchSource?, int) Key, ModelGraph Graph)>();
        if (watch && training is not null)
            wanted.Add(((null, 0), graphs.Training(training, share.Of(Math.Min(batchSize, training.Count)).Length, Probe)));
        IEnumerable<int> sizes = training is null ? [] : BatchSizes(training.Count, batchSize).Take(config.Data.DropLast ? 1 : 2);
        foreach (int size in sizes.Select(s => share.Of(s).Length).Where(s => s > 0).Distinct())
            wanted.Add(((null, size), graphs.Training(training!, size, inputGradient: inputGradient)));
        foreach (BatchSource source in evaluated)
        {
            foreach (int size in BatchSizes(source.Count, batchSize))
                wanted.Add(((source, size), source.HasAnswers ? graphs.Evaluation(source, size) : graphs.Inference(source, size)));
        }
        return [.. wanted.Select(w => (PlanLayout.Of(w.Graph.Graph, DeviceMemory, Keeping(w.Graph, options, w.Key.Item1?.KeepsActivations == true)), w.Key, w.Graph))];
    }

    private static IEnumerable<int> BatchSizes(int samples, int batch) =>
        new[] { Math.Min(batch, samples), samples % batch }.Where(s => s > 0).Distinct();

    // The loss is looked at between steps.
    private static PlanOptions Keeping(ModelGraph graph, PlanOptions? options, bool activations)
    {
        options ??= new PlanOptions();
        return options with { Keep = [.. options.Keep, .. new[] { graph.Loss, graph.LossWeight, graph.Output, graph.GradientNorm, graph.InputGradient }.OfType<Kernels.Tensors.Tensor>(), .. activations ? graph.Activations.Values : []] };
    }
}

/// <summary>A graph of a model and its plan.</summary>
public sealed record BoundGraph(ModelGraph Graph, Plan Plan)
{
    /// <summary>The loss of the last run.</summary>
    public double Loss => Value(Graph.Loss!);

    /// <summary>How much its batch counts among others: its samples, or the sum of their classes' weights where gradients are accumulated.</summary>
    public double Weight => Graph.LossWeight is null ? Graph.BatchSize : Value(Graph.LossWeight);

    /// <summary>The norm of all gradients of the last run; NaN where nothing computes it.</summary>
    public double GradientNorm => Graph.GradientNorm is null ? double.NaN : Value(Graph.GradientNorm);

    private double Value(Kernels.Tensors.Tensor tensor)
    {
        Span<double> value = stackalloc double[1];
        Plan.Read(tensor, value);
        return value[0];
    }
}

/// <summary>Figures over the samples of an epoch, each sample counted once.</summary>
/// <param name="Loss">Mean loss; with class weights the weighted mean, whatever the size of the batches.</param>
/// <param name="Accuracy">Share of samples classified right; NaN for regression.</param>
/// <param name="Samples">Samples counted.</param>
public readonly record struct EpochFigures(double Loss, double Accuracy, long Samples);
