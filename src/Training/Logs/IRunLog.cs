using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Logs;

/// <summary>Kind of a line in a log.</summary>
internal enum LineKind
{
    /// <summary>A step: loss, learning rate, norm of all gradients.</summary>
    Step,

    /// <summary>The measurements of layers in a watched step, <c>0.weight/gradient_norm</c>.</summary>
    Layers,

    /// <summary>An epoch: the metrics of each set, <c>test_loss</c>.</summary>
    Epoch,

    /// <summary>An alarm, or a remark.</summary>
    Alarm,
}

/// <summary>A log in another format than <c>metrics.jsonl</c>: receives the same lines, and may read the model after each epoch.</summary>
internal interface IRunLog : IDisposable
{
    /// <summary>Appends a line, whose first values are <c>step</c> and <c>epoch</c>.</summary>
    void Append(LineKind kind, ReadOnlySpan<(string Name, MetricValue Value)> line);

    /// <summary>Called before the first step of a new run.</summary>
    void AtStart(Trainer trainer)
    {
    }

    /// <summary>Called after each epoch's evaluation and line.</summary>
    void AfterEpoch(Trainer trainer, EpochReport report)
    {
    }

    /// <summary>Called once the run is over, but not if it only stops to be resumed.</summary>
    /// <param name="trainer">The run.</param>
    /// <param name="succeeded">Whether it ran to its end.</param>
    void AtEnd(Trainer trainer, bool succeeded)
    {
    }

    /// <summary>Flushes to the system, for programs that read along.</summary>
    void Flush();

    /// <summary>Makes everything durable; returns the lengths of its files for a checkpoint.</summary>
    IEnumerable<KeyValuePair<string, long>> Sync();
}
