using System.Buffers.Binary;
using System.Text;

namespace GpuGrad.Training.Tests.Exchange;

/// <summary>Safetensors files by hand, right and wrong.</summary>
internal static class CraftedSafetensors
{
    public static byte[] Of(byte[] header, int dataBytes, ulong? length = null)
    {
        var file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length ?? (ulong)header.Length);
        header.CopyTo(file, 8);
        return file;
    }

    public static byte[] Of(string header, int dataBytes, ulong? length = null) => Of(Encoding.UTF8.GetBytes(header), dataBytes, length);

    private static string Tensor(string dtype, string shape, string offsets, string name = "a") =>
        $$$"""{"{{{name}}}":{"dtype":"{{{dtype}}}","shape":{{{shape}}},"data_offsets":{{{offsets}}}}}""";

    private static string Two(string a, string b) =>
        $$$"""{"a":{"dtype":"U8","shape":[4],"data_offsets":{{{a}}}},"b":{"dtype":"U8","shape":[4],"data_offsets":{{{b}}}}}""";

    /// <summary>What the format allows.</summary>
    public static IEnumerable<(string What, byte[] Bytes)> Accepted()
    {
        yield return ("no tensor", Of("{}", 0));
        yield return ("no tensor, padded with spaces", Of("{}      ", 0));
        yield return ("padded with other white space", Of("{}\n\t\r ", 0));
        yield return ("one scalar", Of(Tensor("F32", "[]", "[0,4]"), 4));
        yield return ("one of each size", Of(Tensor("F64", "[1,2,1]", "[0,16]"), 16));
        yield return ("a header of any length", Of(Tensor("U8", "[3]", "[0,3]", "abcd"), 3));
        yield return ("an empty tensor", Of(Tensor("F32", "[0]", "[0,0]"), 0));
        yield return ("an empty tensor of large sizes", Of(Tensor("F32", "[3,0,1000000]", "[0,0]"), 0));
        yield return ("two empty tensors at one place", Of("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}}""", 0));
        yield return ("tensors in another order than their bytes", Of(Two("[4,8]", "[0,4]"), 8));
        yield return ("an empty tensor between two", Of("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]},"e":{"dtype":"U8","shape":[0],"data_offsets":[4,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 8));
        yield return ("metadata", Of("""{"__metadata__":{"a":"b","c":""}}""", 0));
        yield return ("empty metadata", Of("""{"__metadata__":{}}""", 0));
        yield return ("no metadata but null", Of("""{"__metadata__":null}""", 0));
        yield return ("an empty name", Of(Tensor("U8", "[1]", "[0,1]", ""), 1));
        yield return ("a name like a path", Of(Tensor("U8", "[1]", "[0,1]", "../../etc/passwd"), 1));
        yield return ("a name with escapes", Of(Tensor("U8", "[1]", "[0,1]", "\\u0041\\n\\\"\\ud83d\\ude00"), 1));
        yield return ("a name beyond ASCII", Of(Tensor("U8", "[1]", "[0,1]", "größe 😀"), 1));
        yield return ("white space within", Of("{ \"a\" : {\n\"dtype\":\"U8\" ,\"shape\": [ 1 ] , \"data_offsets\":[0 , 1] } }", 1));
        yield return ("keys in another order", Of("""{"a":{"data_offsets":[0,1],"shape":[1],"dtype":"U8"}}""", 1));
        yield return ("a key that no one knows", Of("""{"a":{"dtype":"U8","note":[{"x":1}],"shape":[1],"data_offsets":[0,1]}}""", 1));
        foreach (string type in new[] { "BOOL", "U8", "I8", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64", "U64" })
            yield return ($"type {type}", Of(Tensor(type, "[0,7]", "[0,0]"), 0));
    }

    /// <summary>What it forbids.</summary>
    public static IEnumerable<(string What, byte[] Bytes)> Refused() => [.. Lengths(), .. Texts(), .. Fields(), .. Offsets(), .. Sizes()];

    private static IEnumerable<(string What, byte[] Bytes)> Lengths()
    {
        yield return ("an empty file", []);
        yield return ("7 bytes", new byte[7]);
        yield return ("a header of length 0", new byte[8]);
        yield return ("a header longer than the file", Of("{}", 0, length: 3));
        yield return ("a header that ends early", Of("{}", 0, length: 1));
        yield return ("a header of 100,000,001 bytes", Of("{}", 0, length: 100_000_001));
        yield return ("a header of 100,000,000 bytes that are not there", Of("{}", 0, length: 100_000_000));
        foreach (ulong length in new ulong[] { int.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 7 })
            yield return ($"a header of {length} bytes", Of("{}", 0, length));
        yield return ("bytes after the last tensor", Of(Tensor("U8", "[1]", "[0,1]"), 2));
        yield return ("bytes and no tensor", Of("{}", 1));
        yield return ("a byte short", Of(Tensor("F32", "[1]", "[0,4]"), 3));
    }

    private static IEnumerable<(string What, byte[] Bytes)> Texts()
    {
        foreach (string text in new[] { " {}", "[]", "null", "\"a\"", "0", "{", "}", "{}}", "{}{}", "{} x", "{},", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}", "{}//c", "/**/{}", "{\"a\":1,}", "\uFEFF{}", "{}\0", "{\0}" })
            yield return ($"the header {text}", Of(text, 0));
        yield return ("bytes that are not UTF-8", Of([(byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'1', (byte)'}'], 0));
        yield return ("an overlong encoding", Of([.. "{\"a"u8, 0xC0, 0xAF, .. "\":1}"u8], 0));
        yield return ("a surrogate in UTF-8", Of([.. "{\"a"u8, 0xED, 0xA0, 0x80, .. "\":1}"u8], 0));
        yield return ("half an escaped surrogate pair", Of(Tensor("U8", "[1]", "[0,1]", "\\ud83d"), 1));
        yield return ("nested 65 deep", Of("{\"a\":{\"x\":" + new string('[', 70) + new string(']', 70) + "}}", 0));
        yield return ("nested without end", Of("{\"a\":" + new string('[', 200_000), 0));
        yield return ("nested objects without end", Of(string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), 0));
        yield return ("a name twice", Of("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0));
        yield return ("a name twice, once escaped", Of("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0));
        yield return ("metadata twice", Of("""{"__metadata__":{},"__metadata__":{}}""", 0));
        yield return ("metadata with a key twice", Of("""{"__metadata__":{"a":"1","a":"2"}}""", 0));
        foreach (string value in new[] { "[]", "1", "\"a\"", "true", """{"a":1}""", """{"a":null}""", """{"a":{}}""", """{"a":["b"]}""", """{"dtype":"U8","shape":[0],"data_offsets":[0,0]}""" })
            yield return ($"metadata {value}", Of($"{{\"__metadata__\":{value}}}", 0));
    }

    private static IEnumerable<(string What, byte[] Bytes)> Fields()
    {
        foreach (string value in new[] { "1", "null", "[]", "\"x\"", "true", "{}" })
            yield return ($"a tensor that is {value}", Of($"{{\"a\":{value}}}", 0));
        yield return ("no dtype", Of("""{"a":{"shape":[1],"data_offsets":[0,1]}}""", 1));
        yield return ("no shape", Of("""{"a":{"dtype":"U8","data_offsets":[0,1]}}""", 1));
        yield return ("no data_offsets", Of("""{"a":{"dtype":"U8","shape":[1]}}""", 1));
        yield return ("dtype twice", Of("""{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));
        yield return ("shape twice", Of("""{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}""", 1));
        yield return ("data_offsets twice", Of("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"data_offsets":[0,1]}}""", 1));
        foreach (string type in new[] { "", "f32", "F8", "FLOAT", "float32", "Bool", "O", "U8 ", "C64", "0" })
            yield return ($"dtype '{type}'", Of(Tensor(type, "[0]", "[0,0]"), 0));
        yield return ("dtype that is a number", Of("""{"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}""", 1));
        foreach (string shape in new[] { "1", "null", "{}", "\"1\"", "[-1]", "[1.0]", "[1e0]", "[\"1\"]", "[null]", "[[1]]", "[true]", "[-0]", "[01]", "[1,]", "[18446744073709551616]", "[0x1]" })
            yield return ($"shape {shape}", Of(Tensor("U8", shape, "[0,1]"), 1));
        foreach (string offsets in new[] { "0", "null", "{}", "[]", "[0]", "[0,1,1]", "[0,1.0]", "[0,1e0]", "[-1,0]", "[0,-1]", "[\"0\",\"1\"]", "[null,1]", "[0,18446744073709551616]" })
            yield return ($"data_offsets {offsets}", Of(Tensor("U8", "[1]", offsets), 1));
    }

    private static IEnumerable<(string What, byte[] Bytes)> Offsets()
    {
        yield return ("a hole at the beginning", Of(Tensor("U8", "[1]", "[1,2]"), 2));
        yield return ("a hole between two", Of(Two("[0,4]", "[5,9]"), 9));
        yield return ("a hole between two, in the other order", Of(Two("[5,9]", "[0,4]"), 9));
        yield return ("two at the same place", Of(Two("[0,4]", "[0,4]"), 4));
        yield return ("two that overlap by a byte", Of(Two("[0,4]", "[3,7]"), 7));
        yield return ("an empty tensor in the middle of another", Of("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"e":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}""", 4));
        yield return ("an empty tensor behind the end", Of("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"e":{"dtype":"U8","shape":[0],"data_offsets":[5,5]}}""", 4));
        yield return ("offsets the wrong way round", Of(Tensor("U8", "[1]", "[1,0]"), 1));
        yield return ("offsets behind the end", Of(Tensor("U8", "[1]", "[4,5]"), 1));
        foreach (ulong end in new ulong[] { int.MaxValue, uint.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, ulong.MaxValue })
            yield return ($"offsets to {end}", Of(Tensor("U8", $"[{end}]", $"[0,{end}]"), 8));
        yield return ("offsets from near 2^64 whose difference is right", Of(Tensor("U8", "[1]", "[18446744073709551614,18446744073709551615]"), 1));
    }

    private static IEnumerable<(string What, byte[] Bytes)> Sizes()
    {
        yield return ("fewer bytes than the shape", Of(Tensor("F32", "[2]", "[0,4]"), 4));
        yield return ("more bytes than the shape", Of(Tensor("F32", "[1]", "[0,8]"), 8));
        yield return ("bytes for a scalar that is none", Of(Tensor("F32", "[]", "[0,0]"), 0));
        yield return ("half an element", Of(Tensor("F32", "[1]", "[0,3]"), 3));
        yield return ("bytes for an empty tensor", Of(Tensor("F32", "[0]", "[0,4]"), 4));
        foreach (string shape in new[]
        {
            "[65536,65536]", "[4294967296,4294967296]", "[9223372036854775808,2]", "[18446744073709551615,18446744073709551615]", "[4611686018427387904]", "[4611686018427387905]",
            "[2147483648,2147483648,4]", "[3,6148914691236517206]", "[4294967296,4294967296,0]", "[0,18446744073709551615]",
        })
        {
            yield return ($"F32 {shape}, 0 bytes", Of(Tensor("F32", shape, "[0,0]"), 0));
            yield return ($"F32 {shape}, 8 bytes", Of(Tensor("F32", shape, "[0,8]"), 8));
        }
    }
}
