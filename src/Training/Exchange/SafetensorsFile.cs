using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Exchange;

/// <summary>
/// Reads safetensors files: 8 bytes length of the header, little-endian; the header, JSON; then the tensors' bytes, little-endian,
/// row-major, without gaps (https://github.com/huggingface/safetensors, README, "Format").
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>Longest header, as in the reference implementation.</summary>
    public const int MostHeader = 100_000_000;

    private const int LengthBytes = sizeof(ulong);
    private const int Chunk = 1 << 18;

    private readonly RegularFile file;
    private readonly long dataBegin;
    private readonly Dictionary<string, SafetensorsTensor> byName;

    private SafetensorsFile(RegularFile file, long dataBegin, List<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        this.file = file;
        this.dataBegin = dataBegin;
        Tensors = tensors;
        Metadata = metadata;
        byName = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    public string Path => file.Path;

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    /// <summary>Texts added by the program that wrote the file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Finds a tensor by name; null if there is none.</summary>
    public SafetensorsTensor? this[string name] => byName.GetValueOrDefault(name);

    /// <summary>Opens a file and verifies its header; tensors are read on request.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it cannot be read or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        RegularFile file = RegularFile.Open(path);
        try
        {
            long headerBytes = HeaderBytes(file);
            var json = new byte[headerBytes];
            file.ReadExactly(LengthBytes, json);
            long dataBegin = LengthBytes + headerBytes;
            var header = new SafetensorsHeader(path, LengthBytes, file.Length - dataBegin);
            List<SafetensorsTensor> tensors = header.Parse(json);
            return new SafetensorsFile(file, dataBegin, [.. tensors.Select(t => t with { Offset = dataBegin + t.Offset })], header.Metadata);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A tensor's values; integers beyond 2^53 are rounded.</summary>
    public double[] ReadDoubles(SafetensorsTensor tensor) => Read<double>(tensor);

    /// <summary>A tensor's values, rounded to float if necessary.</summary>
    public float[] ReadFloats(SafetensorsTensor tensor) => Read<float>(tensor);

    public void Dispose() => file.Dispose();

    private static long HeaderBytes(RegularFile file)
    {
        if (file.Length < LengthBytes)
            throw new DamagedFileException(file.Path, file.Length, $"the file ends here; a safetensors file begins with {LengthBytes} bytes for the length of its header");
        Span<byte> length = stackalloc byte[LengthBytes];
        file.ReadExactly(0, length);
        ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (bytes > MostHeader)
            throw new DamagedFileException(file.Path, 0, $"not a safetensors file: its header would have {bytes} bytes, expected at most {MostHeader}");
        if (bytes > (ulong)(file.Length - LengthBytes))
            throw new DamagedFileException(file.Path, 0, $"the header has {bytes} bytes, the file only {file.Length - LengthBytes} after this");
        return (long)bytes;
    }

    /// <summary>Some of a tensor's values, starting at an element; integers beyond 2^53 are rounded.</summary>
    public void Read(SafetensorsTensor tensor, long first, Span<double> values) => Read<double>(tensor, first, values);

    private T[] Read<T>(SafetensorsTensor tensor)
        where T : struct, INumberBase<T>
    {
        if (tensor.Length > Array.MaxLength)
            throw new GpuGradException(Fault.Data, $"{Path}: tensor {tensor} has {tensor.Length} elements; at most {Array.MaxLength} can be read.");
        var values = new T[tensor.Length];
        Read(tensor, 0, values.AsSpan());
        return values;
    }

    private void Read<T>(SafetensorsTensor tensor, long first, Span<T> values)
        where T : struct, INumberBase<T>
    {
        int size = tensor.Type.Size();
        var bytes = new byte[(long)Math.Min(Chunk, values.Length) * size];
        for (int begin = 0; begin < values.Length; begin += Chunk)
        {
            int count = Math.Min(Chunk, values.Length - begin);
            Span<byte> part = bytes.AsSpan(0, count * size);
            file.ReadExactly(tensor.Offset + ((first + begin) * size), part);
            Convert(tensor.Type, part, values.Slice(begin, count));
        }
    }

    private static void Convert<T>(SafetensorsType type, ReadOnlySpan<byte> from, Span<T> to)
        where T : struct, INumberBase<T>
    {
        switch (type)
        {
            case SafetensorsType.Bool:
                for (int i = 0; i < to.Length; i++)
                    to[i] = from[i] != 0 ? T.One : T.Zero;
                break;
            case SafetensorsType.BF16:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(from);
                for (int i = 0; i < to.Length; i++)
                    to[i] = T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)halves[i] << 16));
                break;
            case SafetensorsType.U8:
                Convert<byte, T>(from, to);
                break;
            case SafetensorsType.I8:
                Convert<sbyte, T>(from, to);
                break;
            case SafetensorsType.I16:
                Convert<short, T>(from, to);
                break;
            case SafetensorsType.U16:
                Convert<ushort, T>(from, to);
                break;
            case SafetensorsType.F16:
                Convert<Half, T>(from, to);
                break;
            case SafetensorsType.I32:
                Convert<int, T>(from, to);
                break;
            case SafetensorsType.U32:
                Convert<uint, T>(from, to);
                break;
            case SafetensorsType.F32:
                Convert<float, T>(from, to);
                break;
            case SafetensorsType.F64:
                Convert<double, T>(from, to);
                break;
            case SafetensorsType.I64:
                Convert<long, T>(from, to);
                break;
            case SafetensorsType.U64:
                Convert<ulong, T>(from, to);
                break;
        }
    }

    private static void Convert<TFrom, T>(ReadOnlySpan<byte> bytes, Span<T> to)
        where TFrom : struct, INumberBase<TFrom>
        where T : struct, INumberBase<T>
    {
        ReadOnlySpan<TFrom> from = MemoryMarshal.Cast<byte, TFrom>(bytes);
        for (int i = 0; i < to.Length; i++)
            to[i] = T.CreateTruncating(from[i]);
    }
}
