using System.Globalization;
using System.Text;

namespace GpuGrad.Cli.Terminal;

/// <summary>
/// Escapes text for a terminal. Names of classes, columns, tensors and files come from untrusted files, and a control character in them moves
/// the cursor, renames the window or hides the text after it: it is shown as <c>\x1b</c>.
/// </summary>
internal static class Printable
{
    /// <summary>One line: line breaks are escaped too.</summary>
    public static string Line(string text) => text.Any(IsHidden) ? Escaped(text) : text;

    private static string Escaped(string text)
    {
        var line = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                _ when !IsHidden(c) => line.Append(c),
                _ when c < 0x100 => line.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            };
        }
        return line.ToString();
    }

    // A tab only moves the cursor forward; U+2028 and U+2029 break lines; U+200E.. and U+202A.. reorder the text around them.
    private static bool IsHidden(char c) =>
        (char.IsControl(c) && c != '\t') || c is '\u2028' or '\u2029' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
