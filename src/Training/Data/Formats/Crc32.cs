using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuGrad.Training.Data.Formats;

/// <summary>The checksum of gzip, zip and PNG (polynomial 0xEDB88320, reflected), 16 bytes a step by tables.</summary>
internal static class Crc32
{
    private const int Step = 16;
    private static readonly uint[] Tables = MakeTables();

    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of what <paramref name="crc"/> is of, followed by more bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        ref uint table = ref MemoryMarshal.GetArrayDataReference(Tables);
        crc = ~crc;
        while (bytes.Length >= Step)
        {
            uint a = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            uint b = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            uint c = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            uint d = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
            crc = Word(ref table, 12, a) ^ Word(ref table, 8, b) ^ Word(ref table, 4, c) ^ Word(ref table, 0, d);
            bytes = bytes[Step..];
        }
        foreach (byte b in bytes)
            crc = Unsafe.Add(ref table, (byte)crc ^ b) ^ (crc >> 8);
        return ~crc;
    }

    // Four bytes that have 0 to 12 more of the step behind them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ref uint table, int behind, uint word) =>
        Unsafe.Add(ref table, ((behind + 3) * 256) + (int)(word & 255))
        ^ Unsafe.Add(ref table, ((behind + 2) * 256) + (int)((word >> 8) & 255))
        ^ Unsafe.Add(ref table, ((behind + 1) * 256) + (int)((word >> 16) & 255))
        ^ Unsafe.Add(ref table, (behind * 256) + (int)(word >> 24));

    // Row k is the checksum of a byte followed by k zero bytes.
    private static uint[] MakeTables()
    {
        var tables = new uint[Step * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            tables[i] = crc;
        }
        for (int i = 256; i < tables.Length; i++)
            tables[i] = (tables[i - 256] >> 8) ^ tables[tables[i - 256] & 255];
        return tables;
    }
}
