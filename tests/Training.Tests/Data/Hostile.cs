using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Tests.Data;

/// <summary>What every reader of files must do with a bad one: refuse it in one line, having asked for little memory.</summary>
internal static class Hostile
{
    public const long LittleMemory = 1 << 20;

    /// <summary>A file that takes more of the processor hangs.</summary>
    public const int SlowestSeconds = 10;

    /// <summary>The refusal of a file that must not be read.</summary>
    public static string Refusal(byte[] file, Action<byte[]> read, string what = "", long memory = LittleMemory)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exception? e = Record(() => read(file));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(e is not null, $"{what}: was read, expected a refusal");
        Assert.True(allocated <= memory + (4L * file.Length), $"{what}: {allocated} bytes were asked for");
        return AssertOneLine(e, what);
    }

    /// <summary>Reads a file that may be whole by chance; whatever comes out of it must be a refusal.</summary>
    public static bool ReadOrRefuse(byte[] file, Action<byte[]> read, string what, long memory)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exception? e = Record(() => read(file));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= memory, $"{what}: {allocated} bytes were asked for");
        if (e is not null)
            AssertOneLine(e, what);
        return e is null;
    }

    public static string AssertOneLine(Exception e, string what)
    {
        GpuGradException refusal = Assert.IsType<GpuGradException>(e);
        Assert.True(refusal.Fault == Fault.Data, $"{what}: {refusal.Fault}");
        Assert.True(!refusal.Message.Contains('\n', StringComparison.Ordinal) && !refusal.Message.Contains('\r', StringComparison.Ordinal), $"{what}: several lines: {refusal.Message}");
        Assert.True(refusal.Message.Contains("expected", StringComparison.Ordinal), $"{what}: says not what was expected: {refusal.Message}");
        Assert.True(!refusal.Message.Contains("   at ", StringComparison.Ordinal), $"{what}: a stack trace: {refusal.Message}");
        return refusal.Message;
    }

    /// <summary>The file with something broken: bits, bytes, lengths, order.</summary>
    public static byte[] Mutate(byte[] good, RandomStream random)
    {
        var bytes = new List<byte>(good);
        for (int times = 1 + random.NextInt(3); times > 0 && bytes.Count > 0; times--)
        {
            int at = random.NextInt(bytes.Count), length = Math.Min(1 + random.NextInt(8), bytes.Count - at);
            switch (random.NextInt(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.NextInt(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.NextBits();
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(random.NextInt(bytes.Count - length + 1), length));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5:
                    bytes.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.NextBits()));
                    break;
                default:
                    Overwrite(bytes, at, random);
                    break;
            }
        }
        return [.. bytes];
    }

    public static Exception? Record(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    public static string FilePath(string name, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Files", name);

    public static byte[] File(string name) => System.IO.File.ReadAllBytes(FilePath(name));

    // The numbers that lengths and offsets go wrong at.
    private static void Overwrite(List<byte> bytes, int at, RandomStream random)
    {
        ulong[] values = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x10000, long.MaxValue, ulong.MaxValue];
        var word = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(word, values[random.NextInt(values.Length)]);
        int size = 1 << random.NextInt(4);
        if (random.NextInt(2) == 0)
            Array.Reverse(word, 0, size);
        for (int i = 0; i < size && at + i < bytes.Count; i++)
            bytes[at + i] = word[i];
    }
}
