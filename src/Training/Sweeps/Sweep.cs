namespace GpuGrad.Training.Sweeps;

/// <summary>Outcome of a trial.</summary>
/// <param name="Figure">The trial's best value of the monitored metric; null if it failed.</param>
/// <param name="Epochs">Number of epochs trained.</param>
/// <param name="Failure">Why it failed, in one line.</param>
/// <param name="ExitCode">Exit code of the process that trained it.</param>
public sealed record TrialResult(double? Figure, int Epochs, string? Failure = null, int ExitCode = 0);

/// <summary>Runs trials.</summary>
public interface ITrialRunner
{
    /// <summary>Trains a trial up to an epoch, continuing from its last state; returns null if it was asked to stop before.</summary>
    /// <param name="trial">Its number.</param>
    /// <param name="overrides">The settings of the trial.</param>
    /// <param name="epochs">The epoch to train to.</param>
    /// <param name="slot">Number of the parallel slot it runs in, from 0.</param>
    /// <param name="stop">Asks it to stop and save its state.</param>
    Task<TrialResult?> Train(int trial, IReadOnlyList<string> overrides, int epochs, int slot, CancellationToken stop);
}

/// <summary>Runs a sweep, and holds its results.</summary>
public sealed class Sweep
{
    // If this many trials fail in the same way before any succeeds, the sweep is at fault.
    private const int MostFailures = 3;

    private readonly ITrialRunner runner;
    private readonly int parallel;
    private readonly Dictionary<int, TrialResult> results = [];
    private readonly HashSet<int> running = [];

    /// <param name="plan">The space, the search and the trials.</param>
    /// <param name="runner">Runs trials.</param>
    /// <param name="parallel">Trials at a time.</param>
    /// <param name="lag">Pick n uses the results of trials 0 to n − lag; a resumed sweep must keep it.</param>
    public Sweep(SweepPlan plan, ITrialRunner runner, int parallel, int lag)
    {
        (Plan, this.runner, this.parallel) = (plan, runner, parallel);
        Schedule = plan.Schedule(lag);
    }

    public SweepPlan Plan { get; }

    public SweepSchedule Schedule { get; }

    public bool IsOver => Schedule.IsOver;

    public int? Best => Schedule.Best;

    /// <summary>The latest result of each trial.</summary>
    public IReadOnlyDictionary<int, TrialResult> Results => results;

    public bool IsRunning(int trial) => running.Contains(trial);

    /// <summary>Runs trials until the sweep is over or it is asked to stop.</summary>
    /// <param name="changed">Called for each trial that ends or reaches a rung.</param>
    /// <param name="stop">Asks the running trials to save and stop.</param>
    /// <exception cref="GpuGradException">The first trials all failed in the same way.</exception>
    public async Task Run(Action<int, TrialResult> changed, CancellationToken stop)
    {
        var slots = new Stack<int>(Enumerable.Range(0, parallel).Reverse());
        var tasks = new List<(Task<TrialResult?> Task, SweepJob Job, int Slot)>();
        using var all = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            while (true)
            {
                while (!all.IsCancellationRequested && slots.Count > 0 && Schedule.Next() is SweepJob job)
                {
                    int slot = slots.Pop();
                    running.Add(job.Trial);
                    tasks.Add((runner.Train(job.Trial, Plan.Overrides(Schedule.Points[job.Trial]), Plan.Rungs[job.Rung], slot, all.Token), job, slot));
                }
                if (tasks.Count == 0)
                    return;
                await Task.WhenAny(tasks.Select(t => t.Task)).ConfigureAwait(false);
                foreach ((Task<TrialResult?> task, SweepJob job, int slot) in tasks.Where(t => t.Task.IsCompleted).ToArray())
                {
                    tasks.RemoveAll(t => t.Job == job);
                    slots.Push(slot);
                    running.Remove(job.Trial);
                    if (await task.ConfigureAwait(false) is not { } result)
                        continue;
                    results[job.Trial] = result;
                    Schedule.Report(job, Plan.ScoreOf(result.Figure));
                    changed(job.Trial, result);
                    RequireHope();
                }
            }
        }
        catch
        {
            await all.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(tasks.Select(t => t.Task)).ConfigureAwait(false);
            throw;
        }
    }

    private void RequireHope()
    {
        int needed = Math.Min(MostFailures, Plan.Trials);
        if (results.Count < needed || results.Values.Any(r => r.Failure is null) || results.Values.Select(r => r.ExitCode).Distinct().Count() > 1)
            return;
        (int trial, TrialResult first) = results.MinBy(r => r.Key);
        throw new GpuGradException(FaultOf(first.ExitCode), $"{Plan.Path}: the first {results.Count} trials all failed; trial {trial}: {first.Failure}");
    }

    private static Fault FaultOf(int exitCode) => exitCode switch { 3 => Fault.Data, 4 => Fault.NonFinite, 5 => Fault.Memory, 6 => Fault.Device, _ => Fault.Config };
}
