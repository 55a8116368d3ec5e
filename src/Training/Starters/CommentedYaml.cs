using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace GpuGrad.Training.Starters;

/// <summary>YAML with comments at the ends of lines, aligned between neighbouring lines.</summary>
internal sealed partial class CommentedYaml
{
    // A longer line is not aligned: its comment follows after two spaces.
    private const int WidestAligned = 44;

    private readonly List<(string Text, string? Remark)> lines = [];

    public CommentedYaml Add(string text, string? remark = null)
    {
        lines.Add((text, remark));
        return this;
    }

    /// <summary>A comment on a line of its own.</summary>
    public CommentedYaml Remark(string text, string indent = "") => Add($"{indent}# {OneLine(text)}");

    public override string ToString()
    {
        var text = new StringBuilder();
        for (int begin = 0; begin < lines.Count;)
        {
            int end = begin;
            while (end < lines.Count && lines[end].Remark is not null == lines[begin].Remark is not null)
                end++;
            int width = lines[begin..end].Where(l => l.Text.Length <= WidestAligned).Select(l => l.Text.Length).DefaultIfEmpty(0).Max();
            for (int i = begin; i < end; i++)
                text.Append(lines[i].Remark is string remark ? $"{lines[i].Text.PadRight(width)}  # {OneLine(remark)}" : lines[i].Text).Append('\n');
            begin = end;
        }
        return text.ToString();
    }

    /// <summary>A text as a scalar: plain if it is unambiguous, else quoted.</summary>
    public static string Scalar(string value)
    {
        if (Plain().IsMatch(value) && !Reserved().IsMatch(value))
            return value;
        var quoted = new StringBuilder("\"");
        foreach (char c in value)
            quoted.Append(c is '"' or '\\' ? $"\\{c}" : char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}") : c.ToString());
        return quoted.Append('"').ToString();
    }

    /// <summary>A text on one line, short enough for a comment.</summary>
    public static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' ? '?' : c));

    [GeneratedRegex(@"^[\p{L}_./][\p{L}\p{Nd}_./+-]*( [\p{L}\p{Nd}_./+-]+)*$", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();

    // Texts that a YAML reader may take for a boolean, null, a number or the start of something else.
    [GeneratedRegex(@"^(true|false|yes|no|on|off|y|n|null|\.inf|\.nan|\.[\d.]*([eE].*)?|inf|nan|infinity|---.*|\.\.\.)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Reserved();
}
