namespace GpuGrad.Training.Health;

/// <summary>Something about a run that its owner should know.</summary>
/// <param name="Id">The kind, e.g. <c>G001</c>; <see cref="AlarmCatalog"/> tells more.</param>
/// <param name="Step">The step after which it was seen; 0 before the first.</param>
/// <param name="Layer">The layer's path; empty where it is about the whole network.</param>
/// <param name="Finding">What was measured, with its numbers.</param>
/// <param name="Cause">Why, in a sentence.</param>
/// <param name="Remedy">What to change in the config.</param>
public sealed record Alarm(string Id, long Step, string Layer, string Finding, string Cause, string Remedy)
{
    public string Title => AlarmCatalog.Find(Id)?.Title ?? Id;

    /// <summary>Worth knowing, but usual in networks that learn well: logged and reported, without a call to change anything.</summary>
    public bool IsRemark { get; init; }

    /// <summary>Units that it is about; null where it is about none.</summary>
    public IReadOnlyList<int>? Units { get; init; }
}
