using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Exchange;

/// <summary>A tensor to write; its bytes are requested piece by piece during writing.</summary>
public sealed class TensorToWrite
{
    private readonly ByteSource source;

    private TensorToWrite(string name, ReadOnlySpan<int> shape, SafetensorsType type, ByteSource source)
    {
        long length = 1;
        foreach (int size in shape)
            length = checked(length * size);
        this.source = source;
        (Name, Shape, Type, Bytes) = (name, shape.ToArray(), type, checked(length * type.Size()));
    }

    public string Name { get; }

    public IReadOnlyList<int> Shape { get; }

    public SafetensorsType Type { get; }

    public long Bytes { get; }

    /// <summary>A tensor of type F32.</summary>
    public static TensorToWrite Of(string name, ReadOnlySpan<int> shape, ReadOnlySpan<float> values) =>
        Of(name, shape, SafetensorsType.F32, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A tensor of type F64.</summary>
    public static TensorToWrite Of(string name, ReadOnlySpan<int> shape, ReadOnlySpan<double> values) =>
        Of(name, shape, SafetensorsType.F64, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A tensor of type F32 that is read while it is written, so that no copy of it is held.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="read">Fills a span with the values starting at an element.</param>
    public static TensorToWrite Streamed(string name, ReadOnlySpan<int> shape, Action<long, Span<float>> read) =>
        new(name, shape, SafetensorsType.F32, (offset, part) => read(offset / sizeof(float), MemoryMarshal.Cast<byte, float>(part)));

    internal void WriteTo(Stream stream)
    {
        const int Piece = 1 << 20;
        byte[] piece = ArrayPool<byte>.Shared.Rent((int)Math.Min(Piece, Bytes));
        for (long offset = 0; offset < Bytes; offset += Piece)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(Piece, Bytes - offset));
            source(offset, part);
            stream.Write(part);
        }
        ArrayPool<byte>.Shared.Return(piece);
    }

    private static TensorToWrite Of(string name, ReadOnlySpan<int> shape, SafetensorsType type, byte[] bytes)
    {
        var tensor = new TensorToWrite(name, shape, type, (offset, part) => bytes.AsSpan((int)offset, part.Length).CopyTo(part));
        return tensor.Bytes == bytes.Length ? tensor
            : throw new ArgumentException($"Tensor '{name}' [{string.Join(", ", shape.ToArray())}] has {tensor.Bytes / type.Size()} elements; {bytes.Length / type.Size()} values were given.");
    }
}

/// <summary>Writes safetensors files in the layout of the reference implementation: descending alignment, then names; header padded to 8 bytes.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <param name="path">The file; replaced atomically.</param>
    /// <param name="tensors">Tensors in any order; names must be unique.</param>
    /// <param name="metadata">Texts to add.</param>
    /// <param name="files">The file system.</param>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null, IFileSystem? files = null)
    {
        (Action<Stream> body, long length) = Content(tensors, metadata);
        DurableFile.Write(path, body, length, files);
    }

    /// <summary>The same, in an open folder.</summary>
    public static void Write(WorkFolder folder, string name, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        (Action<Stream> body, long length) = Content(tensors, metadata);
        DurableFile.Write(folder, name, body, length);
    }

    private static (Action<Stream> Body, long Length) Content(IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        TensorToWrite[] ordered = [.. tensors];
        Array.Sort(ordered, (a, b) => a.Type != b.Type ? b.Type.CompareTo(a.Type) : CompareUtf8(a.Name, b.Name));
        byte[] header = Header(ordered, metadata);
        return (stream =>
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (TensorToWrite tensor in ordered)
                tensor.WriteTo(stream);
        }, sizeof(ulong) + header.Length + ordered.Sum(t => t.Bytes));
    }

    private static byte[] Header(TensorToWrite[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
            long end = 0;
            json.WriteStartObject();
            if (metadata is not null)
                WriteMetadata(json, metadata);
            foreach (TensorToWrite tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                    throw new ArgumentException($"A tensor '{tensor.Name}' is there already, or the name is taken by the format.");
                WriteTensor(json, tensor, end);
                end += tensor.Bytes;
            }
            json.WriteEndObject();
        }
        int padding = (Alignment - (buffer.WrittenCount % Alignment)) % Alignment;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        if (buffer.WrittenCount > SafetensorsFile.MostHeader)
            throw new ArgumentException($"The names and shapes take {buffer.WrittenCount} bytes; the format allows {SafetensorsFile.MostHeader}.");
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject("__metadata__");
        // Sorted, so that the same content gives the same bytes.
        foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteTensor(Utf8JsonWriter json, TensorToWrite tensor, long begin)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type.Name());
        json.WriteStartArray("shape");
        foreach (int size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(begin + tensor.Bytes);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // The reference compares UTF-8 bytes; UTF-16 orders characters beyond the first plane differently.
    private static int CompareUtf8(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}
