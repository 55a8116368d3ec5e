using System.Globalization;
using System.Text;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>
/// Draws a circuit from left to right: in each gate its value (forward) and its gradient (backward), on each wire the local
/// gradient.
/// </summary>
public sealed record CircuitPicture : Drawing
{
    private const double BoxWidth = 104;
    private const double BoxHeight = 58;
    private const double ColumnGap = 62;
    private const double RowGap = 20;
    private const double Border = 8;

    private readonly CircuitRun run;
    private readonly CircuitLayout layout;
    private readonly HashSet<int> kinks;

    public CircuitPicture(CircuitRun run)
    {
        this.run = run;
        layout = new CircuitLayout(run.Circuit);
        kinks = [.. run.Kinks.Select(k => k.Gate.Id)];
    }

    protected override (double Width, double Height) Size =>
        ((2 * Border) + (layout.Columns * (BoxWidth + ColumnGap)) - ColumnGap, (2 * Border) + (layout.Rows * (BoxHeight + RowGap)) - RowGap);

    protected override bool Scales => false;

    protected override IEnumerable<LegendEntry> Legend =>
        [new(2, "value, computed forward"), new(3, "gradient of the output, computed backward"), new(7, "on a wire: the local gradient")];

    protected override void Draw(Markup svg)
    {
        foreach (Gate gate in run.Circuit.Gates)
        {
            for (int i = 0; i < gate.Inputs.Count; i++)
                DrawWire(svg, gate, i);
        }
        foreach (Gate gate in run.Circuit.Gates)
            DrawGate(svg, gate);
    }

    private (double X, double Y) PlaceOf(int gate) => At(layout[gate]);

    private static (double X, double Y) At((int Column, double Row) cell) => (Border + (cell.Column * (BoxWidth + ColumnGap)), Border + (cell.Row * (BoxHeight + RowGap)));

    private void DrawWire(Markup svg, Gate gate, int input)
    {
        (double x0, double y0) = PlaceOf(gate.Inputs[input]);
        (double x1, double y1) = PlaceOf(gate.Id);
        x0 += BoxWidth;
        y0 += BoxHeight / 2;
        y1 += BoxHeight * (input + 1) / (gate.Inputs.Count + 1);
        // Around other gates it passes through the positions that the layout reserved.
        var path = new StringBuilder($"M{N(x0)} {N(y0)}");
        double fromX = x0, fromY = y0;
        foreach ((int, double) free in layout.Way(gate.Inputs[input], gate.Id))
        {
            (double x, double y) = At(free);
            Curve(path, fromX, fromY, x, y + (BoxHeight / 2));
            path.Append(CultureInfo.InvariantCulture, $"h{N(BoxWidth)}");
            (fromX, fromY) = (x + BoxWidth, y + (BoxHeight / 2));
        }
        Curve(path, fromX, fromY, x1, y1);
        svg.Empty("path", ("class", "wire"), ("d", path.ToString()));
        if (run.Circuit.Moves[gate.Inputs[input]])
            svg.Element("text", $"×{Short(run.SlopesOf(gate)[input])}", ("class", "small"), ("x", x1 - 3), ("y", y1 - 4), ("text-anchor", "end"));
    }

    private static void Curve(StringBuilder path, double x0, double y0, double x1, double y1)
    {
        double bend = Math.Max(20, (x1 - x0) / 2);
        path.Append(CultureInfo.InvariantCulture, $"C{N(x0 + bend)} {N(y0)} {N(x1 - bend)} {N(y1)} {N(x1)} {N(y1)}");
    }

    private void DrawGate(Markup svg, Gate gate)
    {
        (double x, double y) = PlaceOf(gate.Id);
        string kind = gate == run.Circuit.Output ? " out" : "";
        svg.Open("g");
        svg.Empty("rect", ("class", $"gate{kind}{(kinks.Contains(gate.Id) ? " kink" : "")}"), ("x", x), ("y", y), ("width", BoxWidth), ("height", BoxHeight), ("rx", gate.Function is null ? 26 : 7));
        svg.Element("title", run.Circuit.TextOf(gate, 200));
        double middle = x + (BoxWidth / 2);
        svg.Element("text", NameOf(gate), ("x", middle), ("y", y + 18), ("text-anchor", "middle"), ("font-weight", "600"));
        svg.Element("text", Short(run.Values[gate.Id]), ("class", "value"), ("x", middle), ("y", y + 34), ("text-anchor", "middle"));
        if (run.Circuit.Moves[gate.Id])
            svg.Element("text", Short(run.Gradients[gate.Id]), ("class", "gradient"), ("x", middle), ("y", y + 50), ("text-anchor", "middle"));
        svg.Close("g");
    }

    private static string NameOf(Gate gate)
    {
        string name = gate switch
        {
            { IsNumber: true } => "number",
            { IsVariable: true } => gate.Name!,
            { Name: string kept } => $"{kept}: {gate.Function!.Name}",
            _ => gate.Function!.Name,
        };
        return name.Length <= 13 ? name : name[..12] + "…";
    }

    private static string Short(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string N(double value) => Markup.Number(value);
}
