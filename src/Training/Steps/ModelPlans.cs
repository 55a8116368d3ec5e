using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Distributed;

namespace GpuGrad.Training.Steps;

/// <summary>Purpose of a plan.</summary>
internal enum PlanUse
{
    Training,

    /// <summary>A training step that is watched (its layers are measured).</summary>
    Watched,

    /// <summary>An evaluation, or a prediction if there are no labels.</summary>
    Evaluation,
}

/// <summary>Identifies a plan of a model.</summary>
/// <param name="Use">Its purpose.</param>
/// <param name="Source">The samples to evaluate; null in training.</param>
/// <param name="Batch">Its batch size; 0 for the watched step, of which there is one.</param>
internal readonly record struct PlanKey(PlanUse Use, BatchSource? Source, int Batch)
{
    public static PlanKey Watched { get; } = new(PlanUse.Watched, null, 0);

    public static PlanKey Training(int batch) => new(PlanUse.Training, null, batch);

    public static PlanKey Evaluation(BatchSource source, int batch) => new(PlanUse.Evaluation, source, batch);
}

/// <summary>A graph that is laid out but has no memory yet.</summary>
internal sealed record PlannedGraph(PlanKey Key, ModelGraph Graph, PlanLayout Layout);

/// <summary>The plans of a model. They share one arena of the size of the largest.</summary>
internal sealed class ModelPlans(RunConfig config, Model model, ModelGraphs graphs, RankShare share) : IDisposable
{
    private readonly Dictionary<PlanKey, BoundGraph> bound = [];

    public IReadOnlyCollection<BoundGraph> All => bound.Values;

    /// <summary>A plan that exists.</summary>
    public BoundGraph Of(PlanKey key) => bound[key];

    /// <summary>A plan; null if it does not exist.</summary>
    public BoundGraph? Find(PlanKey key) => bound.GetValueOrDefault(key);

    /// <summary>Lays out the plans for a training source and for evaluating others, as <see cref="Model.Prepare"/> makes them; allocates nothing.</summary>
    public IReadOnlyList<PlannedGraph> Layouts(
        BatchSource? training, IReadOnlyList<BatchSource> evaluated, int batchSize, PlanOptions? options = null, bool watch = false, bool inputGradient = false)
    {
        var wanted = new List<(PlanKey Key, ModelGraph Graph)>();
        if (watch && training is not null)
            wanted.Add((PlanKey.Watched, graphs.Training(training, share.Of(Math.Min(batchSize, training.Count)).Length, model.Probe)));
        IEnumerable<int> sizes = training is null ? [] : BatchSizes(training.Count, batchSize).Take(config.Data.DropLast ? 1 : 2);
        foreach (int size in share.Size > 1 ? sizes : [])
            graphs.RequireSpread(training!, size);
        foreach (int size in sizes.Select(s => share.Of(s).Length).Where(s => s > 0).Distinct())
            wanted.Add((PlanKey.Training(size), graphs.Training(training!, size, inputGradient: inputGradient)));
        foreach (BatchSource source in evaluated)
        {
            foreach (int size in BatchSizes(source.Count, batchSize))
                wanted.Add((PlanKey.Evaluation(source, size), source.HasAnswers ? graphs.Evaluation(source, size) : graphs.Inference(source, size)));
        }
        return [.. wanted.Select(w => new PlannedGraph(w.Key, w.Graph, PlanLayout.Of(w.Graph.Graph, model.DeviceMemory, Keeping(w.Graph, options, w.Key.Source?.KeepsActivations == true))))];
    }

    /// <summary>Lays out a plan that takes a sequence step by step, as <see cref="Model.PrepareStep"/> makes it.</summary>
    public PlannedGraph StepLayout(BatchSource source, int most)
    {
        ModelGraph graph = graphs.Step(source, most);
        return new PlannedGraph(PlanKey.Evaluation(source, 1), graph, PlanLayout.Of(graph.Graph, model.DeviceMemory, Keeping(graph, null, activations: false)));
    }

    /// <summary>Allocates the plans' memory.</summary>
    public void Bind(IReadOnlyList<PlannedGraph> layouts)
    {
        model.DeviceMemory.Arena(layouts.Max(l => l.Layout.ArenaBytes));
        foreach (PlannedGraph planned in layouts)
            bound[planned.Key] = new BoundGraph(planned.Graph, new Plan(planned.Layout));
        graphs.UploadConstants(model.DeviceMemory);
    }

    /// <summary>Adds an inference-only plan; null if it would need a larger arena than there is.</summary>
    public BoundGraph? AddInference(BatchSource source, int batchSize)
    {
        ModelGraph graph = graphs.Inference(source, batchSize);
        PlanLayout layout = PlanLayout.Of(graph.Graph, model.DeviceMemory, Keeping(graph, null, activations: false));
        if (layout.ArenaBytes > model.DeviceMemory.ArenaBytes)
            return null;
        BoundGraph added = bound[PlanKey.Evaluation(source, batchSize)] = new BoundGraph(graph, new Plan(layout));
        graphs.UploadConstants(model.DeviceMemory);
        return added;
    }

    /// <summary>The memory that the plans and the model need together.</summary>
    public PlannedMemory Needed(IEnumerable<PlannedGraph> layouts) => new(layouts.Select(l => l.Layout), model.Memory.Lasting, model.Device);

    /// <exception cref="TooLargeException">A tensor has more elements than 32 bits can count.</exception>
    public static void RequireCountable(IReadOnlyList<PlannedGraph> layouts)
    {
        foreach (PlannedGraph planned in layouts)
            planned.Layout.RequireCountable();
    }

    public void Dispose()
    {
        foreach (BoundGraph plan in bound.Values)
            plan.Plan.Dispose();
        bound.Clear();
    }

    // Whole batches, and the last batch of an epoch.
    private static IEnumerable<int> BatchSizes(int samples, int batch) =>
        new[] { Math.Min(batch, samples), samples % batch }.Where(s => s > 0).Distinct();

    // The loss is read between steps.
    private static PlanOptions Keeping(ModelGraph graph, PlanOptions? options, bool activations)
    {
        options ??= new PlanOptions();
        IEnumerable<Tensor> read = new[] { graph.Loss, graph.LossWeight, graph.Output, graph.GradientNorm, graph.InputGradient }.OfType<Tensor>();
        return options with { Keep = [.. options.Keep, .. read, .. activations ? graph.Activations.Values : []] };
    }
}
