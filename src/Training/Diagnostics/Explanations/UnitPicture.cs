using System.Globalization;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Training.Diagnostics.Explanations;

/// <summary>Draws a tiny network unit by unit: value and gradient of each, with weights on the wires of dense layers.</summary>
public sealed record UnitPicture(NetworkExplanation Network) : Drawing
{
    /// <summary>Largest number of units of a layer that are drawn separately.</summary>
    public const int MostUnits = 16;

    private const double Radius = 30;
    private const double ColumnGap = 150;
    private const double RowGap = 76;
    private const double Border = 14;

    private int Tallest => Network.Layers.Max(l => l.Values.Length);

    protected override (double Width, double Height) Size =>
        ((2 * Border) + ((Network.Layers.Count - 1) * ColumnGap) + (2 * Radius), (2 * Border) + 26 + (Tallest * RowGap));

    protected override bool Scales => false;

    protected override IEnumerable<LegendEntry> Legend => [new(2, "value, computed forward"), new(3, "gradient of the loss, computed backward"), new(0, "weight above 0"), new(1, "weight below 0")];

    protected override void Draw(Markup svg)
    {
        for (int column = 1; column < Network.Layers.Count; column++)
            DrawWires(svg, column);
        for (int column = 0; column < Network.Layers.Count; column++)
        {
            LayerExplanation layer = Network.Layers[column];
            svg.Element("text", column == 0 ? "input" : $"{layer.Path} {layer.Kind}", ("x", PlaceOf(column, 0).X), ("y", Border + 8), ("text-anchor", "middle"), ("font-weight", "600"));
            for (int unit = 0; unit < layer.Values.Length; unit++)
            {
                (double x, double y) = PlaceOf(column, unit);
                svg.Empty("circle", ("class", "gate"), ("cx", x), ("cy", y), ("r", Radius));
                svg.Element("text", Short(layer.Values[unit]), ("class", "value"), ("x", x), ("y", y - 2), ("text-anchor", "middle"));
                svg.Element("text", Short(layer.Gradients[unit]), ("class", "gradient"), ("x", x), ("y", y + 14), ("text-anchor", "middle"));
            }
        }
    }

    // A dense layer is connected to every unit before it, an elementwise one to a single unit.
    private void DrawWires(Markup svg, int column)
    {
        (LayerExplanation from, LayerExplanation to) = (Network.Layers[column - 1], Network.Layers[column]);
        (_, double[]? weights, double[]? gradients) = to.Weights.FirstOrDefault(w => w.Parameter.Shape.Rank == 2);
        for (int j = 0; j < to.Values.Length; j++)
        {
            for (int i = 0; i < from.Values.Length; i++)
            {
                bool one = from.Values.Length == to.Values.Length && weights is null;
                if (one && i != j)
                    continue;
                double weight = weights is null ? 0 : weights[(j * from.Values.Length) + i], gradient = gradients is null ? 0 : gradients[(j * from.Values.Length) + i];
                (double x0, double y0) = PlaceOf(column - 1, i);
                (double x1, double y1) = PlaceOf(column, j);
                svg.Open("line", ("class", weights is null ? "wire" : Palette.Stroke(weight < 0 ? 1 : 0)), ("x1", x0 + Radius), ("y1", y0), ("x2", x1 - Radius), ("y2", y1), ("stroke-width", weights is null ? 1.2 : 0.6 + (2 * Math.Min(1, Math.Abs(weight)))));
                if (weights is not null)
                    svg.Element("title", $"weight {Short(weight)}, gradient {Short(gradient)}");
                svg.Close("line");
            }
        }
    }

    private (double X, double Y) PlaceOf(int column, int unit)
    {
        double free = (Tallest - Network.Layers[column].Values.Length) / 2.0;
        return (Border + Radius + (column * ColumnGap), Border + 26 + ((unit + free + 0.5) * RowGap));
    }

    private static string Short(double value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
