using System.Globalization;
using System.Xml.Linq;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Training.Tests.Pictures;

/// <summary>Charts: well-formed, self-contained, small, and drawn where the numbers say.</summary>
public sealed class PictureTests
{
    [Fact]
    public void A_page_is_well_formed_loads_nothing_and_follows_light_and_dark()
    {
        string page = AllKinds().ToString();
        XDocument.Parse(page.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal).Replace("<meta charset=\"utf-8\">", "", StringComparison.Ordinal).Replace("initial-scale=1\">", "initial-scale=1\"/>", StringComparison.Ordinal).Replace("light dark\">", "light dark\"/>", StringComparison.Ordinal));
        foreach (string forbidden in new[] { "http:", "https:", "<script", "<link", "url(", "NaN", "∞", "Infinity" })
            Assert.DoesNotContain(forbidden, page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        Assert.Contains("width=device-width", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_series_stays_small_and_keeps_its_spikes()
    {
        double[] x = [.. Enumerable.Range(0, 200_000).Select(i => (double)i)], y = [.. x.Select(i => Math.Sin(i / 1000))];
        y[123_456] = 50;
        string svg = new LineChart { Title = "long", Series = [new Series("s", x, y)] }.ToHtml();
        Assert.True(svg.Length < 40_000, $"{svg.Length} characters");
        // The highest of all stands 4 % below the frame's upper edge (10), on a frame 266 high.
        double top = Points(svg, "line s0").Min(p => p.Y);
        Assert.Equal(10 + (266 * 0.04 / 1.08), top, 1.0);
    }

    [Fact]
    public void A_decade_of_a_logarithmic_axis_is_as_long_as_every_other_and_numbers_without_a_logarithm_part_the_line()
    {
        string svg = new LineChart { Title = "log", X = new Axis(Log: true, Min: 1, Max: 1000), Series = [new Series("s", [1, 10, 0, 100, 1000], [0, 1, 1, 2, 3])] }.ToHtml();
        (double X, double Y)[] points = Points(svg, "line s0");
        Assert.Equal(4, points.Length);
        double decade = points[1].X - points[0].X;
        Assert.Equal(decade, points[2].X - points[1].X, 0.02);
        Assert.Equal(decade, points[3].X - points[2].X, 0.02);
        Assert.Equal(2, svg.Split("d=\"M")[^1].Split('"')[0].Split('M').Length);
    }

    [Fact]
    public void Bins_count_every_number_once()
    {
        (double[] edges, double[] counts) = Histogram.Bin([0, 0.5, 1, 1.5, 2, double.NaN], 4);
        Assert.Equal([0, 0.5, 1, 1.5, 2], edges);
        Assert.Equal([1.0, 1, 1, 2], counts);
        Assert.Equal(3, Histogram.Bin([7, 7, 7], 5).Counts.Sum());
    }

    [Fact]
    public void Charts_without_a_number_to_show_are_still_charts()
    {
        foreach (Drawing picture in new Drawing[]
        {
            new LineChart { Title = "none" },
            new LineChart { Title = "nan", Y = new Axis(Log: true), Series = [new Series("s", [double.NaN, 1], [1, -1])] },
            new Histogram { Title = "none", Edges = [0, 1], Counts = [0] },
            new BarChart { Title = "none", Rows = [] },
            new HeatMap { Title = "none", Values = new double[2, 2] { { double.NaN, double.NaN }, { double.NaN, double.NaN } } },
        })
            Assert.DoesNotContain("NaN", picture.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_a_value_on_an_axis_passes_below_it()
    {
        string svg = new ParallelCoordinates
        {
            Title = "trials",
            Axes = [new CoordinateAxis("a", false, []), new CoordinateAxis("b", false, []), new CoordinateAxis("c", false, [])],
            Lines = [new CoordinateLine([1, double.NaN, 2], 0, "one"), new CoordinateLine([2, 5, 1], 1, "two"), new CoordinateLine([2, 6, 1], 0.5, "three")],
        }.ToHtml();
        double[][] heights = [.. svg.Split(" points=\"").Skip(1).Select(l => (double[])[.. l.Split('"')[0].Split(' ').Select(p => Number(p.Split(',')[1]))])];
        double end = Number(svg.Split(" y2=\"")[1].Split('"')[0]);
        Assert.All(heights, h => Assert.Equal(3, h.Length));
        Assert.True(heights[0][1] > end + 10);
        Assert.All(heights.SelectMany(h => h).Except([heights[0][1]]), y => Assert.InRange(y, 0, end));
        Assert.Single(svg.Split(">–<").Skip(1));
    }

    private static HtmlPage AllKinds() => new HtmlPage("Every <kind> & more")
        .Heading("Charts").Paragraph("a < b")
        .Pictures(
            new LineChart { Title = "lines", Remark = "r", X = new Axis("x"), Y = new Axis("y", Log: true), Series = [new Series("a", [1, 2, 3], [1, double.NaN, 100]) { Style = LineStyle.Dashed }, new Series("p", [1, 2], [5, 7]) { Style = LineStyle.Points }], Bands = [new Band("band", [1, 2, 3], [1, 1, 1], [2, 3, double.NaN])], Marks = [new ChartMark(2, "here")], Background = new Bars("bars", [1, 2, 3], [4, 5]) },
            new Histogram { Title = "histogram", Edges = [0, 1, 2], Counts = [3, 0], Marks = [new ChartMark(1, "m")] },
            new BarChart { Title = "bars", Rows = [new Bar("first", 3), new Bar("a name that is much longer than there is room for", -2, 1, "text"), new Bar("nan", double.NaN, Text: "none")], Axis = new Axis("how much"), Meanings = [(0, "one")] },
            new HeatMap { Title = "map", Values = new double[2, 2] { { 1, 2 }, { double.NaN, 4 } }, RowNames = ["a", "b"], ColumnNames = ["c", "d"], ShowNumbers = true },
            new HeatMap { Title = "field", Values = new double[3, 3], XRange = (-1, 1), YRange = (-1, 1), Trails = [new Trail([-1, 0, 1], [0, 0.5, 1], "begin", "end")] })
        .Table(["a", "b"], [["1", "<2>"]], 1).Preformatted("x: 1\ny: 2").Images([([1, 2, 3], "pic")]);

    private static (double X, double Y)[] Points(string svg, string kind) =>
        [.. svg.Split($"class=\"{kind}\" d=\"")[1].Split('"')[0].Split('M', 'L').Skip(1).Select(p => p.Split(' ')).Select(p => (Number(p[0]), Number(p[1])))];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
