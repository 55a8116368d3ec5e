using System.Diagnostics;
using GpuGrad.Training.Config;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Runs;

/// <summary>
/// Watches a run: writes the figures of watched steps and every alarm into its log. A line of figures has a key for each figure of a
/// layer, <c>0/gradient_norm</c>; a line of an alarm has the key <c>alarm</c>, or <c>remark</c> where it is none yet.
/// </summary>
internal sealed class HealthLog
{
    private readonly RunConfig config;
    private readonly MetricsLog metrics;
    private readonly IRunObserver? display;
    private readonly HealthWatch watch;

    public HealthLog(LoadedConfig loaded, Trainer trainer, double? expectedLoss, MetricsLog metrics, IRunObserver? display)
    {
        config = loaded.Config;
        this.metrics = metrics;
        this.display = display;
        watch = new HealthWatch(loaded, trainer.State.Health, trainer.Samples, expectedLoss);
    }

    public void AfterStep(Trainer trainer, in StepReport report)
    {
        if (config.Diagnostics.Every == 0)
            return;
        long begin = Stopwatch.GetTimestamp();
        // A device that runs ahead is not asked at every step.
        if (report.Watched || !trainer.Model.Device.RunsAhead)
            Raise(trainer, watch.AfterStep(report.Step, report.Bound.GradientNorm));
        if (report.Watched)
        {
            HealthReading reading = HealthReading.Of(trainer.Model, trainer.Model.Probe, report.Bound.Graph.BatchSize);
            Write(report, reading);
            Raise(trainer, watch.AfterReading(report.Step, report.Rate, reading));
        }
        trainer.Cost.Between(Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }

    public void AfterEpoch(Trainer trainer, EpochReport report)
    {
        if (config.Diagnostics.Every > 0)
            Raise(trainer, watch.AfterEpoch(report.Step, report.Train));
    }

    /// <summary>Dead and saturated units by now, layer by layer.</summary>
    public IReadOnlyList<IdleUnits> Idle(Trainer trainer) =>
        config.Diagnostics.Every == 0 ? [] : watch.Idle(trainer.Model.Probe.Layers, config.Data.Batch);

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
            metrics.Append([.. line]);
            display?.OnAlarm(trainer, alarm);
        }
    }

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
        metrics.Append([.. line]);
    }
}
