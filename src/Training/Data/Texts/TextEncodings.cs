using System.Text;

namespace GpuGrad.Training.Data.Texts;

/// <summary>How the bytes of a file are characters.</summary>
public enum TextEncoding
{
    Utf8,

    /// <summary>A byte a character, as in older files: ISO 8859-1, and what Windows-1252 adds to it. A file that is UTF-8 throughout is read as that.</summary>
    Latin1,
}

/// <summary>Text of older files as UTF-8.</summary>
internal static class TextEncodings
{
    private const int Piece = 1 << 16;

    // Its first 256 characters are those of ISO 8859-1, but for control characters that no text has.
    private static readonly Encoding Windows = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Whether every byte of a stream is text in UTF-8, or a mark says that it is UTF-16.</summary>
    /// <param name="stream">Seekable; read from its beginning and set back to it.</param>
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

    /// <summary>The same text in UTF-8, read once from front to back; the stream itself where it is Unicode already.</summary>
    /// <param name="stream">Seekable; it stays its owner's.</param>
    /// <param name="encoding">As the config has it.</param>
    public static Stream ToUtf8(Stream stream, TextEncoding encoding) => encoding == TextEncoding.Utf8 || IsUnicode(stream)
        ? stream
        : Encoding.CreateTranscodingStream(stream, Windows, Strict, leaveOpen: true);

    /// <summary>The same of bytes.</summary>
    public static byte[] ToUtf8(byte[] bytes) => System.Text.Unicode.Utf8.IsValid(bytes) ? bytes : Encoding.Convert(Windows, Strict, bytes);
}
