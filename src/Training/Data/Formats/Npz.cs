using System.IO.Compression;
using System.Runtime.InteropServices;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Data.Formats;

/// <summary>NumPy's archive: a zip of npy files, one per array.</summary>
public static class Npz
{
    /// <summary>Reads all arrays by name. Names are keys, never paths.</summary>
    /// <exception cref="GpuGradException">It is not an archive of arrays, truncated, damaged, a bomb, or followed by something.</exception>
    public static IReadOnlyDictionary<string, NumberArray> Read(string path) => DataFile.Read(path, stream => Read(stream, path));

    /// <summary>Reads the arrays of the given names, or all; nothing else is decompressed.</summary>
    /// <param name="stream">A seekable stream.</param>
    /// <param name="name">For messages.</param>
    /// <param name="wanted">Names without <c>.npy</c>.</param>
    public static IReadOnlyDictionary<string, NumberArray> Read(Stream stream, string name, IReadOnlyCollection<string>? wanted = null)
    {
        IReadOnlyList<ZipEntry> entries = ZipIndex.Read(stream, name);
        var arrays = new Dictionary<string, NumberArray>(StringComparer.Ordinal);
        foreach (ZipEntry entry in entries)
        {
            const string Suffix = ".npy";
            if (!entry.Name.EndsWith(Suffix, StringComparison.Ordinal))
                throw DataFault.At(name, entry.Header, $"the file {DataFault.Quote(entry.Name)}", "arrays, whose names end in .npy");
            string key = entry.Name[..^Suffix.Length];
            if (wanted?.Contains(key) == false)
                continue;
            using ByteInput input = ZipIndex.Open(stream, name, entry);
            arrays[key] = Npy.Read(input);
        }
        foreach (string key in wanted ?? [])
        {
            if (!arrays.ContainsKey(key))
                throw DataFault.In(name, $"no array '{key}'", "one of " + string.Join(", ", entries.Take(20).Select(e => DataFault.Quote(e.Name))));
        }
        return arrays;
    }
}

/// <summary>Writes an npz archive, array by array, uncompressed. The same arrays give the same bytes.</summary>
public sealed class NpzWriter(Stream stream) : IDisposable
{
    private readonly ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);

    /// <summary>Writes a file, which appears only once it is complete.</summary>
    /// <exception cref="StorageException">It cannot be written; an earlier file is unchanged.</exception>
    public static void Save(string path, Action<NpzWriter> write) => DurableFile.Write(path, Body(write));

    /// <summary>The same, in an open folder.</summary>
    public static void Save(WorkFolder folder, string name, Action<NpzWriter> write) => DurableFile.Write(folder, name, Body(write));

    public void Add(string name, ReadOnlySpan<int> sizes, ReadOnlySpan<float> values) => Add(name, sizes, NumberType.Float32, values);

    public void Add(string name, ReadOnlySpan<int> sizes, ReadOnlySpan<double> values) => Add(name, sizes, NumberType.Float64, values);

    public void Add(string name, ReadOnlySpan<int> sizes, ReadOnlySpan<int> values) => Add(name, sizes, NumberType.Int32, values);

    public void Add(string name, ReadOnlySpan<int> sizes, ReadOnlySpan<byte> values) => Add(name, sizes, NumberType.UInt8, values);

    public void Dispose() => archive.Dispose();

    private static Action<Stream> Body(Action<NpzWriter> write) => stream =>
    {
        using var writer = new NpzWriter(stream);
        write(writer);
    };

    private void Add<T>(string name, ReadOnlySpan<int> sizes, NumberType type, ReadOnlySpan<T> values) where T : unmanaged
    {
        long product = 1;
        foreach (int size in sizes)
            product = checked(product * size);
        if (product != values.Length)
            throw new ArgumentException($"'{name}' has {values.Length} numbers, expected {product} for its shape.");
        ZipArchiveEntry entry = archive.CreateEntry(name + ".npy", CompressionLevel.NoCompression);
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using Stream contents = entry.Open();
        contents.Write(Npy.Header(sizes, type));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        const int Piece = 1 << 20;
        for (int begin = 0; begin < bytes.Length; begin += Piece)
            contents.Write(bytes.Slice(begin, Math.Min(Piece, bytes.Length - begin)));
    }
}
