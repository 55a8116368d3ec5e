using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Diagnostics.Atlas;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Steps;

namespace GpuGrad.Cli.Verbs;

[Verb("atlas", HelpText = "Plot each activation and its derivative over the histogram of the inputs that your network feeds it; 'atlas functions' plots the functions alone.")]
public sealed class AtlasVerb : ConfigVerb
{
    private const string Functions = "functions";

    [Option("weights", MetaValue = "FILE", HelpText = "Use these weights (.safetensors); by default the config's initialisers.")]
    public string? Weights { get; set; }

    [Option("samples", Default = 64, MetaValue = "N", HelpText = "Samples to feed through the network.")]
    [Range(2)]
    public int Samples { get; set; }

    [Option("html", MetaValue = "FILE", Default = "atlas.html", HelpText = "The HTML file to write.")]
    public string Html { get; set; } = "";

    public override int Run(Output output)
    {
        if (ConfigPath == Functions)
            return ShowFunctions(output);
        LoadedConfig loaded = Load();
        ModelCheck.Check(loaded.Config);
        using Device device = OpenDevice(loaded.Config, output);
        FirstBatch batch = FirstBatch.Of(loaded, _ => Samples, output);
        Network network = ModelCheck.Check(loaded.Config, batch.Shape);
        IReadOnlyList<AtlasEntry> entries = ActivationAtlas.Of(loaded.Config, network, device, batch.Samples, batch.Normalization, SetWeights);
        if (entries.Count == 0)
            throw new GpuGradException(Fault.Config, $"{ConfigPath}: no activation layer to look at; expected one, e.g. 'relu'");
        output.Line();
        output.Table(["layer", "function", "mean", "std", "flat", "E[f′²]", "product to the loss"], Rows(entries), 2, 3, 4, 5, 6);
        output.Line();
        output.Line(Verdict(entries));
        output.Draw(Page(loaded.Config.Name, entries), Html);
        output.Json(ToJson(entries));
        return ExitCode.Done;

        void SetWeights(Model model)
        {
            model.Initialise(loaded.Config.Seed);
            if (Weights is not null)
                WeightFile.Load(Weights, model);
        }
    }

    private int ShowFunctions(Output output)
    {
        output.Draw(new HtmlPage("Activation functions and their derivatives")
            .Paragraph("An activation gate multiplies the gradient that arrives by f′ at its input. Where f′ is near 0 nothing goes through. The sigmoid's slope is at most 1/4, at 0, where its value is 1/2: every sigmoid on the way back shrinks the gradient to a quarter or less.")
            .Pictures(ActivationAtlas.Functions()), Html);
        output.Json(new JsonObject { ["html"] = Html });
        return ExitCode.Done;
    }

    private static string Verdict(IReadOnlyList<AtlasEntry> entries)
    {
        double product = entries[0].ProductToLoss;
        string what = product < 1e-6 ? "the gradient vanishes on its way to the first layers unless the weights make up for it: use relu-like activations, a norm, or shortcuts"
            : product < 1e-3 ? "the first layers get a small part of the gradient" : "no layer starves because of its activations";
        return Format.Invariant($"Activations alone leave {product:0.0e0} of the gradient's mean square at the first of {entries.Count} layers (weights scale it too): {what}.");
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(IReadOnlyList<AtlasEntry> entries) => entries.Select(e => new[]
    {
        e.Path, e.Function.Name, Format.Invariant($"{e.Mean:0.###}"), Format.Invariant($"{e.Deviation:0.###}"), Format.Percent(e.Flat), Format.Invariant($"{e.Gain:0.####}"), Format.Invariant($"{e.ProductToLoss:0.0e0}"),
    });

    private static HtmlPage Page(string name, IReadOnlyList<AtlasEntry> entries) => new HtmlPage($"Activation atlas: {name}")
        .Paragraph("Behind each function is the histogram of its inputs in this network. The backward pass multiplies the gradient by f′ at each input, so E[f′²] over the histogram is the factor on the gradient's mean square.")
        .Paragraph(Verdict(entries))
        .Pictures(
            new BarChart { Title = "E[f′²] of each layer", Axis = new Axis("E[f′²]"), Rows = [.. entries.Select(e => new Bar($"{e.Path} {e.Function.Name}", e.Gain, e.Flat > 0.5 ? 3 : 0))], Meanings = [(0, "gain"), (3, "more than half of the inputs where the function is flat")] },
            new LineChart
            {
                Title = "What is left on the way back from the loss",
                X = new Axis("activation, first to last"),
                Y = new Axis("product of E[f′²]", Log: true),
                Series = [new Series("product", [.. Enumerable.Range(1, entries.Count).Select(i => (double)i)], [.. entries.Select(e => e.ProductToLoss)])],
            })
        .Heading("Layer by layer").Pictures(entries.Select(ActivationAtlas.Chart));

    private static JsonArray ToJson(IReadOnlyList<AtlasEntry> entries) => [.. entries.Select(e => new JsonObject
    {
        ["layer"] = e.Path,
        ["function"] = e.Function.Name,
        ["mean"] = e.Mean,
        ["std"] = e.Deviation,
        ["flat"] = e.Flat,
        ["gain"] = e.Gain,
        ["product_to_loss"] = e.ProductToLoss,
    })];
}
