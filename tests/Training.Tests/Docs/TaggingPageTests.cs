using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Data;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>The example of docs/tagging.md, from its own text and config.</summary>
public sealed class TaggingPageTests
{
    [Fact]
    public void The_example_learns_its_tags_and_those_of_a_new_sentence()
    {
        string page = File.ReadAllText(Path.Combine(Effort.Root, "docs", "tagging.md")).ReplaceLineEndings("\n");
        using var folder = new TempFolder();
        folder.Write("people.conll", Block(page, "text"));
        LoadedConfig loaded = RunConfigFile.Load("people.yaml", text: Block(page, "yaml"));
        RunConfig config = loaded.Config;
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, config.Seed));
        using var device = new CpuDevice(1);
        using var trainer = new Trainer(config, data, device);
        trainer.Run();
        Predictor predictor = new(config, ModelCard.Of(loaded, data), model => Copy(trainer.Model, model));
        SampleSet again = data.Train;
        Assert.All(predictor.Predict(again, device).Select((p, i) => (p, i)), s => Assert.Equal(Tags(data, s.i), s.p.Tags!));
        string tokens = folder.Write("new.txt", "Tom\nHill\nflew\nto\nNew\nYork\n");
        Prediction said = Assert.Single(predictor.Predict(new InputPipeline(config, FittedInput.Of(data)).Read(tokens), device));
        string line = string.Join(' ', said.Tokens!.Zip(said.Tags!, (token, tag) => $"{token}/{tag}"));
        Assert.Contains($"`{line}`", page, StringComparison.Ordinal);
    }

    private static string[] Tags(TrainingData data, int sentence) =>
        [.. Enumerable.Range(0, data.Train.Lengths![sentence]).Select(t => data.ClassNames![data.Train.PositionLabels![(sentence * data.Shape.Shape[0]) + t]])];

    private static void Copy(Model from, Model to)
    {
        foreach (Networks.Parameter parameter in from.Network.Parameters)
            to.Write(to.Network.Parameters.Single(p => p.Name == parameter.Name), from.Read(parameter));
    }

    private static string Block(string page, string language) => page.Split($"```{language}\n")[1].Split("```")[0];
}
