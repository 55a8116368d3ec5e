using System.Buffers.Binary;
using Google.Protobuf;
using Tensorboard;

namespace GpuGrad.Training.Tests.Logs;

/// <summary>
/// Reads event files with nothing of ours: the framing from its description, checksums bit by bit from the polynomial, and the messages by
/// TensorBoard's own definitions, which TorchSharp has compiled.
/// </summary>
internal static class EventReader
{
    public static List<Event> Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        var events = new List<Event>();
        for (int at = 0; at < bytes.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)));
            Assert.Equal(Masked(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            ReadOnlySpan<byte> body = bytes.AsSpan(at + 12, length);
            Assert.Equal(Masked(body), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            events.Add(Event.Parser.ParseFrom(new CodedInputStream(body.ToArray()))); // their messages are from before protobuf read spans
            at += 16 + length;
        }
        return events;
    }

    /// <summary>All events of a run, file after file.</summary>
    public static List<Event> ReadAll(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*tfevents*").Order(StringComparer.Ordinal).SelectMany(Read)];

    /// <summary>The values of a run: step, tag and value.</summary>
    public static List<(long Step, Summary.Types.Value Value)> Values(string folder) =>
        [.. ReadAll(folder).Where(e => e.Summary is not null).SelectMany(e => e.Summary.Value.Select(v => (e.Step, v)))];

    public static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~Crc32C(bytes, uint.MaxValue);
        return unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u);
    }

    // Reflected polynomial 0x1EDC6F41.
    public static uint Crc32C(ReadOnlySpan<byte> bytes, uint crc)
    {
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78u);
        }
        return crc;
    }
}
