using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// The checksum of gzip, zip and PNG (polynomial 0xEDB88320, reflected): 64 bytes a step by products of polynomials where the
/// processor has them, else 16 by tables.
/// </summary>
internal static class Crc32
{
    private const int Step = 16;
    private const int Fold = 64;
    private static readonly uint[] Tables = MakeTables();

    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of what <paramref name="crc"/> is of, followed by more bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        ref uint table = ref MemoryMarshal.GetArrayDataReference(Tables);
        crc = ~crc;
        if (Pclmulqdq.IsSupported && bytes.Length >= Fold)
        {
            crc = Folded(crc, bytes[..(bytes.Length / Fold * Fold)]);
            bytes = bytes[(bytes.Length / Fold * Fold)..];
        }
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

    // Gopal et al., "Fast CRC computation for generic polynomials using PCLMULQDQ instruction", 2009: four accumulators of 128 bits,
    // each moved on by 512 bits a step through a product with x^(512 ± 32) modulo the polynomial; at the end folded into one of
    // 128, 64 and, by Barrett's reduction, 32 bits.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Folded(uint crc, ReadOnlySpan<byte> bytes)
    {
        Vector128<ulong> by512 = Vector128.Create(0x154442bd4ul, 0x1c6e41596ul), by128 = Vector128.Create(0x1751997d0ul, 0x0ccaa009eul);
        Vector128<ulong> by64 = Vector128.Create(0x163cd6124ul, 0ul), barrett = Vector128.Create(0x1db710641ul, 0x1f7011641ul);
        Vector128<ulong> low = Vector128.Create(0xFFFFFFFFul, 0xFFFFFFFFul);
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        Vector128<ulong> a = Load(ref at, 0) ^ Vector128.Create((ulong)crc, 0), b = Load(ref at, 16), c = Load(ref at, 32), d = Load(ref at, 48);
        for (int i = Fold; i < bytes.Length; i += Fold)
        {
            a = Moved(a, by512) ^ Load(ref at, i);
            b = Moved(b, by512) ^ Load(ref at, i + 16);
            c = Moved(c, by512) ^ Load(ref at, i + 32);
            d = Moved(d, by512) ^ Load(ref at, i + 48);
        }
        a = Moved(Moved(Moved(a, by128) ^ b, by128) ^ c, by128) ^ d;
        a = Sse2.ShiftRightLogical128BitLane(a, 8) ^ Pclmulqdq.CarrylessMultiply(a, by128, 0x10);
        a = Sse2.ShiftRightLogical128BitLane(a, 4) ^ Pclmulqdq.CarrylessMultiply(a & low, by64, 0x00);
        Vector128<ulong> quotient = Pclmulqdq.CarrylessMultiply(a & low, barrett, 0x10) & low;
        return (a ^ Pclmulqdq.CarrylessMultiply(quotient, barrett, 0x00)).AsUInt32()[1];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Moved(Vector128<ulong> v, Vector128<ulong> by) =>
        Pclmulqdq.CarrylessMultiply(v, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(v, by, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Load(ref byte at, int offset) => Vector128.LoadUnsafe(ref at, (nuint)offset).AsUInt64();

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
