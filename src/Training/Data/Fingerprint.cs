using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace GpuGrad.Training.Data;

/// <summary>SHA-256 over shapes, samples, labels and targets: of pieces of 16 MiB on all cores, then of their hashes in order.</summary>
internal static class Fingerprint
{
    private const int Piece = 1 << 24;

    public static string Of(DataShape shape, params ReadOnlySpan<SampleSet?> parts)
    {
        var pieces = new List<Func<byte[]>> { () => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{shape.Shape} {shape.Classes} {shape.Targets}")) };
        foreach (SampleSet? part in parts)
        {
            if (part is null)
                continue;
            string sizes = $"{part.Shape} {part.Count} {part.TargetSize}";
            pieces.Add(() => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(sizes)));
            Add(pieces, part.Bytes);
            Add(pieces, part.Reals);
            Add(pieces, part.Doubles);
            Add(pieces, part.Labels);
            Add(pieces, part.Targets);
        }
        var hashes = new byte[pieces.Count][];
        Parallel.For(0, hashes.Length, i => hashes[i] = pieces[i]());
        return Convert.ToHexStringLower(SHA256.HashData([.. hashes.SelectMany(h => h)]));
    }

    private static void Add<T>(List<Func<byte[]>> pieces, T[]? values) where T : unmanaged
    {
        int elements = Piece / System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        for (int begin = 0; values is not null && begin < values.Length; begin += elements)
        {
            int first = begin;
            pieces.Add(() => SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan(first, Math.Min(elements, values.Length - first)))));
        }
    }
}
