using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;

namespace GpuGrad.Cli.Verbs;

[Verb("train", HelpText = "Train a network from a config.")]
public sealed class TrainVerb : ConfigVerb
{
    public override int Run(Output output)
    {
        LoadedConfig loaded = Load();
        RunConfig config = loaded.Config;
        ModelCheck.Check(config);
        if (config.Data.Dataset is null)
            throw new GpuGradException(Fault.Config, $"{ConfigPath}: data.dataset is not given; there is nothing to train on");
        using Device device = OpenDevice(config, output);
        DataSet data = config.Data.Dataset.Load(new DataContext(loaded.Folder, config.Seed));
        output.Line($"data       {data.Origin}");
        using var trainer = new Trainer(config, data, device, new TrainingDisplay(config, output));
        output.Line($"network    {trainer.Network.ParameterCount:N0} parameters");
        RunResult result = trainer.Run();
        output.Json(new JsonObject { ["status"] = Naming.Kebab(result.Status.ToString()), ["test_accuracy"] = result.Final.Test?.Accuracy });
        return ExitCode.Done;
    }
}
