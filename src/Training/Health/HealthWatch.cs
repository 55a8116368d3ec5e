using GpuGrad.Training.Config;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>
/// The watch over a run: takes note of what is measured and says what is wrong. It only looks; its memory is
/// <see cref="HealthState"/>.
/// </summary>
public sealed class HealthWatch
{
    private const int NormsKept = 200;

    private readonly HealthState state;
    private readonly UnitRules units;
    private readonly GradientRules gradients;
    private readonly UpdateRules updates;
    private readonly LossRules losses;

    /// <param name="loaded">The experiment.</param>
    /// <param name="state">What it remembers.</param>
    /// <param name="samples">Training samples.</param>
    /// <param name="expectedLoss">The loss of a network that knows nothing; null where that cannot be said.</param>
    public HealthWatch(LoadedConfig loaded, HealthState state, int samples, double? expectedLoss)
    {
        this.state = state;
        var remedies = new Remedies(loaded);
        units = new UnitRules(remedies, state, samples);
        gradients = new GradientRules(loaded.Config, remedies, state);
        updates = new UpdateRules(loaded.Config, remedies, state);
        losses = new LossRules(remedies, state, expectedLoss);
    }

    /// <summary>Called after every step.</summary>
    public IEnumerable<Alarm> AfterStep(long step, double gradientNorm)
    {
        if (!double.IsFinite(gradientNorm))
            return [];
        Alarm? jump = gradients.Jump(step, gradientNorm);
        state.Norms.Add(gradientNorm);
        if (state.Norms.Count > NormsKept)
            state.Norms.RemoveAt(0);
        return new[] { jump, gradients.Clipping(step) }.OfType<Alarm>();
    }

    /// <summary>Called after a watched step.</summary>
    public IEnumerable<Alarm> AfterReading(long step, double rate, HealthReading reading)
    {
        var alarms = new List<Alarm>();
        updates.NoteSize(step, reading);
        foreach (LayerReading layer in reading.Layers.Where(l => l.Layer.Fault != UnitFault.None))
        {
            if (units.Judge(step, layer, reading.BatchSize) is Alarm alarm)
                alarms.Add(alarm);
        }
        alarms.AddRange(gradients.Judge(step, reading));
        alarms.AddRange(updates.Judge(step, rate, reading));
        return alarms;
    }

    /// <summary>Dead and saturated units by now, layer by layer.</summary>
    public IReadOnlyList<IdleUnits> Idle(IEnumerable<WatchedLayer> layers, int batchSize) => [.. layers.Select(l => units.Idle(l, batchSize)).OfType<IdleUnits>()];

    /// <summary>Called after every epoch.</summary>
    public IEnumerable<Alarm> AfterEpoch(long step, EpochFigures figures) => losses.Judge(step, figures) is Alarm alarm ? [alarm] : [];
}
