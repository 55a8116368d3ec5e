using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("export", HelpText = "Write a trained network's weights for others: .safetensors or .npz, named as in torch.nn.Sequential.")]
public sealed class ExportVerb : Verb
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "A run folder or a .safetensors file of GpuGrad.")]
    public string Path { get; set; } = "";

    [Option("out", Required = true, MetaValue = "FILE", HelpText = "The file to write; its ending decides the format.")]
    public string Out { get; set; } = "";

    public override int Run(Output output)
    {
        using TrainedModel trained = TrainedModel.Open(Path);
        Network network = trained.Network;
        using var device = new CpuDevice(1);
        using var model = new Model(trained.Config.Config, network, device);
        trained.Load(model);
        switch (System.IO.Path.GetExtension(Out).ToLowerInvariant())
        {
            case ".safetensors":
                WeightFile.Save(Out, model, metadata: trained.Card.ToMetadata());
                break;
            case ".npz":
                NpzWriter.Save(Out, npz =>
                {
                    foreach (Parameter parameter in network.Parameters)
                        npz.Add(parameter.Name, parameter.Shape.Sizes, Array.ConvertAll(model.Read(parameter, average: true), v => (float)v));
                });
                break;
            default:
                throw new GpuGradException(Fault.Config, $"--out {Out}; expected a file that ends in .safetensors or .npz");
        }
        output.Line($"{Out}: {network.Parameters.Count} tensors, {network.ParameterCount:N0} parameters, from {trained.Source}");
        output.Json(new JsonObject { ["file"] = Out, ["tensors"] = network.Parameters.Count, ["parameters"] = network.ParameterCount });
        return ExitCode.Done;
    }
}
