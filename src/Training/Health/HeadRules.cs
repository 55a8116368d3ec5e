using System.Globalization;

namespace GpuGrad.Training.Health;

/// <summary>Rule for dead heads of attention: an alarm if they are a fifth of a layer or more, a remark if they are few or the network learns well regardless.</summary>
internal sealed class HeadRules(Remedies remedies, LearningProgress progress, HealthState state, int samples) : AlarmRule(state)
{
    private const double Many = 0.2;
    private readonly IdleTimes times = new(state, samples);

    public Alarm? Judge(long step, HeadReading reading, int batchSize)
    {
        WatchedHeads layer = reading.Layer;
        UnitHistory history = times.Note(step, layer.Path, batchSize, [.. Enumerable.Range(0, layer.Heads).Select(reading.IsDead)]);
        int[] dead = times.Of(layer.Path, batchSize);
        if (dead.Length == 0)
            return null;
        bool remark = dead.Length < Many * layer.Heads || progress.Learned || progress.IsFalling;
        string key = $"{AlarmCatalog.DeadHeads} {layer.Path}{(remark ? " few" : "")}";
        if (!IsNews(key, dead.Length))
            return null;
        long since = dead.Max(h => history.LastActive[h]), over = dead.Min(h => history.Idle[h]);
        double? longest = LongestSince(since)?.Ratio;
        string finding = string.Create(CultureInfo.InvariantCulture, $"{dead.Length} of {layer.Heads} heads of {layer.Path} ({layer.Kind}) gave less than {100 * WatchedHeads.DeadBelow} % of the strongest head's output, and got less than {100 * WatchedHeads.DeadBelow} % of its gradient, for the last {over:N0} watched samples, {(since == 0 ? "and never were otherwise" : $"all since step {since}")}: {string.Join(", ", dead)}");
        return new Alarm(AlarmCatalog.DeadHeads, step, layer.Path, finding, Cause(since, longest), Remedy(since, longest)) { Units = dead, IsRemark = remark };
    }

    private string Cause(long since, double? longest) =>
        since == 0 ? "They were dead from the start: their values and their columns of the output projection began at or near 0."
        : longest > Jolt ? "A step that was too long threw their weights away."
        : remedies.WeightDecay is not null ? "Weight decay shrinks their values and their columns of the output projection faster than the gradient renews them."
        : "Other heads do their work; their values and their columns of the output projection have shrunk together.";

    private string Remedy(long since, double? longest) => since == 0
        ? Remedies.Either(remedies.DefaultInit, "fewer heads")
        : Remedies.Either(remedies.WeightDecay, longest > Jolt ? remedies.LowerRate(longest) : null, "fewer heads: dead ones cost time and give nothing");
}
