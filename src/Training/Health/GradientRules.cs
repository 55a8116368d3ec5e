using System.Globalization;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Health;

/// <summary>Gradients that vanish, explode, or are always cut.</summary>
internal sealed class GradientRules(RunConfig config, HealthState state) : AlarmRule(state)
{
    private const double Vanished = 1e-4;
    private const double Exploded = 1e3;
    private const double Jumped = 100;
    private const int VanishedFor = 5, ExplodedFor = 3, NormsForJump = 20, NormsForClipping = 100;

    /// <summary>From layer to layer, in a watched step. Biases and the factors of normalisations are left aside.</summary>
    public IEnumerable<Alarm> Judge(long step, HealthReading reading)
    {
        ParameterReading[] weights = [.. reading.Parameters.Where(p => p.Parameter.Shape.Rank > 1)];
        if (weights.Length < 2)
            yield break;
        ParameterReading first = weights[0], last = weights[^1];
        ParameterReading largest = weights[1..].MaxBy(p => p.GradientRms)!;
        double shrunk = first.GradientRms / largest.GradientRms, grown = first.GradientRms / last.GradientRms;
        if (Holds(AlarmCatalog.Vanishing, largest.GradientRms > 0 && shrunk < Vanished, VanishedFor) && IsFirst(AlarmCatalog.Vanishing))
        {
            string finding = string.Create(CultureInfo.InvariantCulture, $"the gradient of {first.Parameter.Name} is {first.GradientRms:G2} an element, that of {largest.Parameter.Name} {largest.GradientRms:G2}: {1 / shrunk:G2} times as much");
            yield return new Alarm(
                AlarmCatalog.Vanishing, step, first.Parameter.Layer, finding, "Each layer on the way back multiplies the gradient by less than 1; a sigmoid by at most 0.25.",
                "relu in place of sigmoid or tanh, batchnorm between the layers, or residual: around some of them");
        }
        if (Holds(AlarmCatalog.Exploding, last.GradientRms > 0 && grown > Exploded, ExplodedFor) && IsFirst(AlarmCatalog.Exploding))
        {
            string finding = string.Create(CultureInfo.InvariantCulture, $"the gradient of {first.Parameter.Name} is {first.GradientRms:G2} an element, that of {last.Parameter.Name} {last.GradientRms:G2}: it grows {grown:G2} times on its way back");
            yield return new Alarm(
                AlarmCatalog.Exploding, step, first.Parameter.Layer, finding, "Each layer on the way back multiplies the gradient by more than 1: the weights are too large.",
                $"no init: in these layers (the defaults keep the scale), or {Remedies.Clip(1)}");
        }
    }

    /// <summary>From step to step: called before the norm is added to the others.</summary>
    public Alarm? Jump(long step, double norm)
    {
        // The median is looked for only behind a step much shorter: sorting costs more than some networks' steps.
        if (State.Norms.Count < NormsForJump || norm < 10 * State.Norms[^1])
            return null;
        double usual = Quantile(0.5);
        if (!(usual > 0) || norm < Jumped * usual || !IsFirst(AlarmCatalog.Exploding + " jump"))
            return null;
        string finding = string.Create(CultureInfo.InvariantCulture, $"the gradient's norm is {norm:G3}, {norm / usual:F0} times its usual {usual:G3} (median of {State.Norms.Count} steps)");
        return new Alarm(
            AlarmCatalog.Exploding, step, "", finding, "One step of this length can undo what hundreds have learned.",
            $"{Remedies.Clip(Quantile(0.9))} (the length that 10 % of the last steps exceeded), or {Remedies.Rate(config, 0.1)}");
    }

    /// <summary>How often the limit on the norm has bound.</summary>
    public Alarm? Clipping(long step)
    {
        double limit = config.Train.Clip?.Norm ?? 0;
        if (limit <= 0 || State.Norms.Count < NormsForClipping)
            return null;
        double share = (double)State.Norms.Count(n => n > limit) / State.Norms.Count;
        if (share < 0.95 || !IsFirst(AlarmCatalog.ClippingBinds))
            return null;
        string finding = string.Create(CultureInfo.InvariantCulture, $"clip.norm {limit:G3} bound on {share * 100:F0} % of the last {State.Norms.Count} steps; their gradients had a median norm of {Quantile(0.5):G3}");
        return new Alarm(
            AlarmCatalog.ClippingBinds, step, "", finding, "Steps keep the direction of the gradient only; their length is the threshold's.",
            $"{Remedies.Clip(Quantile(0.9))}, which would have bound on 10 % of them");
    }

    private double Quantile(double share)
    {
        double[] sorted = [.. State.Norms.Order()];
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
