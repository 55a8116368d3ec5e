using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Web.Board;

/// <summary>A run's folder that the board watches while the run may still be training. Lock <see cref="At"/> to read it.</summary>
/// <param name="key">The number by which requests name it.</param>
/// <param name="id">Path below the board's folder, with slashes.</param>
/// <param name="folder">Full path.</param>
internal sealed class WatchedRun(int key, string id, string folder)
{
    private const long MostBytes = 1L << 30;
    private const int Piece = 1 << 20, MostLine = 1 << 22;

    private readonly string metrics = Path.Combine(folder, "metrics.jsonl"), summary = Path.Combine(folder, "summary.json");
    private byte[] rest = [];
    private long read;
    private DateTime summaryTime, changed;

    public Lock At { get; } = new();

    public int Key => key;

    public string Id => id;

    public string Folder => folder;

    public MetricColumns Columns { get; private set; } = new();

    /// <summary>The summary that the run wrote when it ended; null until then.</summary>
    public RunSummary? Summary { get; private set; }

    /// <summary>Time of the last write to its log (UTC).</summary>
    public DateTime Changed => changed;

    /// <summary>Error of the last read; null if there was none.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads what was added since the last call.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Update()
    {
        lock (At)
        {
            try
            {
                Problem = null;
                return ReadMetrics() | ReadSummary();
            }
            catch (GpuGradException e)
            {
                bool isNew = Problem != e.Message;
                Problem = e.Message;
                return isNew;
            }
        }
    }

    public RunFiles Files() => RunFiles.Of(folder);

    private bool ReadMetrics()
    {
        var facts = new FileInfo(metrics);
        if (!facts.Exists || (facts.Length == read && facts.LastWriteTimeUtc == changed))
            return false;
        using RegularFile file = RegularFile.Open(metrics);
        if (file.Length < read)
        {
            // The log got shorter: the run was resumed from a checkpoint.
            (Columns, rest, read) = (new MetricColumns(), [], 0);
        }
        changed = facts.LastWriteTimeUtc;
        bool grown = file.Length > read;
        var piece = new byte[Math.Min(Piece, Math.Max(1, file.Length - read))];
        while (read < Math.Min(file.Length, MostBytes))
        {
            int count = (int)Math.Min(piece.Length, file.Length - read);
            file.ReadExactly(read, piece.AsSpan(0, count));
            read += count;
            Take(piece.AsSpan(0, count));
        }
        return grown;
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'\n');
        if (end >= 0 && rest.Length > 0)
        {
            Columns.Add([.. rest, .. bytes[..end]]);
            rest = [];
            bytes = bytes[(end + 1)..];
        }
        for (end = bytes.IndexOf((byte)'\n'); end >= 0; end = bytes.IndexOf((byte)'\n'))
        {
            Columns.Add(bytes[..end]);
            bytes = bytes[(end + 1)..];
        }
        // A line without an end is not one that a run wrote.
        rest = rest.Length + bytes.Length > MostLine ? [] : [.. rest, .. bytes];
    }

    private bool ReadSummary()
    {
        DateTime time = File.GetLastWriteTimeUtc(summary);
        if (time == summaryTime)
            return false;
        summaryTime = time;
        try
        {
            Summary = RunSummary.Read(summary);
        }
        catch (MissingFileException)
        {
            bool had = Summary is not null;
            Summary = null;
            return had;
        }
        return true;
    }
}
