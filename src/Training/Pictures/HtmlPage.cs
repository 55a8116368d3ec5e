using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Pictures;

/// <summary>
/// One self-contained HTML file: no scripts, nothing from a network. It follows the light or dark mode of the reader's
/// system, and adapts to narrow and wide windows.
/// </summary>
public sealed class HtmlPage(string title)
{
    private readonly Markup body = new();

    public HtmlPage Heading(string text)
    {
        body.Element("h2", text);
        return this;
    }

    public HtmlPage Paragraph(string text)
    {
        body.Element("p", text);
        return this;
    }

    /// <summary>Adds pictures side by side, if there is room.</summary>
    public HtmlPage Pictures(params IEnumerable<Drawing> pictures)
    {
        body.Open("div", ("class", "pictures"));
        foreach (Drawing picture in pictures)
            body.Raw(picture.ToHtml());
        body.Close("div");
        return this;
    }

    /// <summary>Adds a picture over the whole width.</summary>
    public HtmlPage Wide(Drawing picture)
    {
        body.Raw(picture.ToHtml());
        return this;
    }

    /// <summary>Adds a table; the columns at the given positions hold numbers.</summary>
    public HtmlPage Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, params ReadOnlySpan<int> numbers)
    {
        int[] right = numbers.ToArray();
        body.Open("div", ("class", "table")).Open("table").Open("thead").Open("tr");
        for (int i = 0; i < columns.Count; i++)
            Cell("th", columns[i], right.Contains(i));
        body.Close("tr").Close("thead").Open("tbody");
        foreach (IReadOnlyList<string> row in rows)
        {
            body.Open("tr");
            for (int i = 0; i < row.Count; i++)
                Cell("td", row[i], right.Contains(i));
            body.Close("tr");
        }
        body.Close("tbody").Close("table").Close("div");
        return this;
    }

    /// <summary>Adds small PNG images side by side, each with a caption.</summary>
    public HtmlPage Images(IEnumerable<(byte[] Png, string Text)> images) => Images(images, "images");

    /// <summary>Adds PNG images twice as wide.</summary>
    public HtmlPage LargeImages(IEnumerable<(byte[] Png, string Text)> images) => Images(images, "images large");

    private HtmlPage Images(IEnumerable<(byte[] Png, string Text)> images, string kind)
    {
        body.Open("div", ("class", kind));
        foreach ((byte[] png, string text) in images)
            body.Open("figure").Empty("img", ("src", "data:image/png;base64," + Convert.ToBase64String(png)), ("alt", text)).Element("figcaption", text).Close("figure");
        body.Close("div");
        return this;
    }

    /// <summary>Adds preformatted text, such as a config.</summary>
    public HtmlPage Preformatted(string text)
    {
        body.Element("pre", text);
        return this;
    }

    /// <summary>The whole page as HTML.</summary>
    public override string ToString()
    {
        var page = new Markup();
        page.Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
        page.Element("title", title).Raw($"<style>\n{StyleSheet.Text}</style>\n</head>\n<body>\n<main>\n").Element("h1", title);
        return page.Raw(body.ToString()).Raw("</main>\n</body>\n</html>\n").ToString();
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the file cannot be written there.</exception>
    public void Save(string path)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder)
                Directory.CreateDirectory(folder);
            DurableFile.WriteText(path, ToString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StorageException)
        {
            throw new GpuGradException(Fault.Config, $"{path}: cannot be written ({e.Message.TrimEnd('.')}); expected a file in a folder that is yours", e);
        }
    }

    private void Cell(string kind, string text, bool number)
    {
        if (number)
            body.Element(kind, text, ("class", "number"));
        else
            body.Element(kind, text);
    }
}
