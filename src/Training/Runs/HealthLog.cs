using System.Diagnostics;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Runs;

/// <summary>
/// Watches a run: writes the measurements of watched steps and every alarm to its log. A line of measurements has a key per figure of a
/// layer, <c>0/gradient_norm</c>; a line of an alarm has the key <c>alarm</c>, or <c>remark</c> for a finding that is not an alarm yet.
/// </summary>
internal sealed class HealthLog
{
    private const int MostSteps = 16; // time steps of a recurrent layer per line of the log
    private const int LargestOutput = 1 << 20; // elements of a batch's output that are read back to see the predictions

    private readonly RunConfig config;
    private readonly RunLogs logs;
    private readonly IRunObserver? display;
    private readonly HealthWatch watch;
    private readonly int[]? labels;
    private readonly HealthState state;

    public HealthLog(LoadedConfig loaded, Trainer trainer, TrainingData data, RunLogs logs, IRunObserver? display)
    {
        config = loaded.Config;
        this.logs = logs;
        this.display = display;
        labels = data.Train.Labels;
        state = trainer.State.Health;
        watch = new HealthWatch(loaded, state, RunFacts.Of(config, data, trainer.Network, trainer.TotalSteps));
    }

    /// <summary>The largest relative update of a layer in the last watched steps; null if none was watched.</summary>
    public double? LongestStep => state.Steps.Count == 0 ? null : state.Steps.Max(s => s.Ratio);

    /// <summary>Called before the first step.</summary>
    public void AtStart(Trainer trainer) => Raise(trainer, watch.AtStart());

    /// <summary>Called at the end of a run.</summary>
    public void AtEnd(Trainer trainer) => Raise(trainer, watch.AtEnd(trainer.State.Step));

    public void AfterStep(Trainer trainer, in StepReport report)
    {
        if (config.Diagnostics.Every == 0)
            return;
        long begin = Stopwatch.GetTimestamp();
        // A device that runs ahead is not read at every step.
        if (report.Watched || !trainer.Model.Device.RunsAhead)
            Raise(trainer, watch.AfterStep(report.Step, report.Bound.GradientNorm, report.Loss));
        if (report.Watched)
        {
            HealthReading reading = HealthReading.Of(trainer.Model, trainer.Model.Probe, report.Bound.Graph.BatchSize);
            Write(report, reading);
            NotePredictions(trainer, report);
            Raise(trainer, watch.AfterReading(report.Step, report.Rate, report.Loss, reading));
        }
        trainer.Cost.Between(Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }

    public void AfterEpoch(Trainer trainer, EpochReport report)
    {
        if (config.Diagnostics.Every > 0)
            Raise(trainer, watch.AfterEpoch(report.Step, report.Train, report.Validation ?? report.Test, report.Validation is not null));
    }

    /// <summary>Units that are dead or saturated now, layer by layer.</summary>
    public IReadOnlyList<IdleUnits> Idle(Trainer trainer) =>
        config.Diagnostics.Every == 0 ? [] : watch.Idle(trainer.Model.Probe.Layers, config.Data.Batch);

    /// <summary>Records that units were drawn anew after a step: their time of being idle begins again.</summary>
    public void Forget(IdleUnits revived, long step)
    {
        UnitHistory history = state.Units[revived.Layer.Path];
        foreach (int unit in revived.Units)
            (history.LastActive[unit], history.Idle[unit]) = (step, 0);
    }

    public void Raise(Trainer trainer, IEnumerable<Alarm> alarms)
    {
        foreach (Alarm alarm in alarms)
        {
            var line = new List<(string, MetricValue)>
            {
                ("step", alarm.Step), ("epoch", trainer.State.Epoch + 1), (alarm.IsRemark ? "remark" : "alarm", alarm.Id), ("title", alarm.Title),
                ("layer", alarm.Layer), ("finding", alarm.Finding), ("cause", alarm.Cause), ("remedy", alarm.Remedy),
            };
            if (alarm.Units is { } units)
                line.Add(("units", string.Join(',', units)));
            if (alarm.Action is { } action)
                line.Add(("action", action));
            logs.Append(LineKind.Alarm, [.. line]);
            watch.Note(alarm);
            display?.OnAlarm(trainer, alarm);
        }
    }

    // The classes of the batch and those that the network predicted: the largest score, or for a single score whether it is above the threshold.
    private void NotePredictions(Trainer trainer, in StepReport report)
    {
        Tensor output = report.Bound.Graph.Output;
        if (labels is null || output.Shape.Rank != 2 || output.Shape.Length > LargestOutput)
            return;
        int classes = output.Shape[1];
        double[] scores = report.Bound.Plan.Read(output);
        ReadOnlySpan<int> samples = trainer.LastStep!.Batches[^1].Samples;
        double middle = config.Loss is BinaryCrossEntropyConfig ? 0 : 0.5;
        var (given, predicted) = (new int[samples.Length], new int[samples.Length]);
        for (int i = 0; i < samples.Length; i++)
        {
            ReadOnlySpan<double> row = scores.AsSpan(i * classes, classes);
            given[i] = labels[samples[i]];
            predicted[i] = classes == 1 && config.Loss is NumberLossConfig ? row[0] > middle ? 1 : 0 : Largest(row);
        }
        watch.AfterPredictions(given, predicted);
    }

    private static int Largest(ReadOnlySpan<double> row)
    {
        int at = 0;
        for (int i = 1; i < row.Length; i++)
            at = row[i] > row[at] ? i : at;
        return at;
    }

    // The first, the last, and some in between.
    private static IEnumerable<int> StepsShown(int steps) => Enumerable.Range(0, Math.Min(steps, MostSteps)).Select(i => (int)((long)i * (steps - 1) / Math.Max(1, Math.Min(steps, MostSteps) - 1)));

    private void Write(in StepReport report, HealthReading reading)
    {
        var line = new List<(string, MetricValue)> { ("step", report.Step), ("epoch", report.Epoch + 1) };
        foreach (ParameterReading p in reading.Parameters)
        {
            line.Add(($"{p.Parameter.Name}/gradient_norm", p.Gradient));
            line.Add(($"{p.Parameter.Name}/gradient_rms", p.GradientRms));
            line.Add(($"{p.Parameter.Name}/weight_norm", p.Weight));
            line.Add(($"{p.Parameter.Name}/update_ratio", p.Weight > 0 ? p.Ratio : (double?)null));
        }
        foreach (LayerReading l in reading.Layers)
        {
            line.Add(($"{l.Layer.Path}/mean", l.Mean));
            line.Add(($"{l.Layer.Path}/deviation", l.Deviation));
            line.Add(($"{l.Layer.Path}/zeros", l.Zeros));
            line.Add(($"{l.Layer.Path}/largest", l.Largest));
            if (l.Layer.Fault != UnitFault.None)
                line.Add(($"{l.Layer.Path}/{(l.Layer.Fault == UnitFault.Dead ? "dead" : "saturated")}_units", (double)l.IdleUnits / l.Layer.Units));
        }
        foreach (HeadReading h in reading.Heads)
            line.Add(($"{h.Layer.Path}/dead_heads", h.Dead));
        foreach (TimeReading t in reading.Times)
            line.AddRange(StepsShown(t.Norms.Length).Select(s => ($"{t.Time.Path}.{t.Time.Name}@{s + 1}/step_gradient", (MetricValue)t.Norms[s])));
        logs.Append(LineKind.Layers, [.. line]);
    }
}
