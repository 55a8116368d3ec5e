using System.Text;
using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("generate", HelpText = "Continue a text with a trained language model, token by token.")]
public sealed class GenerateVerb : Verb
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "A run folder or a .safetensors file of GpuGrad, trained on the data set 'text'.")]
    public string Path { get; set; } = "";

    [Option("prompt", MetaValue = "TEXT", Default = "\n", HelpText = "The text to continue; a line break by default.")]
    public string Prompt { get; set; } = "\n";

    [Option("length", MetaValue = "N", Default = 500, HelpText = "Number of tokens to generate.")]
    [Range(1)]
    public int Length { get; set; }

    [Option("temperature", MetaValue = "T", Default = 1.0, HelpText = "Below 1 favours likely tokens, above 1 unlikely ones; 0 always takes the likeliest.")]
    [Range(0)]
    public double Temperature { get; set; }

    [Option("top-k", MetaValue = "K", HelpText = "Sample only from the K likeliest tokens; 0, the default, for all.")]
    [Range(0)]
    public int TopK { get; set; }

    [Option("top-p", MetaValue = "P", Default = 1.0, HelpText = "Sample only from the likeliest tokens whose probabilities add up to P.")]
    [Range(0, Above = true, Highest = 1)]
    public double TopP { get; set; }

    [Option("seed", MetaValue = "S", Default = 1UL, HelpText = "The same seed gives the same text.")]
    public ulong Seed { get; set; }

    [Option("device", HelpText = "Overrides the run's device.")]
    public string? DeviceId { get; set; }

    public override int Run(Output output)
    {
        using TrainedModel trained = TrainedModel.Open(Path);
        using Device device = DeviceCatalog.Open(DeviceId ?? trained.Config.Device, trained.Config.Threads);
        using var generator = new TextGenerator(trained, device);
        var sampling = new TokenSampling { Temperature = Temperature, TopK = TopK, TopP = TopP };
        var text = new StringBuilder();
        IEnumerable<string> pieces = generator.Continue(Prompt, Length, sampling, Seed, Output.Note);
        output.Piece(Prompt);
        foreach (string piece in pieces)
        {
            output.Piece(piece);
            text.Append(piece);
        }
        output.Line();
        output.Json(new JsonObject { ["prompt"] = Prompt, ["text"] = text.ToString(), ["tokens"] = Length, ["seed"] = Seed, ["device"] = device.Id });
        return ExitCode.Done;
    }
}
