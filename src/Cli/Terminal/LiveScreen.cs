using GpuGrad.Training.Health;
using GpuGrad.Training.Runs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace GpuGrad.Cli.Terminal;

/// <summary>The full-screen view of a run: progress, loss, the gradient of each layer, alarms.</summary>
internal sealed class LiveScreen(string title)
{
    private const int MostPoints = 1_000, MostLayers = 64, WidestName = 24, NumberWidth = 11, Decades = 8;
    private const string StepColor = "grey", TrainColor = "deepskyblue1", HeldOutColor = "orange1";

    private readonly List<(double X, double Y)> steps = [], train = [], heldOut = [];
    private readonly List<(bool IsBad, string Text)> remarks = [];
    private IReadOnlyList<(string Name, double Rms)> layers = [];
    private string heldOutName = "validation";
    private long seen, stride = 1;

    /// <summary>Progress of the run, in one line.</summary>
    public string Progress { get; set; } = "starting";

    public bool HasLayers => layers.Count > 0;

    /// <summary>The loss of a step.</summary>
    public void Step(long step, double loss)
    {
        if (seen++ % stride != 0)
            return;
        steps.Add((step, loss));
        if (steps.Count < MostPoints)
            return;
        // Every other point is enough for as wide a screen as there is.
        (double X, double Y)[] kept = [.. steps.Where((_, i) => i % 2 == 0)];
        steps.Clear();
        steps.AddRange(kept);
        stride *= 2;
    }

    public void Epoch(EpochReport report)
    {
        train.Add((report.Step, report.Train.Loss));
        if ((report.Validation ?? report.Test) is not { } figures)
            return;
        heldOutName = report.Validation is null ? "test" : "validation";
        heldOut.Add((report.Step, figures.Loss));
    }

    /// <summary>The root mean square of an element of each parameter's gradient, from the first layer to the last.</summary>
    public void Layers(IReadOnlyList<(string Name, double Rms)> found) => layers = [.. found.Take(MostLayers)];

    public void Add(Alarm alarm) => remarks.Add((true, $"{alarm.Id} {alarm.Title}, step {alarm.Step}: {alarm.Finding}. Try: {alarm.Remedy}"));

    public void Say(string text) => remarks.Add((false, text));

    /// <summary>The whole screen.</summary>
    public IRenderable Render(int width, int height) => new Rows(Lines(width, height).Select(l => new Markup(l) { Overflow = Overflow.Crop }));

    private IEnumerable<string> Lines(int width, int height)
    {
        int said = Math.Min(remarks.Count, Math.Max(1, height / 6)), shown = Math.Min(layers.Count, Math.Max(1, height / 3));
        int chart = Math.Max(2, height - 4 - (shown > 0 ? shown + 1 : 0) - said);
        yield return $"[bold]{Escaped(title, width)}[/]";
        yield return Escaped(Progress, width);
        if (width >= 40)
            yield return $"loss  [{StepColor}]━ step[/]  [{TrainColor}]━ train[/]{(heldOut.Count > 0 ? $"  [{HeldOutColor}]━ {heldOutName}[/]" : "")}";
        foreach (string line in BrailleChart.Draw([new(StepColor, steps), new(TrainColor, train), new(HeldOutColor, heldOut)], width, chart))
            yield return line;
        yield return "";
        if (shown > 0)
            yield return Escaped($"gradient RMS{(shown < layers.Count ? Format.Invariant($", {shown} of {layers.Count} layers") : "")}: a full bar is the largest, an empty one 10⁸ times smaller", width);
        foreach (string line in Bars(width, shown))
            yield return line;
        foreach ((bool isBad, string text) in remarks.TakeLast(said))
            yield return isBad ? $"[yellow]! {Escaped(text, width - 2)}[/]" : $"[grey]{Escaped(text, width)}[/]";
    }

    // The layers from the first to the last; where not all have room, evenly many of them.
    private IEnumerable<string> Bars(int width, int shown)
    {
        double largest = layers.Select(l => l.Rms).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        int nameWidth = Math.Clamp(width / 3, 6, WidestName), across = Math.Max(0, width - nameWidth - NumberWidth);
        for (int i = 0; i < shown; i++)
        {
            (string name, double rms) = layers[shown == 1 ? 0 : i * (layers.Count - 1) / (shown - 1)];
            double share = rms > 0 && largest > 0 ? Math.Clamp(1 + (Math.Log10(rms / largest) / Decades), 0, 1) : 0;
            int full = double.IsFinite(rms) ? (int)Math.Round(share * across) : 0;
            string color = !double.IsFinite(rms) || share < 0.4 ? "yellow" : "green";
            yield return $"{Escaped(name, nameWidth - 1).PadRight(nameWidth)}[{color}]{new string('█', full)}[/]{new string(' ', across - full)}{Format.Invariant($"{rms:G3}").PadLeft(NumberWidth)}";
        }
    }

    private static string Escaped(string text, int width)
    {
        string line = Printable.Line(text);
        return Markup.Escape(line.Length > width ? line[..Math.Max(0, width - 1)] + "…" : line);
    }
}
