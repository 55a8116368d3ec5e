using GpuGrad.Training.Config;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>
/// Watches a run: takes measurements and returns alarms. It changes nothing; its memory is
/// <see cref="HealthState"/>.
/// </summary>
public sealed class HealthWatch
{
    private const int NormsKept = 200;

    private readonly HealthState state;
    private readonly UnitRules units;
    private readonly HeadRules heads;
    private readonly GradientRules gradients;
    private readonly UpdateRules updates;
    private readonly LossRules losses;
    private readonly HeldOutRules heldOut;
    private readonly PredictionRules predictions;
    private readonly Explanations explanations;

    /// <param name="loaded">The experiment.</param>
    /// <param name="state">Its state.</param>
    /// <param name="facts">Facts known before the first step.</param>
    public HealthWatch(LoadedConfig loaded, HealthState state, RunFacts facts)
    {
        this.state = state;
        var remedies = new Remedies(loaded) { TotalSteps = facts.TotalSteps };
        explanations = new Explanations(state);
        var progress = new LearningProgress(facts, state);
        units = new UnitRules(remedies, progress, state, facts.Samples);
        heads = new HeadRules(remedies, progress, state, facts.Samples);
        gradients = new GradientRules(loaded.Config, facts, progress, remedies, state);
        updates = new UpdateRules(loaded.Config, facts, progress, remedies, state);
        losses = new LossRules(facts, progress, new StuckLoss(facts, remedies, explanations, progress, state), state);
        heldOut = new HeldOutRules(remedies, state);
        predictions = new PredictionRules(facts, remedies, explanations, state);
    }

    /// <summary>Called before the first step.</summary>
    public IEnumerable<Alarm> AtStart() => Shown([predictions.Missing()]);

    /// <summary>Called at the end of a run.</summary>
    public IEnumerable<Alarm> AtEnd(long step) => Shown([predictions.Judge(step, falls: !losses.IsFlat)]);

    /// <summary>Called after every step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="gradientNorm">Norm of all gradients; NaN if it is not computed.</param>
    /// <param name="loss">Loss of its batch.</param>
    public IEnumerable<Alarm> AfterStep(long step, double gradientNorm, double loss)
    {
        if (!double.IsFinite(gradientNorm))
            return [];
        Alarm? jump = gradients.Jump(step, gradientNorm, loss);
        state.Norms.Add(gradientNorm);
        if (state.Norms.Count > NormsKept)
            state.Norms.RemoveAt(0);
        gradients.NoteEarly();
        return Shown([jump, gradients.Clipping(step, loss)]);
    }

    /// <summary>Called after a watched step.</summary>
    public IEnumerable<Alarm> AfterReading(long step, double rate, double loss, HealthReading reading)
    {
        var alarms = new List<Alarm>();
        updates.NoteSize(step, reading);
        foreach (LayerReading layer in reading.Layers.Where(l => l.Layer.Fault != UnitFault.None))
        {
            if (units.Judge(step, layer, reading.BatchSize) is Alarm alarm)
                alarms.Add(alarm);
        }
        alarms.AddRange(reading.Heads.Select(h => heads.Judge(step, h, reading.BatchSize)).OfType<Alarm>());
        alarms.AddRange(gradients.Judge(step, reading));
        alarms.AddRange(gradients.JudgeTime(step, loss, reading));
        alarms.AddRange(updates.Judge(step, rate, loss, reading));
        return Shown(alarms);
    }

    /// <summary>Called after a watched step of a classifier, with the true and the predicted classes.</summary>
    public void AfterPredictions(ReadOnlySpan<int> labels, ReadOnlySpan<int> predicted) => predictions.Note(labels, predicted);

    /// <summary>Units that are dead or saturated now, layer by layer.</summary>
    public IReadOnlyList<IdleUnits> Idle(IEnumerable<WatchedLayer> layers, int batchSize) => [.. layers.Select(l => units.Idle(l, batchSize)).OfType<IdleUnits>()];

    /// <summary>Called after every epoch.</summary>
    /// <param name="step">Number of steps done.</param>
    /// <param name="train">Training metrics.</param>
    /// <param name="held">Metrics of held-out samples; null without them.</param>
    /// <param name="validation">Whether those are the validation part.</param>
    public IEnumerable<Alarm> AfterEpoch(long step, EpochFigures train, EpochFigures? held = null, bool validation = false)
    {
        IReadOnlyList<Alarm> loss = Shown([losses.Judge(step, train, held)]);
        return [.. loss, .. Shown([losses.IsFlat ? predictions.Judge(step, falls: false) : null, held is EpochFigures h ? heldOut.Judge(step, train, h, validation) : null])];
    }

    /// <summary>Records an alarm that was raised elsewhere.</summary>
    public void Note(Alarm alarm) => explanations.Note(alarm);

    private IReadOnlyList<Alarm> Shown(IEnumerable<Alarm?> alarms)
    {
        var shown = new List<Alarm>();
        foreach (Alarm alarm in alarms.OfType<Alarm>())
        {
            shown.Add(explanations.Referred(alarm));
            explanations.Note(alarm);
        }
        return shown;
    }
}
