using System.Buffers.Binary;
using Google.Protobuf;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Logs.TensorBoard;

/// <summary>A histogram that a run logged: buckets of equal width from the smallest value to the largest.</summary>
/// <param name="Step">Number of steps done.</param>
/// <param name="Low">The smallest value.</param>
/// <param name="High">The largest.</param>
/// <param name="Counts">Number of values in each bucket.</param>
public sealed record LoggedHistogram(long Step, double Low, double High, IReadOnlyList<long> Counts);

/// <summary>
/// The histograms of a run with <c>log: tensorboard</c>, read from its event files as they grow: <c>weights/0.weight</c>, <c>gradients/0.weight</c>,
/// <c>activations/0</c>. A long run keeps a subset of its epochs, evenly spaced and including the newest. Not thread-safe.
/// </summary>
/// <param name="folder">The run folder.</param>
public sealed class HistogramLog(string folder)
{
    private const int MostTags = 2_000, MostBuckets = 1_024;
    private const long MostMessage = 1L << 26;

    // Links are skipped: they may lead anywhere.
    private static readonly EnumerationOptions NoLinks = new() { AttributesToSkip = FileAttributes.ReparsePoint };

    private readonly Dictionary<string, long> read = new(StringComparer.Ordinal); // bytes of each file
    private readonly Dictionary<string, HistogramTrack> tracks = new(StringComparer.Ordinal);

    /// <summary>Tags in order of first appearance.</summary>
    public IEnumerable<string> Tags => tracks.Keys;

    /// <summary>The histograms of a tag, the oldest first; empty for an unknown tag.</summary>
    public IReadOnlyList<LoggedHistogram> this[string tag] => tracks.TryGetValue(tag, out HistogramTrack? track) ? track.Kept : [];

    /// <summary>Reads what has been written since the last call. A damaged record ends the reading of its file.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a file cannot be read.</exception>
    public void Update()
    {
        string[] files = Files();
        // Resuming a run truncates or deletes its files back to the checkpoint: then everything is read again.
        if (read.Any(r => !files.Contains(Path.Combine(folder, r.Key)) || new FileInfo(Path.Combine(folder, r.Key)).Length < r.Value))
        {
            read.Clear();
            tracks.Clear();
        }
        foreach (string path in files)
        {
            using RegularFile file = RegularFile.Open(path);
            long at = read.GetValueOrDefault(Path.GetFileName(path));
            while (Next(file, ref at) is { } message)
                Take(message);
            read[Path.GetFileName(path)] = at;
        }
    }

    private string[] Files()
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, EventFile.Pattern, NoLinks).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GpuGradException(Fault.Data, $"{folder}: {e.Message}", e);
        }
    }

    // Null if no complete, undamaged message follows.
    private static Event? Next(RegularFile file, ref long at)
    {
        Span<byte> head = stackalloc byte[EventFile.LengthBytes + EventFile.ChecksumBytes];
        if (file.Length - at < head.Length)
            return null;
        file.ReadExactly(at, head);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(head);
        if (!IsSound(head) || length > MostMessage || file.Length - at - head.Length < (long)length + EventFile.ChecksumBytes)
            return null;
        var record = new byte[(int)length + EventFile.ChecksumBytes];
        file.ReadExactly(at + head.Length, record);
        if (!IsSound(record))
            return null;
        try
        {
            var message = Event.Parser.ParseFrom(record.AsSpan(0, (int)length));
            at += head.Length + record.Length;
            return message;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static bool IsSound(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[^EventFile.ChecksumBytes..]) == EventFile.Checksum(bytes[..^EventFile.ChecksumBytes]);

    private void Take(Event message)
    {
        if (message.SessionLog is { Status: SessionLog.Types.SessionStatus.Start })
        {
            foreach (HistogramTrack track in tracks.Values)
                track.Forget(message.Step);
        }
        foreach (Summary.Types.Value value in message.Summary?.Value ?? [])
        {
            if (value.Histo is not { } histogram || Read(message.Step, histogram) is not { } logged)
                continue;
            if (!tracks.TryGetValue(value.Tag, out HistogramTrack? track) && tracks.Count < MostTags)
                tracks[value.Tag] = track = new HistogramTrack();
            track?.Add(logged);
        }
    }

    private static LoggedHistogram? Read(long step, Histogram histogram)
    {
        if (!double.IsFinite(histogram.Min) || !double.IsFinite(histogram.Max) || histogram.Min > histogram.Max)
            return null;
        if (histogram.Bucket.Count is 0 or > MostBuckets || !histogram.Bucket.All(b => b is >= 0 and < 1e15))
            return null;
        return new LoggedHistogram(step, histogram.Min, histogram.Max, [.. histogram.Bucket.Select(b => (long)b)]);
    }
}
