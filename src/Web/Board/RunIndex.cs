using System.Threading.Channels;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Web.Board;

/// <summary>
/// The runs and sweeps below a folder. A background task polls them, reads what was added and notifies listeners. Requests name a run by the key assigned
/// here, so nothing in a request becomes a path.
/// </summary>
internal sealed class RunIndex : IAsyncDisposable
{
    private const int MostRuns = 5_000, Depth = 5;

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);
    private static readonly EnumerationOptions Folders = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    private readonly string root;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock at = new();
    private readonly List<Channel<string[]>> listeners = [];
    private readonly Task watching;
    private Dictionary<string, WatchedRun> runs = new(StringComparer.Ordinal);
    private Dictionary<string, WatchedSweep> sweeps = new(StringComparer.Ordinal);
    private int lastKey;

    public RunIndex(string folder)
    {
        root = Path.GetFullPath(folder);
        Scan();
        watching = Task.Run(Watch);
    }

    public string Root => root;

    /// <summary>All runs by id (path below the folder); a snapshot.</summary>
    public IReadOnlyDictionary<string, WatchedRun> Runs => Volatile.Read(ref runs);

    /// <summary>All sweeps by id; a snapshot.</summary>
    public IReadOnlyDictionary<string, WatchedSweep> Sweeps => Volatile.Read(ref sweeps);

    /// <summary>Ids of changed runs and sweeps, as they change. The first item is empty and means that the listener is registered: no later change is missed.</summary>
    public async IAsyncEnumerable<string[]> Changes([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken gone)
    {
        var channel = Channel.CreateBounded<string[]>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (at)
            listeners.Add(channel);
        try
        {
            yield return [];
            using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, stop.Token);
            await foreach (string[] changed in channel.Reader.ReadAllAsync(either.Token))
                yield return changed;
        }
        finally
        {
            lock (at)
                listeners.Remove(channel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await watching;
        stop.Dispose();
    }

    private async Task Watch()
    {
        for (int round = 0; !stop.IsCancellationRequested; round++)
        {
            HashSet<string> changed = [];
            // Folders rarely appear or disappear, so they are listed every fourth round.
            if (round % 4 == 0)
                changed.UnionWith(Scan());
            Parallel.ForEach(Runs.Values, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, run =>
            {
                if (run.Update())
                {
                    lock (changed)
                        changed.Add(run.Id);
                }
            });
            changed.UnionWith(Sweeps.Values.Where(s => s.Update()).Select(s => s.Id));
            if (changed.Count > 0)
                Tell([.. changed.Order(StringComparer.Ordinal)]);
            await Task.Delay(Between, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private void Tell(string[] changed)
    {
        lock (at)
        {
            foreach (Channel<string[]> listener in listeners)
                listener.Writer.TryWrite(changed);
        }
    }

    // Returns the ids of runs that appeared or disappeared.
    private List<string> Scan()
    {
        var found = new Found([], []);
        Look(root, "", Depth, found);
        Dictionary<string, WatchedRun> old = runs;
        var now = found.Runs.ToDictionary(f => f.Id, f => old.GetValueOrDefault(f.Id) ?? new WatchedRun(++lastKey, f.Id, f.Folder), StringComparer.Ordinal);
        Dictionary<string, WatchedSweep> oldSweeps = sweeps;
        Volatile.Write(ref sweeps, found.Sweeps.ToDictionary(f => f.Id, f => oldSweeps.GetValueOrDefault(f.Id) ?? new WatchedSweep(++lastKey, f.Id, f.Folder), StringComparer.Ordinal));
        Volatile.Write(ref runs, now);
        return [.. now.Keys.Except(old.Keys), .. old.Keys.Except(now.Keys)];
    }

    private sealed record Found(List<(string Id, string Folder)> Runs, List<(string Id, string Folder)> Sweeps);

    private static void Look(string folder, string id, int depth, Found found)
    {
        if (found.Runs.Count >= MostRuns)
            return;
        if (RunFolder.IsRun(folder))
        {
            found.Runs.Add((id.Length == 0 ? new DirectoryInfo(folder).Name : id, folder));
            return;
        }
        if (File.Exists(Path.Combine(folder, WatchedSweep.FileName)))
            found.Sweeps.Add((id, folder));
        if (depth == 0)
            return;
        try
        {
            foreach (string inner in Directory.EnumerateDirectories(folder, "*", Folders))
            {
                string name = Path.GetFileName(inner);
                if (!name.StartsWith('.'))
                    Look(inner, id.Length == 0 ? name : $"{id}/{name}", depth - 1, found);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder was deleted, or we may not read it.
        }
    }
}
