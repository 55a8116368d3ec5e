using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Web.Board;

/// <summary>A run folder that is looked at while it may be going on. Everything is read under the lock that it is.</summary>
/// <param name="key">What requests call it by.</param>
/// <param name="id">Its path below the board's folder, with slashes.</param>
/// <param name="folder">Its path.</param>
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

    /// <summary>How it ended; null while it goes on.</summary>
    public RunSummary? Summary { get; private set; }

    /// <summary>When its log last grew.</summary>
    public DateTime Changed => changed;

    /// <summary>What cannot be read; null where all can.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads what has been added since.</summary>
    /// <returns>Whether there was anything.</returns>
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
            // A run that was resumed goes on from its checkpoint.
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
        // A line that has no end is somebody else's file.
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
