using System.Text;

namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>A range of a text: start and length in UTF-16 units.</summary>
public readonly record struct TextSpan(int Start, int Length)
{
    public int End => Start + Length;

    /// <summary>From the start of this range to the end of the other.</summary>
    public TextSpan To(TextSpan other) => new(Start, Math.Max(End, other.End) - Start);
}

/// <summary>Thrown for an expression that cannot be parsed or evaluated. The message ends with the text and a caret below the position.</summary>
public sealed class ExpressionException : GpuGradException
{
    private const int Window = 72;

    public ExpressionException(string text, TextSpan place, string problem) : base(Fault.Config, $"{problem}\n{Caret(text, place)}")
    {
        Problem = problem;
        Place = place;
    }

    /// <summary>The error and what was expected.</summary>
    public string Problem { get; }

    public TextSpan Place { get; }

    // A long text is reduced to the part around the position; characters that have no width or move the cursor become spaces.
    private static string Caret(string text, TextSpan place)
    {
        int start = Math.Min(place.Start, text.Length);
        int from = Math.Max(0, Math.Min(start - (Window / 2), text.Length - Window)), to = Math.Min(text.Length, from + Window);
        var line = new StringBuilder("    ");
        line.Append(from > 0 ? "…" : "");
        int caret = line.Length + start - from;
        foreach (char c in text.AsSpan(from, to - from))
            line.Append(char.IsControl(c) || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.Format ? ' ' : c);
        line.Append(to < text.Length ? "…" : "");
        int width = Math.Clamp(place.Length, 1, Math.Max(1, to - start));
        return $"{line}\n{new string(' ', caret)}{new string('^', width)}";
    }
}
