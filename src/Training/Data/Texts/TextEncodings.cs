using System.Text;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Encoding of a text file.</summary>
public enum TextEncoding
{
    Utf8,

    /// <summary>One byte per character, as in older files: ISO 8859-1 with the additions of Windows-1252. A file that is valid UTF-8 is read as that.</summary>
    Latin1,
}

/// <summary>Converts text of older files to UTF-8.</summary>
internal static class TextEncodings
{
    private const int Piece = 1 << 16;

    // Its first 256 characters are those of ISO 8859-1, except for control characters that no text contains.
    private static readonly Encoding Windows = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Whether a stream is valid UTF-8, or has the byte order mark of UTF-16.</summary>
    /// <param name="stream">A seekable stream; read from its start and reset to it.</param>
    public static bool IsUnicode(Stream stream)
    {
        stream.Position = 0;
        Decoder decoder = Strict.GetDecoder();
        var bytes = new byte[Piece];
        var characters = new char[Strict.GetMaxCharCount(Piece)];
        try
        {
            for (int count = stream.Read(bytes), read = 0; ; read += count, count = stream.Read(bytes))
            {
                if (read == 0 && bytes.AsSpan(0, count) is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
                    return true;
                decoder.GetChars(bytes, 0, count, characters, 0, flush: count == 0);
                if (count == 0)
                    return true;
            }
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
        finally
        {
            stream.Position = 0;
        }
    }

    /// <summary>The same text in UTF-8, read once from start to end; the stream itself if it is Unicode already.</summary>
    /// <param name="stream">A seekable stream; the caller disposes of it.</param>
    /// <param name="encoding">The encoding in the config.</param>
    public static Stream ToUtf8(Stream stream, TextEncoding encoding) => encoding == TextEncoding.Utf8 || IsUnicode(stream)
        ? stream
        : Encoding.CreateTranscodingStream(stream, Windows, Strict, leaveOpen: true);

    /// <summary>The same for bytes.</summary>
    public static byte[] ToUtf8(byte[] bytes) => System.Text.Unicode.Utf8.IsValid(bytes) ? bytes : Encoding.Convert(Windows, Strict, bytes);
}
