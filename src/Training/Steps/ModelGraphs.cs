using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.LabelMaps;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Health;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Steps;

/// <summary>A graph of a model, with the tensors that its users read. An inference graph has no loss.</summary>
public sealed record ModelGraph(Graph Graph, int BatchSize, Batch Batch, Tensor Output, Tensor? Loss)
{
    /// <summary>The output of each layer by path.</summary>
    public required IReadOnlyDictionary<string, Tensor> Activations { get; init; }

    /// <summary>Whether a layer limits the number of steps in a sequence; for a graph that takes a single step.</summary>
    public bool KnowsPlaces { get; init; }

    /// <summary>The gradient of each trained parameter; empty while evaluating.</summary>
    public IReadOnlyDictionary<Parameter, Tensor> Gradients { get; init; } = new Dictionary<Parameter, Tensor>();

    /// <summary>Weight of the batch among those of its step; null if it is the number of samples, or the step has one batch.</summary>
    public Tensor? LossWeight { get; init; }

    /// <summary>Norm of all gradients; null if it is not computed.</summary>
    public Tensor? GradientNorm { get; init; }

    /// <summary>Whether ranks must synchronise within a step, because samples of one affect the outputs for those of another.</summary>
    public bool IsPooled { get; init; }

    /// <summary>Gradient of the loss with respect to the samples; null if not requested, or if the samples hold integers.</summary>
    public Tensor? InputGradient { get; init; }

    /// <summary>Gradient of the loss with respect to each layer's output, by path; null for a layer that none reaches, empty if not requested.</summary>
    public IReadOnlyDictionary<string, Tensor?> ActivationGradients { get; init; } = new Dictionary<string, Tensor?>();
}

/// <summary>Builds the graphs of a model: training step and evaluation, for any batch size.</summary>
public sealed class ModelGraphs(RunConfig config, Network network, ModelMemory memory)
{
    // Constants such as class weights: uploaded once and shared by all graphs.
    private readonly Dictionary<string, (Slot Slot, IReadOnlyList<double> Values)> constants = [];

    /// <summary>Builds a training step: fetch, forward, loss, backward, update.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="batchSize">Batch size.</param>
    /// <param name="probe">Adds its own ops for a watched step; they do not change any result.</param>
    /// <param name="inputGradient">Whether to compute the gradients with respect to the samples and the layers' outputs too; training needs none.</param>
    public ModelGraph Training(BatchSource source, int batchSize, HealthProbe? probe = null, bool inputGradient = false)
    {
        var graph = new Graph { Phase = Phase.Batch, Precision = config.Precision };
        Tensor clock = Clock(graph);
        Batch batch = source.Fetch(graph, batchSize, clock);
        graph.Phase = Phase.Forward;
        Tensor random = Randomness(graph);
        var tensors = new Dictionary<Parameter, Tensor>();
        var layers = new LayerGraph(graph, p => Bind(graph, tensors, p, average: false), training: true, random, IsFrozen, (layer, y) => probe?.AfterLayer(graph, layer, y))
        { HasOtherParts = memory.Share is not null, Carried = CarriedWhile(memory.Carried) };
        layers.SetLengths(batch.X, batch.Lengths);
        Tensor output = layers.Apply(network.Layers, batch.X);
        BatchLoss built = BuildLoss(graph, output, batch);
        Tensor loss = AddPenalty(graph, built.Value, tensors);
        graph.Phase = Phase.Backward;
        bool isPooled = graph.Nodes.Any(n => n.Op is IPooled);
        Tensor[] besides = inputGradient ? [batch.X, .. layers.Activations.Values] : [];
        // If samples of one rank affect the outputs of another, each rank's loss must be a part of one sum from the start.
        Tensor part = isPooled ? graph.Add(new Multiply(), loss, graph.Persistent("share", Shape.Scalar, memory.Share!)) : loss;
        (Dictionary<Parameter, Tensor> gradients, IReadOnlyList<Tensor?> others) = Differentiate(graph, part, tensors, besides);
        probe?.AfterBackward(graph);
        AddMetrics(graph, memory.Totals, built with { Value = loss }, output, batch);
        if (memory.Accumulated is not null)
            AddGradients(graph, memory.Accumulated, batchSize, isPooled ? graph.Persistent("weight of the batch", Shape.Scalar, memory.Share!, 1) : built.Weight);
        layers.WriteHandedOn();
        graph.Phase = Phase.Update;
        Tensor? before = probe?.BeforeUpdate(graph, memory.Accumulated ?? memory.Gradients, memory.Parameters);
        Tensor? norm = AddUpdate(graph);
        probe?.AfterUpdate(graph, before, memory.Parameters);
        return new ModelGraph(graph, batchSize, batch, output, loss)
        {
            Activations = layers.Activations,
            Gradients = gradients,
            IsPooled = isPooled,
            LossWeight = memory.Accumulated is null ? null : built.Weight,
            GradientNorm = norm,
            InputGradient = network.Layers[0] is ColumnEmbeddings ? null : others.FirstOrDefault(),
            ActivationGradients = layers.Activations.Keys.Zip(others.Skip(1)).ToDictionary(p => p.First, p => p.Second),
        };
    }

    /// <summary>Checks that the batches of all ranks together have a variance: a rank's own part may be one sample.</summary>
    /// <exception cref="ShapeException">A batch norm would see one value per channel.</exception>
    public void RequireSpread(BatchSource source, int batchSize)
    {
        if (batchSize > 1)
            return;
        foreach (Node node in Training(source, batchSize).Graph.Nodes.Where(n => n.Op is BatchMoments))
            _ = new BatchNorm(Affine: false).Infer([node.Inputs[0].Type, node.Outputs[0].Type, node.Outputs[0].Type]);
    }

    /// <summary>Builds fetch, forward as in training, loss, and its gradient with respect to the output of every layer.</summary>
    public ModelGraph Audit(BatchSource source, int batchSize, out IReadOnlyDictionary<string, Tensor> gradients)
    {
        var graph = new Graph { Phase = Phase.Batch, Precision = config.Precision };
        Batch batch = source.Fetch(graph, batchSize, Clock(graph));
        graph.Phase = Phase.Forward;
        var tensors = new Dictionary<Parameter, Tensor>();
        var layers = new LayerGraph(graph, p => Bind(graph, tensors, p, average: false), training: true, Randomness(graph), IsFrozen);
        layers.SetLengths(batch.X, batch.Lengths);
        Tensor output = layers.Apply(network.Layers, batch.X);
        Tensor loss = BuildLoss(graph, output, batch).Value;
        graph.Phase = Phase.Backward;
        // A graph begins with data: a network without parameters has no gradients on its way.
        string[] paths = [.. layers.Activations.Keys];
        IReadOnlyList<Tensor?> found = graph.Differentiate(loss, [.. paths.Select(p => layers.Activations[p])]);
        gradients = paths.Zip(found).Where(p => p.Second is not null).ToDictionary(p => p.First, p => p.Second!);
        return new ModelGraph(graph, batchSize, batch, output, loss) { Activations = layers.Activations };
    }

    /// <summary>Builds an evaluation: fetch, forward without randomness, loss.</summary>
    public ModelGraph Evaluation(BatchSource source, int batchSize)
    {
        ModelGraph forward = Inference(source, batchSize);
        BatchLoss loss = BuildLoss(forward.Graph, forward.Output, forward.Batch);
        AddMetrics(forward.Graph, memory.EvaluationTotals, loss, forward.Output, forward.Batch);
        return forward with { Loss = loss.Value };
    }

    /// <summary>Builds inference: fetch, forward without randomness; with the averaged weights if they are kept.</summary>
    public ModelGraph Inference(BatchSource source, int batchSize) => Forward(source, batchSize, CarriedWhile(memory.EvaluationCarried), most: 0);

    /// <summary>Builds inference for one step of a sequence that comes step by step, at the position given by the clock's cursor.</summary>
    /// <param name="source">The step.</param>
    /// <param name="most">Largest number of steps in a sequence.</param>
    public ModelGraph Step(BatchSource source, int most) => Forward(source, 1, memory.EvaluationCarried, most);

    private CarriedState? CarriedWhile(CarriedState state) => config.Data.InStreams ? state : null;

    private ModelGraph Forward(BatchSource source, int batchSize, CarriedState? carried, int most)
    {
        var graph = new Graph { Phase = Phase.Batch, Precision = config.Precision };
        Tensor clock = Clock(graph);
        Batch batch = source.Fetch(graph, batchSize, clock);
        graph.Phase = Phase.Forward;
        var tensors = new Dictionary<Parameter, Tensor>();
        StepPlace? place = most > 0 ? new StepPlace(graph.Persistent("position", new Shape(1), memory.Clock, ClockLayout.Cursor), most) : null;
        var layers = new LayerGraph(graph, p => Bind(graph, tensors, p, average: true), training: false, random: null) { Carried = carried, Place = place };
        layers.SetLengths(batch.X, batch.Lengths);
        Tensor output = layers.Apply(network.Layers, batch.X);
        layers.WriteHandedOn();
        return new ModelGraph(graph, batchSize, batch, output, null) { Activations = layers.Activations, KnowsPlaces = place?.IsAsked == true };
    }

    /// <summary>Writes the constants that the graphs refer to.</summary>
    public void UploadConstants(DeviceMemory device)
    {
        foreach ((Slot slot, IReadOnlyList<double> values) in constants.Values)
            device.Write(slot, 0, values.ToArray().AsSpan());
    }

    private Tensor Clock(Graph graph) => graph.Persistent("clock", new Shape(ClockLayout.Length), memory.Clock);

    // Seed of random masks, the first words of the clock: the run's seed and the number of the batch.
    private Tensor Randomness(Graph graph) => graph.Persistent("rng", new Shape(ClockLayout.RandomWords), memory.Clock);

    private bool IsFrozen(Parameter parameter) => config.Freeze?.Includes(parameter) == true;

    private BatchLoss BuildLoss(Graph graph, Tensor output, Batch batch)
    {
        graph.Scope = "loss";
        (Tensor scores, Tensor? labels) = Places(graph, output, batch);
        BatchLoss loss = Of(labels);
        if (batch.Mixed is { } mixed)
        {
            // Cross-entropy is linear in its target, so this is that of the mixed target, with label smoothing too. The sum of the class weights
            // is the same for both: the partners' labels are the batch's own in another order.
            Tensor own = graph.Add(new Multiply(), loss.Value, mixed.Own), other = graph.Add(new Multiply(), Of(mixed.Partners).Value, mixed.Other);
            loss = loss with { Value = graph.Add(new Add(), own, other) };
        }
        graph.Scope = "";
        return loss;

        BatchLoss Of(Tensor? of) => config.Loss.Build(graph, scores, new LossTargets(of, batch.Targets) { AreOfPositions = batch.Labels is { Shape.Rank: 2 } }, (name, values) => Constant(graph, name, values));
    }

    // For sequences with a class per position [N, T], each position is a row: scores [N·T, K] and labels [N·T].
    private static (Tensor Scores, Tensor? Labels) Places(Graph graph, Tensor output, Batch batch) => batch.Labels is { Shape.Rank: 2 } labels
        ? (graph.Reshape(output, new Shape(labels.Shape.Count, output.Shape[^1])), graph.Reshape(labels, new Shape(labels.Shape.Count)))
        : (output, batch.Labels);

    private Tensor Bind(Graph graph, Dictionary<Parameter, Tensor> tensors, Parameter parameter, bool average)
    {
        if (!tensors.TryGetValue(parameter, out Tensor? tensor))
            tensors[parameter] = tensor = graph.Persistent(parameter.Name, parameter.Shape, memory.SlotOf(parameter, average), memory.Layout.OffsetOf(parameter));
        return tensor;
    }

    private (Dictionary<Parameter, Tensor> Gradients, IReadOnlyList<Tensor?> Others) Differentiate(
        Graph graph, Tensor loss, Dictionary<Parameter, Tensor> tensors, IReadOnlyList<Tensor> others)
    {
        Parameter[] trained = [.. tensors.Keys.Where(memory.Layout.IsTrained)];
        IReadOnlyList<Tensor?> found = graph.Differentiate(loss, [.. trained.Select(p => tensors[p]), .. others]);
        var gradients = new Dictionary<Parameter, Tensor>();
        for (int i = 0; i < trained.Length; i++)
        {
            if (found[i] is not Tensor gradient)
                continue;
            graph.Place(gradient.Base, new Placement(memory.Gradients, memory.Layout.OffsetOf(trained[i])));
            gradients[trained[i]] = gradient;
        }
        return (gradients, [.. found.Skip(trained.Length)]);
    }

    private static void AddMetrics(Graph graph, Slot totals, BatchLoss loss, Tensor output, Batch batch)
    {
        Tensor into = graph.Persistent(totals.Name, new Shape(Metrics.Length), totals);
        bool classes = batch.Labels is { Shape.Rank: 1 } && output.Shape.Rank == 2, pixels = batch.Labels is { Shape.Rank: > 1 };
        Tensor[] weight = loss.Weight is null ? [] : [loss.Weight];
        (Tensor scores, Tensor? labels) = Places(graph, output, batch);
        Tensor[] right = classes ? [output, batch.Mixed?.Larger ?? batch.Labels!] : pixels ? [graph.Add(new PixelCounts(), scores, labels!)] : [];
        graph.AddUpdate(new Metrics(batch.X.Shape[0], classes, loss.Weight is not null, pixels), [into, loss.Value, .. right, .. weight]);
    }

    // Running mean, in which every sample has the same weight (or its class's weight) whatever the size of its batch.
    private void AddGradients(Graph graph, Slot accumulated, int batchSize, Tensor? weight)
    {
        Tensor[] inputs = [Whole(graph, accumulated), Whole(graph, memory.AccumulatedWeight!), Whole(graph, memory.Gradients)];
        graph.AddUpdate(new AccumulateMean(batchSize, weight is not null), weight is null ? inputs : [.. inputs, weight]);
    }

    private Tensor AddPenalty(Graph graph, Tensor loss, Dictionary<Parameter, Tensor> tensors)
    {
        (double l1, double l2) = (config.Train.Penalty?.L1 ?? 0, config.Train.Penalty?.L2 ?? 0);
        foreach ((Parameter parameter, Tensor tensor) in tensors.Where(t => t.Key.Penalized && memory.Layout.IsTrained(t.Key)))
        {
            graph.Scope = parameter.Layer;
            if (l1 > 0)
                loss = graph.Add(new Add(), loss, graph.Add(new L1Penalty(l1), tensor));
            if (l2 > 0)
                loss = graph.Add(new Add(), loss, graph.Add(new L2Penalty(l2), tensor));
        }
        graph.Scope = "";
        return loss;
    }

    private static Tensor Whole(Graph graph, Slot slot) => graph.Persistent(slot.Name, new Shape((int)slot.Length), slot);

    private Tensor? AddUpdate(Graph graph)
    {
        Slot gradients = memory.Accumulated ?? memory.Gradients;
        Tensor hyper = graph.Persistent("hyper", new Shape(HyperLayout.Length), memory.Hyper);
        double limit = config.Train.Clip?.Norm ?? 0;
        bool scaled = limit > 0;
        // A norm that is not finite shows that gradients are not, before another step uses them.
        IReadOnlyList<Tensor>? norm = scaled || config.Diagnostics.BlackBox
            ? graph.AddAll(new GradientNorm(limit), Whole(graph, gradients))
            : null;
        foreach (ParameterRange range in memory.Layout.Groups)
        {
            var shape = new Shape((int)range.Length);
            (double rate, double decay) = ParameterGroups.SettingsOf(config.Train, range.Group);
            if (rate == 0)
                continue;
            Tensor[] inputs =
            [
                graph.Persistent("parameters", shape, memory.Parameters, range.Offset),
                graph.Persistent(gradients.Name, shape, gradients, range.Offset),
                hyper,
                .. scaled ? new[] { norm![0] } : [],
                .. memory.Moments.Select(m => graph.Persistent(m.Name, shape, m, range.Offset)),
            ];
            graph.AddUpdate(config.Train.Optimizer.Update(rate, decay, config.Train.Clip?.Value ?? 0, scaled), inputs);
        }
        foreach (Slot slot in new[] { memory.Accumulated, memory.AccumulatedWeight }.OfType<Slot>())
            graph.AddUpdate(new Accumulate(-1), Whole(graph, slot), Whole(graph, slot));
        if (memory.Ema is not null)
            graph.AddUpdate(new AverageWeights(), Whole(graph, memory.Ema), Whole(graph, memory.Parameters), hyper);
        return norm?[1];
    }

    private Tensor Constant(Graph graph, string name, IReadOnlyList<double> values)
    {
        if (!constants.TryGetValue(name, out (Slot Slot, IReadOnlyList<double> Values) constant))
            constants[name] = constant = (new Slot(name, ElementType.Real, values.Count), values);
        return graph.Persistent(name, new Shape(values.Count), constant.Slot);
    }
}
