namespace GpuGrad.Training.Health;

/// <summary>
/// Finds alarms that are consequences of others: dead units of an update that was too large, a stagnating loss of dead units. A
/// consequence is reported with the advice of the alarm that explains it, as no other helps.
/// </summary>
internal sealed class Explanations(HealthState state)
{
    private static readonly string[] AtStart = [AlarmCatalog.Symmetric, AlarmCatalog.SaturatedStart, AlarmCatalog.SignalAtStart, AlarmCatalog.GradientAtStart];

    private static readonly string[] Units = [AlarmCatalog.DeadUnits, AlarmCatalog.SaturatedUnits];

    /// <summary>Alarms that could explain one with this id.</summary>
    private static string[] Reasons(string id) => id switch
    {
        AlarmCatalog.DeadUnits or AlarmCatalog.SaturatedUnits or AlarmCatalog.DeadHeads => AtStart,
        AlarmCatalog.ClippingBinds => [.. AtStart, AlarmCatalog.StartLoss, AlarmCatalog.UpdatesLarge],
        AlarmCatalog.Exploding => [.. AtStart, AlarmCatalog.UpdatesLarge],
        AlarmCatalog.Vanishing => [.. AtStart, AlarmCatalog.UpdatesLarge, .. Units],
        AlarmCatalog.UpdatesSmall => [.. AtStart, AlarmCatalog.UpdatesLarge, AlarmCatalog.Vanishing, .. Units, AlarmCatalog.LossStuck],
        AlarmCatalog.LossStuck => [.. AtStart, AlarmCatalog.UpdatesLarge, AlarmCatalog.Vanishing, .. Units, AlarmCatalog.UpdatesSmall],
        AlarmCatalog.NeverPredicted => [.. AtStart, AlarmCatalog.StartLoss, AlarmCatalog.UpdatesLarge, AlarmCatalog.Vanishing, .. Units, AlarmCatalog.UpdatesSmall, AlarmCatalog.LossStuck, AlarmCatalog.LinearLayers],
        _ => [],
    };

    /// <summary>Records an alarm that is shown.</summary>
    public void Note(Alarm alarm)
    {
        if (!alarm.IsRemark)
            state.Raised.TryAdd(Key(alarm.Id), 1);
    }

    /// <summary>The earlier alarm that explains one with this id; null if none does.</summary>
    public string? Of(string id) => Reasons(id).FirstOrDefault(r => state.Raised.ContainsKey(Key(r)));

    /// <summary>The alarm, with the advice of the one that explains it, if any.</summary>
    public Alarm Referred(Alarm alarm) =>
        Of(alarm.Id) is string reason && alarm.Id != AlarmCatalog.LossStuck ? alarm with { Remedy = $"what {reason} says" } : alarm;

    private static string Key(string id) => "shown " + id;
}
