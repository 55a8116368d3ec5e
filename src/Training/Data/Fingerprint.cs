using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data;

/// <summary>
/// SHA-256 over shapes, samples, labels and targets: of pieces of 16 MiB on all cores, then of their hashes in order. It does not depend
/// on whether samples are in memory or on disk. Of more than 2²⁸ numbers, evenly spaced pieces are hashed.
/// </summary>
internal static class Fingerprint
{
    private const int Piece = 1 << 24, Slice = 1 << 16;
    private const long MostNumbers = 1L << 28;

    public static string Of(DataShape shape, params ReadOnlySpan<SampleSet?> parts)
    {
        var pieces = new List<Func<byte[]>> { () => SHA256.HashData(Encoding.UTF8.GetBytes($"{shape.Shape} {shape.Classes} {shape.Targets}{(shape.Answer is { } answer ? $" {answer}" : "")}")) };
        foreach (SampleSet? part in parts)
        {
            if (part is null)
                continue;
            string sizes = $"{part.Shape} {part.Count} {part.TargetSize}";
            pieces.Add(() => SHA256.HashData(Encoding.UTF8.GetBytes(sizes)));
            if (part.Columns is { } columns && columns.Any(c => !c.IsPlain))
                pieces.Add(() => SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', columns.Select(c => $"{c.Name}\t{c.Type}\t{string.Join('\t', c.Texts ?? [])}")))));
            AddSamples(pieces, part);
            if (part.Texts is { } texts)
                pieces.Add(() => SHA256.HashData([.. texts.SelectMany(SHA256.HashData)]));
            Add(pieces, part.Labels);
            Add(pieces, part.Targets);
            Add(pieces, part.Mask);
            Add(pieces, part.PositionLabels);
            Add(pieces, part.Lengths);
        }
        var hashes = new byte[pieces.Count][];
        Concurrently.For(hashes.Length, i => hashes[i] = pieces[i]());
        return Convert.ToHexStringLower(SHA256.HashData([.. hashes.SelectMany(h => h)]));
    }

    private static void AddSamples(List<Func<byte[]>> pieces, SampleSet part)
    {
        if (part.SourceHash is byte[] known)
        {
            pieces.Add(() => known);
            return;
        }
        if (part is { Bytes: null, Reals: null, Doubles: null, Rows: null })
            return;
        // Whether numbers are stored as floats depends on all of them; of this many only some are examined.
        long count = part.Count * part.Shape.Length, every = Math.Max(1, (count + MostNumbers - 1) / MostNumbers);
        if (part.AreBytes)
            Add<byte>(pieces, part, count, every, v => (byte)v);
        else if (every == 1 && (part.Reals is not null || part.Rows?.AreFloats == true || (part.Rows is not null && AreFloats(part, count))))
            Add(pieces, part, count, every, v => (float)v);
        else
            Add(pieces, part, count, every, v => v);
    }

    private static void Add<T>(List<Func<byte[]>> pieces, SampleSet part, long count, long every, Func<double, T> convert) where T : unmanaged
    {
        int elements = Piece / Unsafe.SizeOf<T>();
        for (long begin = 0; begin < count; begin += elements * every)
        {
            long first = begin;
            int length = (int)Math.Min(elements, count - begin);
            pieces.Add(() => (part.Bytes as T[] ?? part.Reals as T[] ?? part.Doubles as T[]) is T[] values
                ? SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan((int)first, length)))
                : HashOf(part, first, length, convert));
        }
    }

    // In small pieces, which are hashed in parallel.
    private static byte[] HashOf<T>(SampleSet part, long first, int count, Func<double, T> convert) where T : unmanaged
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var numbers = new double[Math.Min(Math.Max(Slice, part.Shape.Count), count)];
        var values = new T[numbers.Length];
        for (int done = 0; done < count; done += numbers.Length)
        {
            int length = Math.Min(numbers.Length, count - done);
            part.Read(first + done, numbers.AsSpan(0, length));
            for (int i = 0; i < length; i++)
                values[i] = convert(numbers[i]);
            hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan(0, length)));
        }
        return hash.GetHashAndReset();
    }

    private static bool AreFloats(SampleSet part, long count)
    {
        long looked = Math.Max(Slice, part.Shape.Count);
        bool all = true;
        Concurrently.For((int)((count + looked - 1) / looked), i =>
        {
            var numbers = new double[Math.Min(looked, count - (i * looked))];
            part.Read(i * looked, numbers);
            if (!Array.TrueForAll(numbers, v => (float)v == v))
                Volatile.Write(ref all, false);
        });
        return all;
    }

    private static void Add<T>(List<Func<byte[]>> pieces, T[]? values) where T : unmanaged
    {
        int elements = Piece / Unsafe.SizeOf<T>();
        for (int begin = 0; values is not null && begin < values.Length; begin += elements)
        {
            int first = begin;
            pieces.Add(() => SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan(first, Math.Min(elements, values.Length - first)))));
        }
    }
}
