using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Docs;

public sealed class PicturePageTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_yaml_of_the_page_about_pictures_trains()
    {
        for (int i = 0; i < 40; i++)
        {
            // Bright at the top, or at the bottom; wide and high ones.
            (int width, int height) = i % 3 == 0 ? (50, 40) : (36, 44);
            byte[] pixels = [.. Enumerable.Range(0, width * height * 3).Select(p => (byte)((p / 3 / width < height / 2) == (i % 2 == 0) ? 200 + i : 10 + i))];
            folder.Write($"photos/{(i % 2 == 0 ? "cat" : "dog")}/{i}.png", PngWriter.Write(new Picture(width, height, 3, pixels)));
        }
        string[] yaml = [.. File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", "pictures.md")).Split("```yaml\n").Skip(1).Select(part => part.Split("```")[0])];
        (TrainingData data, RunResult result) = Train(yaml[0]);
        Assert.Equal(8, data.Validation!.Count);
        Assert.True(result.Final.Train.Loss < 0.65, $"loss {result.Final.Train.Loss}");
        Assert.True(double.IsFinite(Train(yaml[1]).Result.Final.Train.Loss));
    }

    private (TrainingData Data, RunResult Result) Train(string yaml)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "photos.yaml"), "the config");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, config.Seed));
        using var device = new CpuDevice(2);
        using var trainer = new Trainer(config, data, device);
        return (data, trainer.Run());
    }
}
