using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// A shared library (ELF, x86-64) whose functions jump to addresses in a table, which whoever loads it fills: so managed code can stand
/// in for a native driver that is called by P/Invoke, without a C compiler.
/// </summary>
internal static class StubLibrary
{
    /// <summary>The exported table: one pointer a function, in the order given.</summary>
    public const string Table = "stub_table";

    private const int HeaderSize = 64, SegmentSize = 56, SymbolSize = 24, StubSize = 8, Page = 4096;

    /// <summary>Puts functions in the place of a library of the system, for this process.</summary>
    public static unsafe void Load(string name, IReadOnlyDictionary<string, nint> functions)
    {
        string[] names = [.. functions.Keys];
        string path = Path.Combine(Path.GetTempPath(), $"gpugrad-{name}-{Environment.ProcessId}-{Guid.NewGuid():n}");
        File.WriteAllBytes(path, Build(name, names));
        nint library = NativeLibrary.Load(path);
        File.Delete(path);
        nint* table = (nint*)NativeLibrary.GetExport(library, Table);
        for (int i = 0; i < names.Length; i++)
            table[i] = functions[names[i]];
    }

    /// <param name="name">Its DT_SONAME: a later dlopen of that name gives this library.</param>
    /// <param name="functions">What it exports.</param>
    public static byte[] Build(string name, IReadOnlyList<string> functions)
    {
        byte[] strings = Strings([name, Table, .. functions], out int[] offsets);
        int symbols = Align(HeaderSize + (4 * SegmentSize), 8), symbolCount = functions.Count + 2;
        int hash = symbols + (symbolCount * SymbolSize), text = Align(hash + (4 * (2 + 1 + symbolCount)), 8);
        int names = text + (functions.Count * StubSize), end = names + strings.Length;
        int dynamic = Align(end, Page), table = dynamic + (8 * 16), total = table + (functions.Count * 8);
        byte[] file = new byte[total];
        WriteHeader(file, end, dynamic, total);
        for (int i = 0; i < symbolCount - 1; i++)
        {
            bool isTable = i == 0;
            WriteSymbol(file.AsSpan(symbols + ((i + 1) * SymbolSize)), offsets[i + 1], isTable, isTable ? table : text + ((i - 1) * StubSize), isTable ? functions.Count * 8 : StubSize);
        }
        WriteHash(file.AsSpan(hash), symbolCount);
        for (int i = 0; i < functions.Count; i++)
            WriteStub(file.AsSpan(text + (i * StubSize)), table + (i * 8) - (text + (i * StubSize)));
        strings.CopyTo(file, names);
        WriteDynamic(file.AsSpan(dynamic), [(14, offsets[0]), (4, hash), (5, names), (6, symbols), (10, strings.Length), (11, SymbolSize), (0, 0)]);
        return file;
    }

    private static byte[] Strings(string[] all, out int[] offsets)
    {
        var bytes = new List<byte> { 0 };
        offsets = new int[all.Length];
        for (int i = 0; i < all.Length; i++)
        {
            offsets[i] = bytes.Count;
            bytes.AddRange(Encoding.ASCII.GetBytes(all[i]));
            bytes.Add(0);
        }
        return [.. bytes];
    }

    private static void WriteHeader(Span<byte> file, int end, int dynamic, int total)
    {
        ReadOnlySpan<byte> identity = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]; // 64 bits, little endian, version 1
        identity.CopyTo(file);
        Put16(file, 16, 3); // a shared object
        Put16(file, 18, 62); // x86-64
        Put32(file, 20, 1);
        Put64(file, 32, HeaderSize);
        Put16(file, 52, HeaderSize);
        Put16(file, 54, SegmentSize);
        Put16(file, 56, 4);
        WriteSegment(file[HeaderSize..], 1, 5, 0, end, Page); // PT_LOAD, read and execute
        WriteSegment(file[(HeaderSize + SegmentSize)..], 1, 6, dynamic, total - dynamic, Page); // PT_LOAD, read and write
        WriteSegment(file[(HeaderSize + (2 * SegmentSize))..], 2, 6, dynamic, 7 * 16, 8); // PT_DYNAMIC
        WriteSegment(file[(HeaderSize + (3 * SegmentSize))..], 0x6474E551, 6, 0, 0, 16); // PT_GNU_STACK: not executable
    }

    private static void WriteSegment(Span<byte> at, uint type, int flags, int offset, int size, int alignment)
    {
        Put32(at, 0, type);
        Put32(at, 4, (uint)flags);
        Put64(at, 8, offset);
        Put64(at, 16, offset);
        Put64(at, 24, offset);
        Put64(at, 32, size);
        Put64(at, 40, size);
        Put64(at, 48, alignment);
    }

    private static void WriteSymbol(Span<byte> at, int name, bool isObject, int value, int size)
    {
        Put32(at, 0, (uint)name);
        at[4] = (byte)((1 << 4) | (isObject ? 1 : 2)); // global
        Put16(at, 6, 1); // any section: it is defined
        Put64(at, 8, value);
        Put64(at, 16, size);
    }

    // One bucket, all symbols in its chain.
    private static void WriteHash(Span<byte> at, int symbols)
    {
        Put32(at, 0, 1);
        Put32(at, 4, (uint)symbols);
        Put32(at, 8, 1);
        for (int i = 1; i < symbols - 1; i++)
            Put32(at, 12 + (4 * i), (uint)(i + 1));
    }

    // jmp [rip + displacement]
    private static void WriteStub(Span<byte> at, int toEntry)
    {
        at[0] = 0xFF;
        at[1] = 0x25;
        Put32(at, 2, (uint)(toEntry - 6));
    }

    private static void WriteDynamic(Span<byte> at, (int Tag, int Value)[] entries)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            Put64(at, i * 16, entries[i].Tag);
            Put64(at, (i * 16) + 8, entries[i].Value);
        }
    }

    private static int Align(int value, int to) => (value + to - 1) / to * to;

    private static void Put16(Span<byte> at, int offset, int value) => BinaryPrimitives.WriteUInt16LittleEndian(at[offset..], (ushort)value);

    private static void Put32(Span<byte> at, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(at[offset..], value);

    private static void Put64(Span<byte> at, int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(at[offset..], value);
}
