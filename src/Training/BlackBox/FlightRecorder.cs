using System.Diagnostics;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.BlackBox;

/// <summary>
/// Keeps what is needed to run the last steps again: two copies of the model's state and a record of each step since the older one.
/// Copies are taken as often as they cost less than a two-hundredth of the training time: after nearly every step of a large network.
/// </summary>
public sealed class FlightRecorder
{
    private const double Share = 1.0 / 200;
    private const int MostRecords = 4096;

    private readonly List<StepRecord> records = [];
    private Snapshot older = new();
    private Snapshot newer = new();
    private double costOfOne;
    private long lastTaken;

    /// <summary>Copies the state that a run begins or goes on with.</summary>
    public FlightRecorder(Model model, long step)
    {
        older.Take(model, step);
        Take(model, step);
    }

    /// <summary>Called after a step; now and then copies the state.</summary>
    /// <exception cref="NonFiniteException">A parameter is no longer finite although loss and gradients were.</exception>
    public void AfterStep(Trainer trainer, StepRecord record)
    {
        records.Add(record);
        double since = Stopwatch.GetElapsedTime(lastTaken).TotalSeconds;
        if (since * Share < costOfOne && records.Count < MostRecords)
            return;
        (older, newer) = (newer, older);
        records.RemoveAll(r => r.Step <= older.Step);
        (Parameter Parameter, long Index)? wrong = Take(trainer.Model, record.Step);
        trainer.Cost.Between(costOfOne);
        if (wrong is (Parameter parameter, _))
            throw new NonFiniteException(record.Step, record.Epoch, parameter.Name);
    }

    /// <summary>
    /// Goes back with the trainer's model to the state before the step ahead of the one that failed, by running again what lies between
    /// a copy and that; gives the last steps, the failed one at the end.
    /// </summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="failed">The step that failed.</param>
    /// <param name="state">The state that the first of these steps begins with.</param>
    public IReadOnlyList<StepRecord> Rewind(Trainer trainer, StepRecord failed, out Snapshot state)
    {
        Snapshot from = newer.FindNonFinite(trainer.Model) is null && newer.Step < failed.Step - 1 ? newer : older;
        List<StepRecord> steps = [.. records.Where(r => r.Step > from.Step && r.Step != failed.Step), failed];
        from.Restore(trainer.Model);
        state = new Snapshot();
        state.Take(trainer.Model, from.Step);
        // The state one step earlier is kept for the case that this step's update is the one that failed.
        Snapshot next = new();
        while (steps.Count > 2)
        {
            trainer.Repeat(steps[0]);
            next.Take(trainer.Model, steps[0].Step);
            if (next.FindNonFinite(trainer.Model) is not null)
                return steps[..1];
            (state, next) = (next, state);
            steps.RemoveAt(0);
        }
        return steps;
    }

    private (Parameter Parameter, long Index)? Take(Model model, long step)
    {
        long begin = Stopwatch.GetTimestamp();
        newer.Take(model, step);
        (Parameter, long)? wrong = newer.FindNonFinite(model);
        lastTaken = Stopwatch.GetTimestamp();
        costOfOne = Stopwatch.GetElapsedTime(begin, lastTaken).TotalSeconds;
        return wrong;
    }
}
