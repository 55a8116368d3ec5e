using GpuGrad.Training.Health;

namespace GpuGrad.Cli.Terminal;

/// <summary>Formats an alarm for people.</summary>
internal static class AlarmText
{
    private const int Listed = 4;

    /// <summary>Dead and saturated units at the end of a run, one line per layer.</summary>
    public static IEnumerable<string> Idle(IReadOnlyList<IdleUnits> layers)
    {
        foreach ((UnitFault fault, string name, string id) in new[] { (UnitFault.Dead, "dead", AlarmCatalog.DeadUnits), (UnitFault.Saturated, "saturated", AlarmCatalog.SaturatedUnits) })
        {
            IdleUnits[] found = [.. layers.Where(l => l.Layer.Fault == fault)];
            if (found.Length == 0)
                continue;
            string counts = string.Join(", ", found.OrderByDescending(l => (double)l.Units.Count / l.Layer.Units).Take(Listed).Select(l => Format.Invariant($"{l.Units.Count} of {l.Layer.Units} in {l.Layer.Name}")));
            string more = found.Length > Listed ? Format.Invariant($" and in {found.Length - Listed} layers more") : "";
            yield return $"units {name} at the end: {counts}{more}{(found.Any(l => l.AreMany) ? "" : "; fewer than a fifth of a layer are usual")} ({id})";
        }
    }

    public static IEnumerable<string> Lines(Alarm alarm)
    {
        string when = alarm.Step > 0 ? $"step {alarm.Step}" : "before the first step";
        yield return $"! {alarm.Id} {alarm.Title}, {when}: {alarm.Finding}.";
        yield return $"       {alarm.Cause} Try: {alarm.Remedy}. More: gpugrad explain {alarm.Id}";
    }
}
