using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Logs.TensorBoard;

/// <summary>
/// Writes events in the framing of TFRecord files: the length (8 bytes, little-endian), its checksum, the message, its checksum. A resumed run
/// truncates its files to the checkpoint and continues in another one, because a TensorBoard that reads along has passed the cut: an event at
/// the new file's start tells it to discard later ones.
/// </summary>
internal sealed class EventFile : IDisposable
{
    private const string Prefix = "events.out.tfevents.", Suffix = ".gpugrad"; // TensorBoard looks for 'tfevents' in a name

    /// <summary>Bytes of a message's length, and of a checksum.</summary>
    public const int LengthBytes = sizeof(ulong), ChecksumBytes = sizeof(uint);

    /// <summary>The names of a run's event files, which sort in the order they were written in.</summary>
    public const string Pattern = $"{Prefix}*{Suffix}";

    private readonly string name;
    private readonly AppendedFile file;
    private readonly Dictionary<string, long> earlier;

    private EventFile(string name, AppendedFile file, Dictionary<string, long> earlier)
    {
        this.name = name;
        this.file = file;
        this.earlier = earlier;
    }

    /// <param name="folder">The run's folder.</param>
    /// <param name="lengths">File lengths in the checkpoint; files that it does not list were written after it and are deleted.</param>
    /// <param name="steps">Number of steps done.</param>
    /// <param name="tolerate">Receives write errors; null to throw them.</param>
    public static EventFile Open(WorkFolder folder, IReadOnlyDictionary<string, long> lengths, long steps, Action<GpuGradException>? tolerate)
    {
        var earlier = new Dictionary<string, long>();
        foreach (string path in Directory.EnumerateFiles(folder.Location, Pattern).Order(StringComparer.Ordinal))
        {
            string old = Path.GetFileName(path);
            long there = new FileInfo(path).Length, kept = Math.Min(there, lengths.GetValueOrDefault(old));
            if (kept == 0)
            {
                new FileCalls(folder, Path.Combine(folder.Path, old)).Discard(old);
                continue;
            }
            earlier[old] = kept;
            if (kept < there)
                AppendedFile.Open(folder, old, kept, tolerate).Dispose();
        }
        int number = 1;
        while (earlier.ContainsKey(NameOf(number)))
            number++;
        var events = new EventFile(NameOf(number), AppendedFile.Open(folder, NameOf(number), 0, tolerate), earlier);
        events.Write(new Event { FileVersion = "brain.Event:2", SourceMetadata = new SourceMetadata { Writer = "gpugrad" } });
        if (steps > 0)
            events.Write(new Event { Step = steps + 1, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });
        return events;
    }

    /// <summary>Appends an event with the current time.</summary>
    public void Write(Event message)
    {
        message.WallTime = Now;
        int size = message.CalculateSize();
        var record = new byte[LengthBytes + ChecksumBytes + size + ChecksumBytes];
        Span<byte> length = record.AsSpan(0, LengthBytes), body = record.AsSpan(LengthBytes + ChecksumBytes, size);
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)size);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(LengthBytes), Checksum(length));
        message.WriteTo(body);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - ChecksumBytes), Checksum(body));
        file.Append(record);
    }

    public static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    public void Flush() => file.Flush();

    public IEnumerable<KeyValuePair<string, long>> Sync() => earlier.Append(KeyValuePair.Create(name, file.Sync()));

    public void Dispose() => file.Dispose();

    // CRC-32C (Castagnoli), rotated and offset so that checksums of data that contain their own checksum stay useful.
    internal static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        crc = ~crc;
        return unchecked(BitOperations.RotateRight(crc, 15) + 0xa282ead8u);
    }

    private static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:0000}{Suffix}");
}
