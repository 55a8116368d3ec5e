using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Steps;

/// <summary>The regions of device memory that a model uses. Every graph of the model refers to these.</summary>
public sealed class ModelMemory
{
    private readonly bool isAccumulating;

    /// <param name="layout">Where each parameter is stored.</param>
    /// <param name="config">The training.</param>
    /// <param name="ofRanks">Whether a step's gradient is summed over several ranks.</param>
    public ModelMemory(ParameterLayout layout, TrainConfig config, bool ofRanks = false)
    {
        Layout = layout;
        long trained = Math.Max(1, layout.TrainedLength);
        Parameters = new Slot("parameters", ElementType.Real, trained);
        Gradients = new Slot("gradients", ElementType.Real, trained);
        Moments = [.. Enumerable.Range(0, config.Optimizer.Slots).Select(i => new Slot($"optimizer slot {i}", ElementType.Real, trained))];
        State = new Slot("running statistics", ElementType.Real, Math.Max(1, layout.StateLength));
        Ema = config.Ema is not null ? new Slot("average weights", ElementType.Real, trained) : null;
        if (config.KeepBest is not null)
        {
            Best = new Slot("best parameters", ElementType.Real, trained);
            BestState = new Slot("best running statistics", ElementType.Real, State.Length);
        }
        isAccumulating = config.Accumulate > 1;
        Share = ofRanks ? new Slot("share of the batch", ElementType.Real, 2) : null;
        if (isAccumulating || ofRanks)
        {
            Accumulated = new Slot("accumulated gradients", ElementType.Real, trained);
            AccumulatedWeight = new Slot("accumulated weight", ElementType.Real, 1);
        }
    }

    public ParameterLayout Layout { get; }

    public Slot Parameters { get; }

    public Slot Gradients { get; }

    /// <summary>State of the optimizer, each buffer with the layout of the parameters.</summary>
    public IReadOnlyList<Slot> Moments { get; }

    public Slot State { get; }

    /// <summary>Moving average of the weights; null without.</summary>
    public Slot? Ema { get; }

    /// <summary>The weights of the best epoch, as they were evaluated, and its running statistics; null if they are not kept.</summary>
    public Slot? Best { get; }

    public Slot? BestState { get; }

    /// <summary>Mean of the gradients of a step's batches so far; null without.</summary>
    public Slot? Accumulated { get; }

    /// <summary>Total weight of the accumulated batches.</summary>
    public Slot? AccumulatedWeight { get; }

    /// <summary>This rank's share of the whole batch's weight, from 0 to 1, and the whole weight; set by the host before the backward pass of networks that need it. Null for one process.</summary>
    public Slot? Share { get; }

    /// <summary>Learning rate and other hyperparameters, set by the host before each step.</summary>
    public Slot Hyper { get; } = new("hyper", ElementType.Real, HyperLayout.Length);

    /// <summary>Seed, batch number and position in the epoch, set by the host before each batch.</summary>
    public Slot Clock { get; } = new("clock", ElementType.Int32, ClockLayout.Length);

    /// <summary>Loss, weight, correct predictions and samples of the epoch so far.</summary>
    public Slot Totals { get; } = new("totals", ElementType.Real, Metrics.Length);

    /// <summary>The same while evaluating.</summary>
    public Slot EvaluationTotals { get; } = new("evaluation totals", ElementType.Real, Metrics.Length);

    /// <summary>State that recurrent layers carry from one training window of a stream to the next; empty if windows do not follow one another.</summary>
    public CarriedState Carried { get; } = new("state of");

    /// <summary>The same while evaluating, and while generating.</summary>
    public CarriedState EvaluationCarried { get; } = new("evaluation state of");

    /// <summary>Slots that a checkpoint saves, by name. Ranks have finished with a step's gradients when anything is saved.</summary>
    public IEnumerable<Slot> Durable =>
        [Parameters, .. Moments, State, .. new[] { Ema, isAccumulating ? Accumulated : null, isAccumulating ? AccumulatedWeight : null, Best, BestState }.OfType<Slot>(), .. Carried.Slots, Totals];

    /// <summary>Memory that lives as long as the model.</summary>
    public IEnumerable<Slot> Lasting => Durable.Append(EvaluationTotals).Concat(EvaluationCarried.Slots).Concat(new[] { Accumulated, AccumulatedWeight }.OfType<Slot>()).Distinct();

    /// <summary>The slot that holds a parameter; that of the moving average on request, if it is kept.</summary>
    public Slot SlotOf(Parameter parameter, bool average = false) => !Layout.IsTrained(parameter) ? State : average && Ema is not null ? Ema : Parameters;
}
