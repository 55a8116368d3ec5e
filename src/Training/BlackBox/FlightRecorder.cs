using System.Diagnostics;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.BlackBox;

/// <summary>
/// Keeps what is needed to rerun the last steps: two copies of the model's state and a record of each step since the older one.
/// Copies are taken as often as they cost less than a two-hundredth of the training time: after nearly every step of a large network.
/// Copies that would take more than a modest share of memory are kept in a file of the run folder.
/// </summary>
public sealed class FlightRecorder : IDisposable
{
    private const double Share = 1.0 / 200;
    public const int MostRecords = 4096;

    // Limits on the memory of copies: this much, and this part of the machine's free memory.
    private const long MostMemory = 256L << 20;
    private const int PartOfMemory = 8;

    private readonly List<StepRecord> records = [];
    private readonly string folder;
    private Snapshot? older;
    private Snapshot? newer;
    private bool? inMemory;
    private double costOfOne;
    private long lastTaken;

    /// <summary>Copies the state at the start of a run, or where it resumes.</summary>
    /// <param name="model">The model.</param>
    /// <param name="step">Number of steps done.</param>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="StorageException">The copy could not be written.</exception>
    public FlightRecorder(Model model, long step, string folder)
    {
        this.folder = folder;
        try
        {
            Take(model, step);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes of memory that a recorder will use for a model: 0 if its copies are in a file.</summary>
    public static long MemoryFor(Model model)
    {
        long bytes = checked(2 * Snapshot.BytesOf(model));
        return bytes <= MostMemory && bytes <= HostMemory.Available / PartOfMemory ? bytes : 0;
    }

    /// <summary>Called after a step; copies the state from time to time.</summary>
    /// <exception cref="NonFiniteException">A parameter is no longer finite although loss and gradients were.</exception>
    /// <exception cref="StorageException">A copy could not be written.</exception>
    public void AfterStep(Trainer trainer, StepRecord record)
    {
        records.Add(record);
        double since = Stopwatch.GetElapsedTime(lastTaken).TotalSeconds;
        if (since * Share < costOfOne && records.Count < MostRecords)
            return;
        (older, newer) = (newer, older);
        records.RemoveAll(r => r.Step <= older!.Step);
        Snapshot taken = Take(trainer.Model, record.Step);
        trainer.Cost.Between(costOfOne);
        if (taken.NonFinite is (Parameter parameter, _))
            throw new NonFiniteException(record.Step, record.Epoch, parameter.Name);
    }

    /// <summary>Begins anew after a change of the state that is no step, which a replay would not repeat.</summary>
    /// <exception cref="StorageException">A copy could not be written.</exception>
    public void Restart(Model model, long step)
    {
        records.Clear();
        older?.Dispose();
        older = null;
        Take(model, step);
    }

    /// <summary>
    /// Restores the trainer's model to the state before the step that precedes the failed one, by rerunning the steps since
    /// a copy; returns the last steps, with the failed one at the end.
    /// </summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="failed">The step that failed.</param>
    /// <param name="state">The state before the first of these steps.</param>
    public IReadOnlyList<StepRecord> Rewind(Trainer trainer, StepRecord failed, out Snapshot state)
    {
        Snapshot from = older is null || (newer!.NonFinite is null && newer.Step < failed.Step - 1) ? newer! : older;
        List<StepRecord> steps = [.. records.Where(r => r.Step > from.Step && r.Step != failed.Step), failed];
        from.Restore(trainer.Model);
        state = New(trainer.Model);
        state.Take(trainer.Model, from.Step);
        // The state one step earlier is kept in case this step's update is the one that failed.
        Snapshot next = New(trainer.Model);
        while (steps.Count > 2)
        {
            trainer.Repeat(steps[0]);
            next.Take(trainer.Model, steps[0].Step);
            if (next.NonFinite is not null)
                return steps[..1];
            (state, next) = (next, state);
            steps.RemoveAt(0);
        }
        return steps;
    }

    public void Dispose()
    {
        older?.Dispose();
        newer?.Dispose();
    }

    private Snapshot Take(Model model, long step)
    {
        long begin = Stopwatch.GetTimestamp();
        newer ??= New(model);
        newer.Take(model, step);
        lastTaken = Stopwatch.GetTimestamp();
        costOfOne = Stopwatch.GetElapsedTime(begin, lastTaken).TotalSeconds;
        return newer;
    }

    // The first copy decides whether all copies of the run are in memory or in a file.
    private Snapshot New(Model model) => new(model, (inMemory ??= MemoryFor(model) > 0) ? null : folder);
}
