using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>IDX and npy files, distinguished by their first byte: read as a whole, or left on disk.</summary>
internal static class ArrayFiles
{
    private const byte FirstOfNpy = 0x93;

    /// <summary>Reads a whole file.</summary>
    public static NumberArray Read(string path) => DataFile.Read(path, stream => IsNpy(stream) ? Npy.Read(stream, path) : Idx.Read(stream, path));

    /// <summary>Header of a file; null if it is compressed and must be read as a whole.</summary>
    public static ArrayHeader? Header(string path) => DataFile.Read(path, stream =>
    {
        bool npy = IsNpy(stream);
        if (!npy && Gzip.Is(stream))
            return null;
        using var input = new ByteInput(stream, path, stream.Length);
        return npy ? Npy.ReadHeader(input) : Idx.ReadHeader(input);
    });

    /// <summary>Samples of one file with the labels or targets of another.</summary>
    /// <param name="x">File of the samples.</param>
    /// <param name="y">File of the labels or targets; null for none.</param>
    /// <param name="cache">Where samples are kept.</param>
    /// <param name="channelsLast">Whether pictures are [N, H, W, C].</param>
    /// <param name="ignored">The value of mask pixels that are ignored; null for none.</param>
    /// <param name="check">Receives each array that was read as a whole, with its path.</param>
    public static SampleSet Samples(string x, string? y, SampleCache cache, bool channelsLast = false, int? ignored = null, Action<string, NumberArray>? check = null)
    {
        ArrayHeader? header = Header(x);
        bool inMemory = header is null || cache.IsInMemory(header.Bytes);
        NumberArray?[] arrays = Concurrently.Run<NumberArray?>(() => inMemory ? Whole(x) : null, () => y is null ? null : Whole(y));
        return arrays[0] is { } samples
            ? ArraySamples.Of(samples, arrays[1], x, y ?? x, channelsLast, ignored)
            : ArraySamples.OnDisk(x, header!, arrays[1], y ?? x, channelsLast, ignored);

        NumberArray Whole(string path)
        {
            NumberArray array = Read(path);
            check?.Invoke(path, array);
            return array;
        }
    }

    private static bool IsNpy(Stream stream)
    {
        int first = stream.ReadByte();
        stream.Position = 0;
        return first == FirstOfNpy;
    }
}
