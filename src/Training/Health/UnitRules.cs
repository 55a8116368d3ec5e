using System.Globalization;

namespace GpuGrad.Training.Health;

/// <summary>Units of a layer that have been idle long enough to be called dead or saturated.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Units">Numbers of the units, at least one.</param>
public sealed record IdleUnits(WatchedLayer Layer, IReadOnlyList<int> Units)
{
    /// <summary>Share of a layer from which it is an alarm. Networks that learn well have a few: LeNet ends at 91 % with a tenth of a layer dead.</summary>
    private const double Many = 0.2;

    public bool AreMany => Units.Count >= Many * Layer.Units;
}

/// <summary>
/// Rule for dead and saturated units: an alarm if they are many, a remark if they are few, or if the network learns well regardless;
/// again once there are twice as many.
/// </summary>
internal sealed class UnitRules(Remedies remedies, LearningProgress progress, HealthState state, int samples) : AlarmRule(state)
{
    private const int Listed = 12;
    private const double LongStep = 0.1;
    private readonly IdleTimes times = new(state, samples);

    public Alarm? Judge(long step, LayerReading reading, int batchSize)
    {
        UnitHistory history = times.Note(step, reading.Layer.Path, batchSize, [.. reading.Idle.Select(share => share >= 1)]);
        if (Idle(reading.Layer, batchSize) is not IdleUnits found)
            return null;
        IReadOnlyList<int> idle = found.Units;
        bool dead = reading.Layer.Fault == UnitFault.Dead;
        string id = dead ? AlarmCatalog.DeadUnits : AlarmCatalog.SaturatedUnits;
        long since = idle.Max(u => history.LastActive[u]);
        StepSize? longest = LongestSince(since);
        // Without an update that caused it, some units of networks that learn are idle because of their inputs, above all with few inputs.
        bool drifted = idle.Count < 0.5 * history.Idle.Length && !(longest?.Ratio > Jolt) && progress.IsBetterNow;
        bool remark = !found.AreMany || progress.Learned || progress.IsFalling || drifted;
        string key = $"{id} {reading.Layer.Path}";
        if ((remark && State.Raised.TryGetValue(key, out double told) && idle.Count < 2 * told) || !IsNews(remark ? key + " few" : key, idle.Count))
            return null;
        long over = idle.Min(u => history.Idle[u]);
        bool always = since == 0;
        string units = string.Join(", ", idle.Take(Listed)) + (idle.Count > Listed ? string.Create(CultureInfo.InvariantCulture, $" and {idle.Count - Listed} more") : "");
        string finding = string.Create(CultureInfo.InvariantCulture, $"{idle.Count} of {history.Idle.Length} units of {reading.Layer.Name} {(dead ? "gave 0" : "were on a flat end of the curve")} for each of the last {over:N0} watched samples, {(always ? "and never were otherwise" : $"all since step {since}")}: {units}");
        return new Alarm(id, step, reading.Layer.Path, finding, Cause(dead, always, since, longest), Remedy(dead, always, longest?.Ratio)) { Units = idle, IsRemark = remark };
    }

    /// <summary>The idle units of a layer; null if there are none.</summary>
    public IdleUnits? Idle(WatchedLayer layer, int batchSize) => times.Of(layer.Path, batchSize) is { Length: > 0 } idle ? new IdleUnits(layer, idle) : null;

    private static string Cause(bool dead, bool always, long since, StepSize? longest)
    {
        if (always)
            return dead ? "They were dead from the start: no input reaches them with the weights and biases they were given." : "They began there: their weights, or the numbers that come in, are too large.";
        return longest?.Ratio > Jolt
            ? string.Create(CultureInfo.InvariantCulture, $"Step {longest.Step} moved a layer's weights by {longest.Ratio * 100:F0} % of their norm at once; about 0.1 % is healthy.")
            : string.Create(CultureInfo.InvariantCulture, $"They drifted there by step {since} and get no gradient to come back.");
    }

    private string Remedy(bool dead, bool always, double? longest) => (dead, always) switch
    {
        (true, true) => Remedies.Either(remedies.DefaultInit, remedies.LeakyRelu),
        // After an update that was far too large, another activation does not help.
        (true, false) => longest > LongStep && remedies.LowerRate(longest) is string lower ? $"{lower}, and leaky-relu instead of relu if that is not enough" : Remedies.Either(remedies.LowerRate(longest), remedies.LeakyRelu),
        (false, true) => Remedies.Either(remedies.DefaultInit, "data.normalize: standard, or batchnorm before the activation"),
        _ => Remedies.Either(remedies.LowerRate(longest), "batchnorm before the activation"),
    };
}
