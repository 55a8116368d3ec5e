using System.Globalization;
using System.Net;
using System.Text;

namespace GpuGrad.Training.Pictures;

/// <summary>Writes SVG and HTML elements: text escaped, numbers invariant and short.</summary>
public sealed class Markup
{
    private readonly StringBuilder text = new();

    /// <summary>Opens an element; close it with <see cref="Close"/>.</summary>
    public Markup Open(string name, params ReadOnlySpan<(string Name, object Value)> attributes) => Tag(name, attributes, ">");

    public Markup Close(string name)
    {
        text.Append("</").Append(name).Append(">\n");
        return this;
    }

    /// <summary>An element without content.</summary>
    public Markup Empty(string name, params ReadOnlySpan<(string Name, object Value)> attributes) => Tag(name, attributes, "/>\n");

    /// <summary>An element with text in it.</summary>
    public Markup Element(string name, string content, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Tag(name, attributes, ">");
        return Text(content).Close(name);
    }

    public Markup Text(string content)
    {
        text.Append(Escape(content));
        return this;
    }

    /// <summary>Appends markup unescaped.</summary>
    public Markup Raw(string markup)
    {
        text.Append(markup);
        return this;
    }

    public override string ToString() => text.ToString();

    /// <summary>A coordinate with at most two decimals.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    // Characters that XML does not allow become spaces.
    public static string Escape(string content) => WebUtility.HtmlEncode(string.Concat(content.Select(c => char.IsControl(c) && c != '\n' ? ' ' : c)));

    private Markup Tag(string name, ReadOnlySpan<(string Name, object Value)> attributes, string end)
    {
        text.Append('<').Append(name);
        foreach ((string key, object value) in attributes)
        {
            string written = value switch
            {
                double number => Number(number),
                IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
                _ => Escape(value.ToString() ?? ""),
            };
            text.Append(' ').Append(key).Append("=\"").Append(written).Append('"');
        }
        text.Append(end);
        return this;
    }
}
