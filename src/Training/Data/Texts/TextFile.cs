using System.Text.Unicode;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Reads text files as UTF-8.</summary>
internal static class TextFile
{
    // Ids take four bytes each, and an array has at most 2³¹ bytes.
    public const long MostBytes = 1 << 29;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    /// <summary>The text of a file: UTF-8 without byte order mark; for <c>tokens: bytes</c> the raw bytes.</summary>
    public static byte[] Read(string path, TextConfig config) => Of(DataFile.ReadAll(path, MostBytes), path, config);

    /// <summary>The same for bytes that were read.</summary>
    public static byte[] Of(byte[] bytes, string name, TextConfig config)
    {
        if (config.Encoding == TextEncoding.Latin1)
            bytes = TextEncodings.ToUtf8(bytes);
        if (config.Tokens == TextTokens.Bytes)
            return bytes;
        if (!Utf8.IsValid(bytes))
            throw DataFault.At(name, FirstInvalid(bytes), "bytes that are no UTF-8", "text in UTF-8; 'encoding: latin1' reads old files, 'tokens: bytes' any");
        return bytes.AsSpan().StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;
    }

    /// <summary>Number of characters in UTF-8 text: bytes that are not continuations.</summary>
    public static long Characters(ReadOnlySpan<byte> text)
    {
        long count = 0;
        foreach (byte b in text)
            count += (b & 0xC0) != 0x80 ? 1 : 0;
        return count;
    }

    private static long FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            if (System.Text.Rune.DecodeFromUtf8(bytes[at..], out _, out int length) != System.Buffers.OperationStatus.Done)
                return at;
            at += length;
        }
        return 0;
    }
}
