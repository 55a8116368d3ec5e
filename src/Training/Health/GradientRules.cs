using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Optimizers;

namespace GpuGrad.Training.Health;

/// <summary>Gradients that vanish, explode, or are always cut.</summary>
internal sealed class GradientRules(RunConfig config, RunFacts facts, LearningProgress progress, Remedies remedies, HealthState state) : AlarmRule(state)
{
    private const double Vanished = 1e-4; // of the largest, from layer to layer and through time
    private const double Exploded = 1e3;
    private const double Jumped = 100;
    private const int VanishedFor = 5, ExplodedFor = 3, NormsForJump = 20, NormsForClipping = 100;

    /// <summary>From layer to layer, in a watched step. Biases, factors of normalisations, tables and frozen parameters are ignored.</summary>
    public IEnumerable<Alarm> Judge(long step, HealthReading reading)
    {
        ParameterReading[] weights = [.. reading.Parameters.Where(p => p.Parameter.Shape.Rank > 1 && facts.FactorOf(p) > 0 && !facts.Tables.Contains(p.Parameter.Name))];
        if (weights.Length < 2 || progress.Learned)
            yield break;
        ParameterReading first = weights[0], last = weights[^1];
        ParameterReading largest = weights[1..].MaxBy(p => p.GradientRms)!;
        double shrunk = first.GradientRms / largest.GradientRms, grown = first.GradientRms / last.GradientRms;
        if (Holds(AlarmCatalog.Vanishing, largest.GradientRms > 0 && shrunk < Vanished, VanishedFor) && IsFirst(AlarmCatalog.Vanishing))
        {
            string finding = string.Create(CultureInfo.InvariantCulture, $"the gradient of {first.Parameter.Name} is {first.GradientRms:G2} an element, that of {largest.Parameter.Name} {largest.GradientRms:G2}{(shrunk > 0 ? string.Create(CultureInfo.InvariantCulture, $": {1 / shrunk:G2} times as much") : "")}");
            yield return new Alarm(
                AlarmCatalog.Vanishing, step, first.Parameter.Layer, finding, "Each layer on the way back multiplies the gradient by less than 1; a sigmoid by at most 0.25.",
                Remedies.Either(remedies.Relu, "batchnorm between the layers, or residual: around some of them"));
        }
        if (Holds(AlarmCatalog.Exploding, last.GradientRms > 0 && grown > Exploded, ExplodedFor) && IsFirst(AlarmCatalog.Exploding))
        {
            string finding = string.Create(CultureInfo.InvariantCulture, $"the gradient of {first.Parameter.Name} is {first.GradientRms:G2} an element, that of {last.Parameter.Name} {last.GradientRms:G2}: it grows {grown:G2} times on its way back");
            yield return new Alarm(
                AlarmCatalog.Exploding, step, first.Parameter.Layer, finding, "Each layer on the way back multiplies the gradient by more than 1: the weights are too large.",
                Remedies.Either(remedies.DefaultInit, Remedies.Clip(1), remedies.DefaultInit is null ? "batchnorm between the layers" : null));
        }
    }

    /// <summary>From step to step of a sequence, in a watched step.</summary>
    public IEnumerable<Alarm> JudgeTime(long step, double loss, HealthReading reading)
    {
        foreach (TimeReading time in reading.Times)
        {
            string key = $"{AlarmCatalog.VanishingThroughTime} {time.Time.Path} {time.Time.Name}";
            bool vanishes = time.Left < Vanished && !progress.Learned && !progress.IsFalling && !progress.HasMoved(loss);
            if (!Holds(key, vanishes, VanishedFor) || !IsFirst(AlarmCatalog.VanishingThroughTime))
                continue;
            int steps = time.Norms.Length, far = time.Time.Reverse ? steps - 1 : 0;
            string finding = string.Create(CultureInfo.InvariantCulture, $"in {time.Time.Path} ({time.Time.Kind}) {time.Norms[far]:G2} of the gradient reaches step {far + 1} of {steps}, where the largest is {time.Norms.Max():G2}");
            yield return new Alarm(
                AlarmCatalog.VanishingThroughTime, step, time.Time.Path, finding, "Each step back multiplies the gradient by less than 1; what stood there can't be learned.",
                Remedies.Either(remedies.Orthogonal, time.Time.Kind == "rnn" ? "lstm or gru in its place" : "more epochs, until its gates have learned to keep", "attention or time-pool instead of the last state"));
        }
    }

    /// <summary>From step to step: called before the norm is added to the others.</summary>
    public Alarm? Jump(long step, double norm, double loss)
    {
        // The median is computed only if the step before was much shorter: sorting costs more than a step of some networks.
        if (State.Norms.Count < NormsForJump || norm < 10 * State.Norms[^1])
            return null;
        double usual = NormAt(0.5);
        // A network that has learned has gradients near 0, so a misclassified sample makes the norm jump; it is an explosion only if the loss is then worse than a guess's.
        if (!(usual > 0) || norm < Jumped * usual || norm < 10 * (State.EarlyNorm ?? 0) || (progress.Learned && !progress.IsWorse(loss)) || !IsFirst(AlarmCatalog.Exploding + " jump"))
            return null;
        string finding = string.Create(CultureInfo.InvariantCulture, $"the gradient's norm is {norm:G3}, {norm / usual:F0} times its usual {usual:G3} (median of {State.Norms.Count} steps)");
        return new Alarm(
            AlarmCatalog.Exploding, step, "", finding, "One step of this length can undo what hundreds have learned.",
            Remedies.Either(Remedies.Clip(NormAt(0.9)) is string clip ? $"{clip} (the length that 10 % of the last steps exceeded)" : null, remedies.LowerRate()));
    }

    /// <summary>Number of steps on which the norm limit was binding.</summary>
    public Alarm? Clipping(long step, double loss)
    {
        double limit = config.Train.Clip?.Norm ?? 0;
        if (limit <= 0 || State.Norms.Count < NormsForClipping)
            return null;
        double share = (double)State.Norms.Count(n => n > limit) / State.Norms.Count;
        // Adam and similar rules divide by the gradient's size, so a limit that always binds has no effect on them. A network that learns needs no alarm either.
        if (share < 0.95 || progress.HasMoved(loss) || progress.IsFalling || config.Train.Optimizer is not SgdConfig || !IsFirst(AlarmCatalog.ClippingBinds))
            return null;
        string finding = string.Create(CultureInfo.InvariantCulture, $"clip.norm {limit:G3} bound on {share * 100:F0} % of the last {State.Norms.Count} steps; their gradients had a median norm of {NormAt(0.5):G3}");
        return new Alarm(
            AlarmCatalog.ClippingBinds, step, "", finding, "Steps keep the direction of the gradient only; their length is the threshold's.",
            Remedies.Either(Remedies.Clip(NormAt(0.9)) is string clip ? $"{clip}, which would have bound on 10 % of them" : null, "no clipping and a lower learning rate"));
    }

    /// <summary>Remembers the usual norm of the first steps.</summary>
    public void NoteEarly()
    {
        if (State.EarlyNorm is null && State.Norms.Count >= NormsForJump)
            State.EarlyNorm = NormAt(0.5);
    }

    private double NormAt(double share) => Quantile.Of([.. State.Norms.Order()], share);
}
