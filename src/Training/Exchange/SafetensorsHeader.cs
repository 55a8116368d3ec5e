using System.Text.Json;
using System.Text.Unicode;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Exchange;

/// <summary>
/// Parses the JSON header of a safetensors file token by token: nothing is built before it is verified, and no
/// value is accepted as another type.
/// </summary>
/// <param name="path">The file, for messages.</param>
/// <param name="begin">Position of the header in the file.</param>
/// <param name="dataBytes">Number of bytes after the header.</param>
internal sealed class SafetensorsHeader(string path, long begin, long dataBytes)
{
    private const string MetadataKey = "__metadata__";

    private readonly List<SafetensorsTensor> tensors = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The tensors in the order of their bytes, which they fill without gaps.</summary>
    /// <exception cref="DamagedFileException">It breaks a rule of the format.</exception>
    public List<SafetensorsTensor> Parse(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            throw Wrong(0, "the header is not UTF-8");
        if (json.IsEmpty || json[0] != '{')
            throw Wrong(0, "the header does not begin with '{'");
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            reader.Read();
            while (NextKey(ref reader) is string key)
            {
                if (!names.Add(key))
                    throw Wrong(reader.TokenStartIndex, $"'{key}' occurs twice");
                reader.Read();
                if (key == MetadataKey)
                    ReadMetadata(ref reader);
                else
                    tensors.Add(ReadTensor(ref reader, key));
            }
            // Only spaces may follow.
            while (reader.Read())
            {
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half a surrogate pair in a text.
            throw Wrong(reader.TokenStartIndex, $"the header is not JSON: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
        }
        RequireContiguous();
        return tensors;
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Wrong(reader.TokenStartIndex, $"{MetadataKey} is not an object of texts");
        while (NextKey(ref reader) is string key)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Wrong(reader.TokenStartIndex, $"'{key}' in {MetadataKey} is not a text");
            if (!Metadata.TryAdd(key, reader.GetString()!))
                throw Wrong(reader.TokenStartIndex, $"'{key}' occurs twice in {MetadataKey}");
        }
    }

    private SafetensorsTensor ReadTensor(ref Utf8JsonReader reader, string name)
    {
        long at = reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Wrong(at, $"tensor '{name}' is not an object");
        string? type = null;
        List<ulong>? shape = null;
        List<ulong>? offsets = null;
        while (NextKey(ref reader) is string key)
        {
            reader.Read();
            bool twice = key switch { "dtype" => type, "shape" => shape, "data_offsets" => (object?)offsets, _ => null } is not null;
            if (twice)
                throw Wrong(reader.TokenStartIndex, $"tensor '{name}' has {key} twice");
            switch (key)
            {
                case "dtype":
                    type = reader.TokenType == JsonTokenType.String ? reader.GetString() : throw Wrong(reader.TokenStartIndex, $"dtype of tensor '{name}' is not a text");
                    break;
                case "shape":
                    shape = ReadNumbers(ref reader, $"shape of tensor '{name}'");
                    break;
                case "data_offsets":
                    offsets = ReadNumbers(ref reader, $"data_offsets of tensor '{name}'");
                    break;
                default:
                    // The reference implementation ignores other keys.
                    reader.Skip();
                    break;
            }
        }
        return TensorOf(at, name, type, shape, offsets);
    }

    private SafetensorsTensor TensorOf(long at, string name, string? type, List<ulong>? shape, List<ulong>? offsets)
    {
        if (type is null || shape is null || offsets is null)
            throw Wrong(at, $"tensor '{name}' has no {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        SafetensorsType element = SafetensorsTypes.Parse(type)
            ?? throw Wrong(at, $"tensor '{name}' has dtype '{type}', expected one of {string.Join(", ", Enum.GetValues<SafetensorsType>().Select(t => t.Name()))}");
        if (offsets.Count != 2)
            throw Wrong(at, $"data_offsets of tensor '{name}' has {offsets.Count} numbers, expected 2");
        (ulong first, ulong end) = (offsets[0], offsets[1]);
        if (first > end || end > (ulong)dataBytes)
            throw Wrong(at, $"data_offsets of tensor '{name}' is [{first}, {end}]; the file has {dataBytes} bytes of data");
        ulong bytes;
        try
        {
            bytes = checked(shape.Aggregate(1UL, (product, size) => checked(product * size)) * (ulong)element.Size());
        }
        catch (OverflowException)
        {
            throw Wrong(at, $"the shape of tensor '{name}' has more elements than 64 bits can count");
        }
        // Next to a size of 0 another one may still overflow a long.
        if (bytes != end - first || shape.Exists(s => s > long.MaxValue))
            throw Wrong(at, $"tensor '{name}' {type} [{string.Join(", ", shape)}] takes {bytes} bytes, its data_offsets [{first}, {end}] say {end - first}");
        return new SafetensorsTensor(name, element, [.. shape.Select(s => (long)s)], (long)first, (long)bytes);
    }

    private List<ulong> ReadNumbers(ref Utf8JsonReader reader, string what)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Wrong(reader.TokenStartIndex, $"{what} is not a list");
        var numbers = new List<ulong>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || reader.ValueSpan[0] == '-' || !reader.TryGetUInt64(out ulong number))
                throw Wrong(reader.TokenStartIndex, $"{what} holds something other than whole numbers of 0 or more");
            numbers.Add(number);
        }
        return numbers;
    }

    // Otherwise a file could hold bytes that no reader sees, or two tensors the same bytes.
    private void RequireContiguous()
    {
        tensors.Sort((a, b) => (a.Offset, a.Bytes).CompareTo((b.Offset, b.Bytes)));
        long end = 0;
        foreach (SafetensorsTensor tensor in tensors)
        {
            if (tensor.Offset != end)
                throw Wrong(0, $"tensor '{tensor.Name}' begins at byte {tensor.Offset} of the data, expected {end}: {(tensor.Offset > end ? "there is a hole" : "it overlaps another")}");
            end += tensor.Bytes;
        }
        if (end != dataBytes)
            throw Wrong(0, $"the tensors take {end} bytes, the file has {dataBytes} bytes of data");
    }

    private static string? NextKey(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
    }

    private DamagedFileException Wrong(long at, string what) => new(path, begin + at, what);
}
