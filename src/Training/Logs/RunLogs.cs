using System.Diagnostics;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Logs.TensorBoard;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Logs;

/// <summary>
/// All logs of a run's metrics: <c>metrics.jsonl</c>, and those in the config. They are flushed at the end of
/// each epoch and at least every second as long as lines arrive, so that a program that reads along is never far behind.
/// </summary>
internal sealed class RunLogs : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly MetricsLog metrics;
    private readonly IReadOnlyList<IRunLog> others;
    private long flushed = Stopwatch.GetTimestamp();

    /// <param name="metrics">The log that every run has; disposed with this.</param>
    /// <param name="others">The others; disposed with this.</param>
    public RunLogs(MetricsLog metrics, IReadOnlyList<IRunLog> others)
    {
        this.metrics = metrics;
        this.others = others;
    }

    /// <summary>Opens the logs of a run, each truncated to its length in the checkpoint.</summary>
    /// <param name="loaded">The experiment.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="resumed">The checkpoint to resume from; null for a new run.</param>
    /// <param name="tolerate">Receives write errors, which the run survives.</param>
    public static RunLogs Open(LoadedConfig loaded, TrainingData data, RunFolder folder, Checkpoint? resumed, Action<GpuGradException> tolerate)
    {
        MetricsLog metrics = folder.OpenMetrics(resumed?.MetricsLength ?? 0, tolerate);
        var opened = new List<IRunLog>();
        try
        {
            IReadOnlyDictionary<string, long> lengths = resumed?.LogLengths ?? [];
            foreach (LogConfig log in loaded.Config.Log.DistinctBy(l => l.GetType()))
            {
                opened.Add(log switch
                {
                    TensorBoardConfig board => new TensorBoardLog(board, loaded, data, EventFile.Open(folder.Folder, lengths, resumed?.State.Step ?? 0, tolerate)),
                    CsvLogConfig => new CsvLog(folder.Folder, lengths, tolerate),
                    _ => throw new InvalidOperationException($"{log.GetType().Name} is no log."),
                });
            }
            return new RunLogs(metrics, opened);
        }
        catch
        {
            opened.ForEach(o => o.Dispose());
            metrics.Dispose();
            throw;
        }
    }

    public void Append(LineKind kind, params ReadOnlySpan<(string Name, MetricValue Value)> line)
    {
        metrics.Append(line);
        foreach (IRunLog log in others)
            log.Append(kind, line);
        if (kind is LineKind.Step or LineKind.Layers && Stopwatch.GetElapsedTime(flushed) >= LongestWait)
            Flush();
    }

    public void AtStart(Trainer trainer)
    {
        foreach (IRunLog log in others)
            log.AtStart(trainer);
        Flush();
    }

    /// <summary>Called once the epoch's line is appended.</summary>
    public void AfterEpoch(Trainer trainer, EpochReport report)
    {
        foreach (IRunLog log in others)
            log.AfterEpoch(trainer, report);
        Flush();
    }

    public void AtEnd(Trainer trainer, bool succeeded)
    {
        foreach (IRunLog log in others)
            log.AtEnd(trainer, succeeded);
    }

    /// <summary>Makes everything durable and returns the lengths: that of <c>metrics.jsonl</c>, and those of the other logs' files; null without any.</summary>
    public (long Metrics, Dictionary<string, long>? Others) Sync() =>
        (metrics.Sync(), others.Count == 0 ? null : new Dictionary<string, long>(others.SelectMany(o => o.Sync())));

    public void Dispose()
    {
        metrics.Dispose();
        foreach (IRunLog log in others)
            log.Dispose();
    }

    private void Flush()
    {
        flushed = Stopwatch.GetTimestamp();
        metrics.Flush();
        foreach (IRunLog log in others)
            log.Flush();
    }
}
