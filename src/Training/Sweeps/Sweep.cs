namespace GpuGrad.Training.Sweeps;

/// <summary>Outcome of a trial.</summary>
/// <param name="Figure">Its best value of the figure that trials are compared by; null for one that failed.</param>
/// <param name="Epochs">Epochs that it has trained.</param>
/// <param name="Failure">Why it failed, in a line.</param>
/// <param name="ExitCode">Of the process that trained it.</param>
public sealed record TrialResult(double? Figure, int Epochs, string? Failure = null, int ExitCode = 0);

/// <summary>Trains trials.</summary>
public interface ITrialRunner
{
    /// <summary>Trains a trial until the end of an epoch, from where it stands; gives null where it was asked to stop before.</summary>
    /// <param name="trial">Its number.</param>
    /// <param name="overrides">What it sets.</param>
    /// <param name="epochs">Of the whole training.</param>
    /// <param name="slot">Which of those that run at a time: from 0.</param>
    /// <param name="stop">Asks it to stop and to save where it is.</param>
    Task<TrialResult?> Train(int trial, IReadOnlyList<string> overrides, int epochs, int slot, CancellationToken stop);
}

/// <summary>A sweep that is going on, or has ended.</summary>
public sealed class Sweep
{
    // So many trials that fail alike before any succeeds say that the sweep is wrong, not they.
    private const int MostFailures = 3;

    private readonly ITrialRunner runner;
    private readonly int parallel;
    private readonly Dictionary<int, TrialResult> results = [];
    private readonly HashSet<int> running = [];

    /// <param name="plan">What is tried.</param>
    /// <param name="runner">Trains trials.</param>
    /// <param name="parallel">Trials at a time.</param>
    /// <param name="lag">How many trials a pick may run ahead of what it learns from; the same for a sweep that goes on.</param>
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

    /// <summary>Trains until nothing is left or it is asked to stop.</summary>
    /// <param name="changed">Told of each trial that ended, or came to a rung.</param>
    /// <param name="stop">Asks the running trials to save and stop.</param>
    /// <exception cref="GpuGradException">The first trials all failed alike.</exception>
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
