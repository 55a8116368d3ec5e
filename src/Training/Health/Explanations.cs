namespace GpuGrad.Training.Health;

/// <summary>
/// Alarms that follow from others: dead units from a step that was too long, a loss that stands from units that are dead. What follows
/// is said, but its advice is that of the alarm it follows from, for no other helps.
/// </summary>
internal sealed class Explanations(HealthState state)
{
    private static readonly string[] AtStart = [AlarmCatalog.Symmetric, AlarmCatalog.SaturatedStart, AlarmCatalog.SignalAtStart, AlarmCatalog.GradientAtStart];

    private static readonly string[] Units = [AlarmCatalog.DeadUnits, AlarmCatalog.SaturatedUnits];

    /// <summary>The first explanation that fits an alarm; empty if none does.</summary>
    private static string[] Reasons(string id) => id switch
    {
        AlarmCatalog.DeadUnits or AlarmCatalog.SaturatedUnits => AtStart,
        AlarmCatalog.ClippingBinds => [.. AtStart, AlarmCatalog.StartLoss, AlarmCatalog.UpdatesLarge],
        AlarmCatalog.Exploding => [.. AtStart, AlarmCatalog.UpdatesLarge],
        AlarmCatalog.Vanishing => [.. AtStart, AlarmCatalog.UpdatesLarge, .. Units],
        AlarmCatalog.UpdatesSmall => [.. AtStart, AlarmCatalog.UpdatesLarge, AlarmCatalog.Vanishing, .. Units, AlarmCatalog.LossStuck],
        AlarmCatalog.LossStuck => [.. AtStart, AlarmCatalog.UpdatesLarge, AlarmCatalog.Vanishing, .. Units, AlarmCatalog.UpdatesSmall],
        AlarmCatalog.NeverPredicted => [.. AtStart, AlarmCatalog.StartLoss, AlarmCatalog.UpdatesLarge, AlarmCatalog.Vanishing, .. Units, AlarmCatalog.UpdatesSmall, AlarmCatalog.LossStuck, AlarmCatalog.LinearLayers],
        _ => [],
    };

    /// <summary>Remembers an alarm that is shown.</summary>
    public void Note(Alarm alarm)
    {
        if (!alarm.IsRemark)
            state.Raised.TryAdd(Key(alarm.Id), 1);
    }

    /// <summary>The alarm raised before that explains one of a kind; null where none does.</summary>
    public string? Of(string id) => Reasons(id).FirstOrDefault(r => state.Raised.ContainsKey(Key(r)));

    /// <summary>The alarm with the advice of what it follows from, where it follows from another.</summary>
    public Alarm Referred(Alarm alarm) =>
        Of(alarm.Id) is string reason && alarm.Id != AlarmCatalog.LossStuck ? alarm with { Remedy = $"what {reason} says" } : alarm;

    private static string Key(string id) => "shown " + id;
}
