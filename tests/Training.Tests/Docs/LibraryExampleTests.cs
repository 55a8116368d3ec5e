// README begin
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Generators;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Runs;

// README end
namespace GpuGrad.Training.Tests.Docs;

/// <summary>The program that the README shows is this one.</summary>
public sealed class LibraryExampleTests
{
    [Fact]
    public void The_example_in_the_readme_trains()
    {
        // README begin
        var config = new RunConfig
        {
            Data = new DataConfig { Dataset = new SpiralsConfig { Classes = 3 } },
            Model = [new DenseConfig { Units = 64 }, new ActivationConfig { Function = Activation.Find("tanh") }, new DenseConfig { Units = 3 }],
            Train = new TrainConfig { Epochs = 40, Optimizer = new AdamConfig { Lr = 0.02 } },
        };
        using Device device = DeviceCatalog.Open("auto");
        TrainingData data = TrainingData.Load(config, new DataContext(Folder: ".", config.Seed));
        using var trainer = new Trainer(config, data, device);
        RunResult result = trainer.Run();
        Console.WriteLine($"{result.Final.Test?.Accuracy:P1} after {result.Final.Step} steps");
        // README end
        Assert.True(result.Final.Test?.Accuracy > 0.9);
    }

    [Fact]
    public void The_readme_shows_exactly_this_program()
    {
        string root = DocumentFile.Root();
        string source = File.ReadAllText(Path.Combine(root, "tests", "Training.Tests", "Docs", "LibraryExampleTests.cs")).ReplaceLineEndings("\n");
        string shown = string.Concat(source.Split("// README begin\n")[1..3].Select(part => Unindent(part.Split("// README end")[0])));
        Assert.Contains(WithoutBlankLines(shown), WithoutBlankLines(File.ReadAllText(Path.Combine(root, "README.md"))), StringComparison.Ordinal);
    }

    private static string WithoutBlankLines(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Where(line => line.Trim().Length > 0));

    private static string Unindent(string code) => string.Concat(code.Split('\n').Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] + "\n" : line.TrimEnd() + "\n"));
}
