namespace GpuGrad.Training.Health;

/// <summary>A finding about a run that needs attention.</summary>
/// <param name="Id">The kind, e.g. <c>G001</c>; see <see cref="AlarmCatalog"/>.</param>
/// <param name="Step">The step after which it was found; 0 before the first.</param>
/// <param name="Layer">The layer's path; empty if it concerns the whole network.</param>
/// <param name="Finding">What was measured, with numbers.</param>
/// <param name="Cause">The cause, in a sentence.</param>
/// <param name="Remedy">What to change in the config.</param>
public sealed record Alarm(string Id, long Step, string Layer, string Finding, string Cause, string Remedy)
{
    public string Title => AlarmCatalog.Find(Id)?.Title ?? Id;

    /// <summary>Whether it is worth knowing but common in networks that learn well: logged and reported, without advice to change anything.</summary>
    public bool IsRemark { get; init; }

    /// <summary>The units concerned; null for none.</summary>
    public IReadOnlyList<int>? Units { get; init; }

    /// <summary>What was done about it, e.g. <c>reinit</c>; null for nothing.</summary>
    public string? Action { get; init; }
}
