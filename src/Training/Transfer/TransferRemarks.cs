using GpuGrad.Training.Config;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Transfer;

/// <summary>Warns of what may not be intended: layers frozen with random weights.</summary>
internal static class TransferRemarks
{
    private const int MostListed = 4;

    /// <param name="config">The experiment.</param>
    /// <param name="network">Its network.</param>
    /// <param name="transfer">What was loaded; null for nothing.</param>
    /// <param name="isNew">Whether the run is new; a resumed one was warned before.</param>
    public static IEnumerable<string> Of(RunConfig config, Network network, WeightTransfer? transfer, bool isNew)
    {
        if (config.Freeze is not FreezeConfig freeze || !isNew)
            yield break;
        HashSet<string> loaded = [.. transfer?.Loaded.Select(p => p.Name) ?? []];
        string[] random = [.. network.Parameters.Where(p => freeze.Includes(p) && p.Penalized && p.Init.IsRandom && !loaded.Contains(p.Name)).Select(p => p.Name)];
        if (random.Length > 0)
            yield return $"{(freeze.Source is { } place ? $"{place}: " : "")}freeze: {string.Join(", ", random.Take(MostListed))}{(random.Length > MostListed ? $" and {random.Length - MostListed} more" : "")} {(random.Length == 1 ? "stays" : "stay")} random, as {(transfer is null ? "there is no init-from" : "init-from has nothing for " + (random.Length == 1 ? "it" : "them"))}";
    }
}
