using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("step", HelpText = "Run one training step and write everything it computes, to compare with another framework.")]
public sealed class StepVerb : ConfigVerb
{
    [Option("weights", MetaValue = "FILE", HelpText = "Begin with these weights (.safetensors); by default with the config's initialisers and seed.")]
    public string? Weights { get; set; }

    [Option("batch", MetaValue = "FILE", HelpText = "Arrays x and y (.npz); else the first batch of the data set, or random numbers.")]
    public string? Batch { get; set; }

    [Option("dump", MetaValue = "FILE", HelpText = "Write loss, output, activation/*, grad/* and param/* (after the update) to this .npz file.")]
    public string? Dump { get; set; }

    [Option("steps", Default = 1, MetaValue = "N", HelpText = "Steps on the same batch; the last one is written.")]
    [Range(1)]
    public int Steps { get; set; }

    public override int Run(Output output)
    {
        LoadedConfig loaded = Load();
        RunConfig config = loaded.Config;
        Network? known = ModelCheck.Check(config);
        using Device device = OpenDevice(config, output);
        if (known is not null && Batch is null && config.Data.Dataset is null)
            StepRoom.Require(config, known, config.Data.KnownShape!, device, dumped: true);
        (SampleSet samples, Normalization normalization, DataShape shape) = Samples(loaded, output);
        Network network = ModelCheck.Check(config, shape);
        IReadOnlyList<NamedTensor> tensors = StepDump.Run(config, network, device, samples, normalization, Prepare, Steps);
        if (Dump is not null)
            StepDump.Write(Dump, tensors, device.RealSize == sizeof(double));
        Report(tensors, output);
        return ExitCode.Done;

        void Prepare(Model model)
        {
            model.Initialise(config.Seed);
            if (Weights is not null)
                WeightFile.Load(Weights, model);
        }
    }

    private (SampleSet, Normalization, DataShape) Samples(LoadedConfig loaded, Output output)
    {
        DataConfig data = loaded.Config.Data;
        if (Batch is null && data.Dataset is not null)
        {
            TrainingData all = LoadData(loaded, output);
            int[] first = [.. Enumerable.Range(0, Math.Min(data.Batch, all.Train.Count))];
            return (all.Train.Pick(first), all.Normalization, all.Shape);
        }
        DataShape shape = data.KnownShape
            ?? throw ConfigException.At(data.Source, "the shape of the data is not known; give data.shape and data.classes");
        SampleSet samples = Batch is not null
            ? StepBatch.FromNpz(Batch, shape, loaded.Config)
            : StepBatch.Random(ModelCheck.Check(loaded.Config, shape), shape, data.Batch, loaded.Config.Seed);
        return (samples, Normalization.None(shape.Shape[0]), shape);
    }

    private static void Report(IReadOnlyList<NamedTensor> tensors, Output output)
    {
        output.Table(
            ["tensor", "shape", "mean", "norm"],
            tensors.Select(t => new[] { t.Name, t.Shape.ToString(), Format.Invariant($"{t.Values.Average():G6}"), Format.Invariant($"{Norm(t):G6}") }),
            2, 3);
        output.Json(new JsonObject
        {
            ["loss"] = tensors[0].Values[0],
            ["tensors"] = new JsonArray([.. tensors.Select(t => new JsonObject { ["name"] = t.Name, ["shape"] = t.Shape.ToString(), ["norm"] = Norm(t) })]),
        });
    }

    private static double Norm(NamedTensor tensor) => Math.Sqrt(tensor.Values.Sum(v => v * v));
}
