using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Diagnostics;
using GpuGrad.Training.Diagnostics.Landscapes;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

[Verb("landscape", HelpText = "Plot the loss around the weights: along random directions and downhill, over planes, with kinks marked and the path of a run.")]
public sealed class LandscapeVerb : ConfigVerb
{
    private const int MostMarks = 40;

    [Option("weights", MetaValue = "FILE", HelpText = "Centre on these weights (.safetensors); by default on the config's initialisers.")]
    public string? Weights { get; set; }

    [Option("run", MetaValue = "RUN", HelpText = "Centre on the newest checkpoint of this run, and draw the path of its checkpoints.")]
    public string? RunPath { get; set; }

    [Option("samples", Default = 128, MetaValue = "N", HelpText = "Samples to compute the loss on.")]
    [Range(2)]
    public int Samples { get; set; }

    [Option("points", Default = 25, MetaValue = "N", HelpText = "Points along each side of a plane; four times as many along a line.")]
    [Range(3, Highest = 101)]
    public int Points { get; set; }

    [Option("reach", Default = 1.0, HelpText = "Extent of the lines and planes, relative to the norm of the weights.")]
    [Range(0, Above = true)]
    public double Reach { get; set; }

    [Option("html", MetaValue = "FILE", Default = "landscape.html", HelpText = "The HTML file to write.")]
    public string Html { get; set; } = "";

    public override int Run(Output output)
    {
        OnlyWith(RunPath is null, "a landscape without --run, which takes the weights of the run's checkpoint", "weights");
        if (RunFolder.IsRun(ConfigPath))
            throw new GpuGradException(Fault.Config, $"{ConfigPath}: the folder of a run; expected its config, and the run as an option: gpugrad landscape {Path.Combine(ConfigPath, "config.yaml")} --run {ConfigPath}");
        LoadedConfig loaded = Load();
        ModelCheck.Check(loaded.Config);
        using Device device = OpenDevice(loaded.Config, output);
        FirstBatch batch = FirstBatch.Of(loaded, _ => Samples, output);
        Network network = ModelCheck.Check(loaded.Config, batch.Shape);
        using var probe = new LossProbe(loaded.Config, network, device, batch.Samples, batch.Normalization);
        IReadOnlyList<double[][]> trajectory = SetWeights(probe, loaded.Config);
        var landscape = new Landscape(probe);
        double[][] first = landscape.RandomDirection(0), second = landscape.RandomDirection(1), downhill = landscape.Downhill();
        int line = (4 * Points) + 1;
        LandscapeSlice[] slices = [landscape.Along("a random direction", first, -Reach, Reach, line), landscape.Along("a second random direction", second, -Reach, Reach, line), landscape.Along("the gradient, downhill", downhill, -0.2 * Reach, Reach, line)];
        IReadOnlyList<StepRow> steps = landscape.Steps();
        Plane plane = landscape.Over("two random directions", first, second, (-Reach, Reach), (-Reach, Reach), Points);
        Report(landscape, slices, steps, output);
        HtmlPage page = Page(loaded.Config.Name, landscape, slices, steps, plane);
        if (trajectory.Count > 2)
            AddTrajectory(page, landscape, trajectory, output);
        output.Draw(page, Html);
        output.Json(ToJson(landscape, slices, steps));
        return ExitCode.Done;
    }

    private List<double[][]> SetWeights(LossProbe probe, RunConfig config)
    {
        var trajectory = new List<double[][]>();
        probe.Model.Initialise(config.Seed);
        if (RunPath is not null)
        {
            trajectory.Add(Read(probe));
            var folder = new CheckpointFolder(Path.Combine(RunPath, "checkpoints"));
            foreach (CheckpointEntry entry in folder.List().OrderBy(e => e.Step))
            {
                if (Open(entry) is not CheckpointFile file)
                    continue;
                using (file)
                    ModelState.Restore(probe.Model, file.Content);
                trajectory.Add(Read(probe));
            }
            if (trajectory.Count == 1)
                throw new GpuGradException(Fault.Data, $"{RunPath}: no checkpoints{(RunSummary.EndingOf(RunPath) is string ending ? $", {ending}" : "")}; expected the folder of a run (checkpoint: {{every: 50, keep: 50}} keeps enough of them)");
        }
        if (Weights is not null)
            WeightFile.Load(Weights, probe.Model);
        return trajectory;
    }

    // Null if an active run has removed the file since it was listed.
    private static CheckpointFile? Open(CheckpointEntry entry)
    {
        try
        {
            return CheckpointFile.Open(entry.Path);
        }
        catch (MissingFileException)
        {
            return null;
        }
    }

    private static double[][] Read(LossProbe probe) => [.. probe.Movables.Where(m => m.Parameter is not null).Select(probe.Read)];

    private static void Report(Landscape landscape, LandscapeSlice[] slices, IReadOnlyList<StepRow> steps, Output output)
    {
        output.Line(Format.Invariant($"loss {landscape.Loss:G6}, norm of its gradient {landscape.GradientNorm:G4}"));
        output.Line();
        output.Table(["step along -g", "loss", "loss if it were linear"], steps.Select(StepCells), 0, 1, 2);
        output.Line();
        foreach (LandscapeSlice slice in slices)
            output.Line(Format.Invariant($"{slice.Name}: lowest {slice.Losses.Min():G4} at {slice.Places[Array.IndexOf(slice.Losses, slice.Losses.Min())]:G3}; a kink in {slice.Kinks.Count} of {slice.Places.Length - 1} intervals"));
    }

    private static string[] StepCells(StepRow row) => [Format.Invariant($"{row.Step:G3}"), Format.Invariant($"{row.Loss:G6}"), Format.Invariant($"{row.Predicted:G6}")];

    private static HtmlPage Page(string name, Landscape landscape, LandscapeSlice[] slices, IReadOnlyList<StepRow> steps, Plane plane) => new HtmlPage($"The loss around the weights: {name}")
        .Paragraph(Format.Invariant($"At the weights the loss is {landscape.Loss:G5} and its gradient's norm {landscape.GradientNorm:G4}. Each filter of a random direction is scaled to the norm of the network's own, so distance 1 is a change as large as the weights."))
        .Pictures([.. slices.Select(Chart), new HeatMap { Title = "Over two random directions", Values = plane.Losses, XRange = plane.A, YRange = plane.B, X = "first direction", Y = "second direction", Log = true, Trails = [new Trail([0], [0], "here")] }])
        .Heading("How far to step")
        .Paragraph("The gradient promises a fall of step·‖g‖². A small step keeps the promise; a large one overshoots, because the loss is curved.")
        .Table(["step along -g", "loss", "loss if it were linear"], steps.Select(StepCells), 0, 1, 2);

    private static LineChart Chart(LandscapeSlice slice) => new()
    {
        Title = $"Along {slice.Name}",
        X = new Axis("a in L(w + a·d)"),
        Y = new Axis("loss"),
        Series = [new Series("", slice.Places, slice.Losses)],
        Marks = slice.Kinks.Count <= MostMarks ? [.. slice.Kinks.Select(k => new ChartMark(k, "", 3))] : [],
        Remark = slice.Kinks.Count == 0 ? "No kinks: the loss is smooth along the whole line."
            : slice.Kinks.Count <= MostMarks ? $"{slice.Kinks.Count} kinks, marked: the slope jumps where a ReLU, a maximum or a margin changes sides."
            : $"{slice.Kinks.Count} of {slice.Places.Length - 1} intervals hold kinks (too many to mark): many small ones look smooth.",
    };

    private void AddTrajectory(HtmlPage page, Landscape landscape, IReadOnlyList<double[][]> trajectory, Output output)
    {
        (double[][] first, double[][] second, double[] a, double[] b, double share) = landscape.PlaneOf(trajectory);
        (double, double) x = Around(a), y = Around(b);
        Plane plane = landscape.Over("the path of the run", first, second, x, y, Points);
        output.Line(Format.Invariant($"the plane holds {share * 100:F1} % of the path of {trajectory.Count - 1} checkpoints"));
        page.Heading("The path of the run").Wide(new HeatMap
        {
            Title = "From the first weights to the last, over the loss",
            Remark = Format.Invariant($"The plane of the path's first two principal components, which explain {share * 100:F1} % of it."),
            Values = plane.Losses,
            XRange = plane.A,
            YRange = plane.B,
            X = "first component",
            Y = "second component",
            Log = true,
            Trails = [new Trail(a, b, "start", "end")],
        });
    }

    private static (double, double) Around(double[] values)
    {
        double low = values.Min(), high = values.Max(), air = Math.Max(1e-3, (high - low) * 0.25);
        return (low - air, high + air);
    }

    private static JsonObject ToJson(Landscape landscape, LandscapeSlice[] slices, IReadOnlyList<StepRow> steps) => new()
    {
        ["loss"] = landscape.Loss,
        ["gradient_norm"] = landscape.GradientNorm,
        ["steps"] = new JsonArray([.. steps.Select(s => new JsonObject { ["step"] = s.Step, ["loss"] = double.IsFinite(s.Loss) ? s.Loss : null })]),
        ["slices"] = new JsonArray([.. slices.Select(s => new JsonObject
        {
            ["direction"] = s.Name,
            ["at"] = new JsonArray([.. s.Places.Select(p => JsonValue.Create(p))]),
            ["losses"] = new JsonArray([.. s.Losses.Select(l => double.IsFinite(l) ? JsonValue.Create(l) : null)]),
            ["kinks"] = s.Kinks.Count,
        })]),
    };
}
