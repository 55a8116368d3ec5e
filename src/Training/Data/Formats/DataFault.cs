using System.Diagnostics;
using System.Globalization;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Errors in data files, always one line: <c>file:offset: found; expected …</c> or <c>file:line:column: …</c>.</summary>
[StackTraceHidden]
internal static class DataFault
{
    public static GpuGradException At(string file, long offset, string found, string expected, Exception? inner = null) =>
        New(string.Create(CultureInfo.InvariantCulture, $"{file}:{offset}: {found}; expected {expected}"), inner);

    public static GpuGradException At(string file, long line, int column, string found, string expected) =>
        New(string.Create(CultureInfo.InvariantCulture, $"{file}:{line}:{column}: {found}; expected {expected}"), null);

    /// <summary>An error of the file as a whole, without a position.</summary>
    public static GpuGradException In(string file, string found, string expected, Exception? inner = null) =>
        New($"{file}: {found}; expected {expected}", inner);

    /// <summary>An error for a table that is not UTF-8.</summary>
    public static GpuGradException NoText(string file, long line) =>
        At(file, Math.Max(1, line), 1, "bytes that are not text in UTF-8", "UTF-8; 'encoding: latin1' of the data set reads older files, and 'gpugrad init' writes it where it helps");

    /// <summary>Text of a file, shortened and printable, for a message.</summary>
    public static string Quote(string text)
    {
        const int Most = 40;
        string clean = string.Concat(text.Take(Most).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return text.Length > Most ? $"'{clean}…'" : $"'{clean}'";
    }

    /// <summary>The first of many names, quoted.</summary>
    public static string Some(IEnumerable<string> names)
    {
        const int Most = 20;
        string[] first = [.. names.Take(Most + 1)];
        return string.Join(", ", first.Take(Most).Select(Quote)) + (first.Length > Most ? ", …" : "");
    }

    /// <summary>A code for a character that cannot be shown: U+0007.</summary>
    public static string Code(char character) => string.Create(CultureInfo.InvariantCulture, $"U+{(int)character:X4}");

    // A file name may contain a line feed; the message must not.
    private static GpuGradException New(string message, Exception? inner) =>
        new(Fault.Data, message.ReplaceLineEndings(" "), inner);
}
