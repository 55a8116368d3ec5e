using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Health;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>Runs optimizer steps: the gradients of a step's batches, which accumulate, those of the other ranks, and the update.</summary>
internal sealed class StepRunner
{
    private readonly RunConfig config;
    private readonly Model model;
    private readonly RunSources sources;
    private readonly RankShare share;
    private readonly RankGroup? group;
    private readonly WatchSchedule watches;
    private readonly List<BatchRecord> batches = []; // batches of the current step
    private int[] order = [];
    private int whole; // samples of the last batch over all ranks

    public StepRunner(RunConfig config, Model model, RunSources sources, WatchSchedule watches, RankShare share, RankGroup? group)
    {
        this.watches = watches;
        this.config = config;
        this.model = model;
        this.sources = sources;
        this.share = share;
        this.group = group;
    }

    /// <summary>Record of the last step.</summary>
    public StepRecord? Last { get; private set; }

    /// <summary>Whether the last batch of the last step was a whole one.</summary>
    public bool WasWhole { get; private set; }

    // Samples of this process in a whole batch.
    private int WholePart => share.Of(Math.Min(config.Data.Batch, sources.Train.Count)).Length;

    /// <summary>Begins an epoch with the given order of samples.</summary>
    public void BeginEpoch(int[] permutation)
    {
        order = permutation;
        sources.Train.Shuffle(model.DeviceMemory, permutation);
    }

    /// <summary>Runs a step and counts it.</summary>
    /// <param name="state">State of the run; advanced by one step.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="stop">Whether this rank is asked to stop.</param>
    public StepReport Run(RunState state, double rate, bool stop)
    {
        int batchesLeft = (int)(((long)sources.EpochSize - state.Cursor + config.Data.Batch - 1) / config.Data.Batch);
        int count = Math.Min(config.Train.Accumulate, batchesLeft);
        bool watched = watches.IsDue(state.Step);
        // On a device that runs ahead, the losses of a step's batches are read only if the step's loss will be needed.
        bool asked = watched || group is not null || !model.Device.RunsAhead || (state.Step + 1) % config.Train.LogEvery == 0;
        batches.Clear();
        StepLoss before = default;
        for (int i = 1; i < count; i++)
        {
            BoundGraph part = NextBatch(state, rate);
            if (group is not null)
            {
                before = group.Run(part, batches[^1].Size, whole, before);
                continue;
            }
            part.Plan.Run(Phase.Batch, Phase.Backward);
            before = asked ? before.With(part) : before;
        }
        BoundGraph step = NextBatch(state, rate, watched);
        if (group is null)
            step.Plan.Run();
        else
            RunTogether(step, before, stop, isLast: state.Cursor >= sources.EpochSize);
        state.Step++;
        WasWhole = step.Graph.BatchSize == share.Of(config.Data.Batch).Length;
        Last = new StepRecord(state.Step, state.Epoch + 1, rate, step == model.Watched, [.. batches]);
        return new StepReport(state.Epoch, state.Step, state.Cursor, sources.EpochSize, rate, step, Last.Watched) { Before = before, OfAllRanks = group?.Loss };
    }

    /// <summary>Runs a recorded step again on the model's current state, without counting it or calling observers.</summary>
    public void Repeat(StepRecord record)
    {
        for (int i = 0; i < record.Batches.Count; i++)
        {
            BatchRecord batch = record.Batches[i];
            if (i == 0 || batch.Order != record.Batches[i - 1].Order)
                sources.Train.Shuffle(model.DeviceMemory, batch.Order);
            model.SetStep(config.Seed, batch.Number, batch.Cursor, record.Step - 1, record.Rate);
            sources.Train.Provide(model.DeviceMemory, batch.Cursor, batch.Size, new BatchTime(config.Seed, batch.Number));
            bool last = i == record.Batches.Count - 1;
            Plan plan = (last && record.Watched ? model.Watched! : model.Training(batch.Size)).Plan;
            plan.Run(Phase.Batch, last ? Phase.Update : Phase.Backward);
        }
    }

    private BoundGraph NextBatch(RunState state, double rate, bool watched = false)
    {
        whole = Math.Min(config.Data.Batch, sources.EpochSize - state.Cursor);
        (int first, int size) = share.Of(whole);
        int begin = state.Cursor + first;
        long number = state.Batches;
        model.SetStep(config.Seed, number, begin, state.Step, rate, first);
        if (size > 0)
            sources.Train.Provide(model.DeviceMemory, begin, size, new BatchTime(config.Seed, number));
        batches.Add(new BatchRecord(number, order, begin, size));
        state.Cursor += whole;
        state.Batches++;
        state.Samples += whole;
        // The smaller last batch of an epoch is not watched. A rank without samples in it still updates with the others.
        return watched && model.Watched is { } probed && probed.Graph.BatchSize == size ? probed : model.Training(size > 0 ? size : WholePart);
    }

    // Runs a step together with the other ranks: the gradient of the whole batch combines those of all ranks.
    private void RunTogether(BoundGraph step, StepLoss before, bool stop, bool isLast)
    {
        StepLoss loss = group!.Run(step, batches[^1].Size, whole, before);
        group.Combine(loss, batches.Sum(b => b.Size), stop, last: isLast);
        step.Plan.Run(Phase.Update, Phase.Update);
    }
}
