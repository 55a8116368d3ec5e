using System.Globalization;
using System.Text.RegularExpressions;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A checkpoint, as described by its file name.</summary>
/// <param name="Path">The file.</param>
/// <param name="Step">Number of optimizer steps done.</param>
/// <param name="Best">Whether it was the best so far when it was saved.</param>
public sealed record CheckpointEntry(string Path, long Step, bool Best);

/// <summary>
/// The checkpoints of a run: <c>step-00001200.ckpt</c>, or <c>step-00001200-best.ckpt</c> for the best metric. The name
/// has all the information, so there is no second file that could disagree.
/// </summary>
public sealed partial class CheckpointFolder
{
    // Number of attempts while an active run replaces its checkpoints; a listing during
    // such a replacement may show neither the old name nor the new one.
    private const int MostLooks = 1000, MostEmptyLooks = 20;

    private readonly Func<WorkFolder> open;
    private readonly Action<string>? warn;

    /// <param name="path">The folder; created when something is saved.</param>
    /// <param name="warn">Receives problems that don't stop the run, one line each.</param>
    /// <param name="files">The file system.</param>
    public CheckpointFolder(string path, Action<string>? warn = null, IFileSystem? files = null)
    {
        Path = path;
        this.warn = warn;
        open = () =>
        {
            DurableFile.CreateFolder(path, files);
            return WorkFolder.Open(path, files);
        };
    }

    /// <param name="run">The folder of the run, open.</param>
    /// <param name="name">The name of this folder in it.</param>
    /// <param name="warn">Receives problems that don't stop the run, one line each.</param>
    public CheckpointFolder(WorkFolder run, string name, Action<string>? warn = null)
    {
        Path = System.IO.Path.Combine(run.Path, name);
        this.warn = warn;
        open = () => run.Inside(name);
    }

    public string Path { get; }

    /// <summary>Lists the checkpoints, newest first; at the same step, the best first.</summary>
    public IReadOnlyList<CheckpointEntry> List() => ListAt(Path);

    /// <summary>The checkpoint marked as the best, intact or not; null if none is.</summary>
    public CheckpointEntry? Best => List().FirstOrDefault(e => e.Best);

    /// <summary>Opens the newest intact checkpoint, with a warning for each newer one that is damaged. Null if there are none.</summary>
    /// <remarks>
    /// The run may be active and replace its checkpoints by newer ones: one that has gone is not damaged, and an open
    /// file stays as it is.
    /// </remarks>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: there are checkpoints, but none is intact.</exception>
    public CheckpointFile? OpenNewest()
    {
        var damaged = new HashSet<string>(StringComparer.Ordinal);
        for (int look = 0; look < MostLooks; look++)
        {
            IReadOnlyList<CheckpointEntry> entries = List();
            if (entries.Count == 0 && (look >= MostEmptyLooks || !Directory.Exists(Path)))
                return null;
            bool gone = entries.Count == 0;
            for (int i = 0; i < entries.Count && !gone; i++)
            {
                try
                {
                    return CheckpointFile.Open(entries[i].Path);
                }
                catch (MissingFileException)
                {
                    gone = true;
                }
                catch (GpuGradException e) when (e is not OtherFormatException)
                {
                    if (damaged.Add(entries[i].Path))
                        warn?.Invoke(e.Message + (i + 1 < entries.Count ? $" Going back to {System.IO.Path.GetFileName(entries[i + 1].Path)}." : ""));
                }
            }
            if (!gone)
                throw new GpuGradException(Fault.Data, $"{Path}: none of its {entries.Count} checkpoints is intact; nothing was changed. Restore one from a backup, or train again into another folder.");
        }
        throw new GpuGradException(Fault.Data, $"{Path}: its checkpoints are replaced faster than one can be opened; try again, or let the run save less often (checkpoint: {{every: N}}).");
    }

    /// <summary>
    /// Saves a checkpoint; once it is durable, removes those that are neither among the newest <paramref name="keep"/> nor
    /// the latest best. Checkpoints newer than this one are not touched.
    /// </summary>
    /// <exception cref="StorageException">It was not saved; earlier ones are unchanged.</exception>
    public CheckpointEntry Save(Checkpoint checkpoint, int keep, bool best = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keep);
        using WorkFolder folder = open();
        var entry = new CheckpointEntry(PathOf(checkpoint.State.Step, best), checkpoint.State.Step, best);
        CheckpointFile.Write(folder, System.IO.Path.GetFileName(entry.Path), checkpoint);
        Prune(folder, entry.Step, keep);
        return entry;
    }

    /// <summary>Removes files left behind by a process that was killed while writing.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(Path))
            return;
        using WorkFolder folder = open();
        foreach (string name in DurableFile.RemoveLeftovers(folder))
            warn?.Invoke($"{System.IO.Path.Combine(Path, name)}: left unfinished by a process that ended; removed.");
    }

    public string PathOf(long step, bool best) =>
        System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}{(best ? "-best" : "")}.ckpt"));

    private IReadOnlyList<CheckpointEntry> ListAt(string location)
    {
        try
        {
            return Directory.Exists(location)
                ? [.. Directory.EnumerateFiles(location).Select(EntryOf).OfType<CheckpointEntry>().OrderByDescending(e => e.Step).ThenByDescending(e => e.Best)]
                : [];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(Path, "could not be listed", Errno.Of(e));
        }
    }

    private void Prune(WorkFolder folder, long step, int keep)
    {
        CheckpointEntry[] entries = [.. ListAt(folder.Location).Where(e => e.Step <= step)];
        CheckpointEntry? best = entries.FirstOrDefault(e => e.Best);
        var kept = entries.Select(e => e.Step).Distinct().Take(keep).ToHashSet();
        foreach (CheckpointEntry entry in entries.Where(e => !kept.Contains(e.Step) && e != best))
        {
            long result = folder.Files.Delete(folder.Handle, System.IO.Path.GetFileName(entry.Path));
            if (result < 0 && result != -Errno.NoEntry)
                warn?.Invoke($"{entry.Path}: an old checkpoint could not be removed: {Errno.Text((int)-result)}.");
        }
    }

    private CheckpointEntry? EntryOf(string file)
    {
        string name = System.IO.Path.GetFileName(file);
        Match match = Name().Match(name);
        return match.Success && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? new CheckpointEntry(System.IO.Path.Combine(Path, name), step, match.Groups[2].Success)
            : null;
    }

    [GeneratedRegex(@"\Astep-([0-9]{8,19})(-best)?\.ckpt\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
