using System.Globalization;
using System.Text.RegularExpressions;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A checkpoint by its name.</summary>
/// <param name="Path">The file.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Best">Whether it was the best so far when it was saved.</param>
public sealed record CheckpointEntry(string Path, long Step, bool Best);

/// <summary>
/// The checkpoints of a run: <c>step-00001200.ckpt</c>, or <c>step-00001200-best.ckpt</c> where the best figure was reached. The name
/// says all, so there is no second file that could disagree.
/// </summary>
/// <param name="path">The folder.</param>
/// <param name="warn">Told, in one line each, of what is wrong and does not stop the run.</param>
/// <param name="files">The file system.</param>
public sealed partial class CheckpointFolder(string path, Action<string>? warn = null, IFileSystem? files = null)
{
    private readonly IFileSystem files = files ?? FileSystem.Current;

    public string Path { get; } = path;

    /// <summary>The newest first; at one step, the best first.</summary>
    public IReadOnlyList<CheckpointEntry> List()
    {
        try
        {
            return Directory.Exists(Path)
                ? [.. Directory.EnumerateFiles(Path).Select(EntryOf).OfType<CheckpointEntry>().OrderByDescending(e => e.Step).ThenByDescending(e => e.Best)]
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(Path, "could not be listed", Errno.Of(e));
        }
    }

    /// <summary>The best so far, damaged or not; null where none was marked.</summary>
    public CheckpointEntry? Best => List().FirstOrDefault(e => e.Best);

    /// <summary>Opens the newest checkpoint that is whole; newer ones that are not are named in a warning. Null where there are none.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: there are some, but none is whole.</exception>
    public CheckpointFile? OpenNewest()
    {
        IReadOnlyList<CheckpointEntry> entries = List();
        for (int i = 0; i < entries.Count; i++)
        {
            try
            {
                return CheckpointFile.Open(entries[i].Path);
            }
            catch (GpuGradException e) when (e is not OtherFormatException)
            {
                warn?.Invoke(e.Message + (i + 1 < entries.Count ? $" Going back to {System.IO.Path.GetFileName(entries[i + 1].Path)}." : ""));
            }
        }
        return entries.Count == 0 ? null : throw new GpuGradException(Fault.Data, $"{Path}: none of its {entries.Count} checkpoints is whole; start the run anew.");
    }

    /// <summary>
    /// Saves a checkpoint; once it is durable, removes those not to be kept: older than the newest <paramref name="keep"/> and not
    /// the latest best. Newer ones than this are not touched.
    /// </summary>
    /// <exception cref="StorageException">It is not saved; those before are as they were.</exception>
    public CheckpointEntry Save(Checkpoint checkpoint, int keep, bool best = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keep);
        DurableFile.CreateFolder(Path, files);
        var entry = new CheckpointEntry(PathOf(checkpoint.State.Step, best), checkpoint.State.Step, best);
        CheckpointFile.Write(entry.Path, checkpoint, files);
        Prune(entry.Step, keep);
        return entry;
    }

    /// <summary>Removes files that were being written when a process was killed.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(Path))
            return;
        foreach (string name in DurableFile.RemoveLeftovers(Path, files))
            warn?.Invoke($"{System.IO.Path.Combine(Path, name)}: left unfinished by a process that ended; removed.");
    }

    public string PathOf(long step, bool best) =>
        System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}{(best ? "-best" : "")}.ckpt"));

    private void Prune(long step, int keep)
    {
        CheckpointEntry[] entries = [.. List().Where(e => e.Step <= step)];
        CheckpointEntry? best = entries.FirstOrDefault(e => e.Best);
        var kept = entries.Select(e => e.Step).Distinct().Take(keep).ToHashSet();
        foreach (CheckpointEntry entry in entries.Where(e => !kept.Contains(e.Step) && e != best))
        {
            long result = files.Delete(entry.Path);
            if (result < 0)
                warn?.Invoke($"{entry.Path}: an old checkpoint could not be removed: {Errno.Text((int)-result)}.");
        }
    }

    private static CheckpointEntry? EntryOf(string file)
    {
        Match match = Name().Match(System.IO.Path.GetFileName(file));
        return match.Success && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? new CheckpointEntry(file, step, match.Groups[2].Success)
            : null;
    }

    [GeneratedRegex(@"\Astep-([0-9]{8,19})(-best)?\.ckpt\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
