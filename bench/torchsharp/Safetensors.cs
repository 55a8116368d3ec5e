using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GpuGrad.Bench.TorchSharpPeer;

/// <summary>Arrays of floats in a safetensors file: a header of JSON, then the numbers.</summary>
internal static class Safetensors
{
    public static Dictionary<string, (long[] Shape, float[] Values)> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        var arrays = new Dictionary<string, (long[] Shape, float[] Values)>();
        foreach ((string name, JsonNode? entry) in JsonNode.Parse(file.AsSpan(sizeof(long), header))!.AsObject())
        {
            int[] offsets = entry!["data_offsets"].Deserialize<int[]>()!;
            ReadOnlySpan<byte> bytes = file.AsSpan(sizeof(long) + header)[offsets[0]..offsets[1]];
            arrays[name] = (entry["shape"].Deserialize<long[]>()!, MemoryMarshal.Cast<byte, float>(bytes).ToArray());
        }
        return arrays;
    }

    public static void Write(string path, Dictionary<string, (long[] Shape, float[] Values)> arrays)
    {
        var header = new JsonObject();
        int offset = 0;
        foreach ((string name, (long[] shape, float[] values)) in arrays)
        {
            int end = offset + (values.Length * sizeof(float));
            header[name] = new JsonObject { ["dtype"] = "F32", ["shape"] = JsonSerializer.SerializeToNode(shape), ["data_offsets"] = new JsonArray(offset, end) };
            offset = end;
        }
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header), length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        using FileStream file = File.Create(path);
        file.Write(length);
        file.Write(text);
        foreach ((long[] _, float[] values) in arrays.Values)
            file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }
}
