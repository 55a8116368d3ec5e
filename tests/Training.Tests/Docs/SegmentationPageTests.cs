using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>The configs of docs/segmentation.md: each is one, and those on generated data learn.</summary>
public sealed class SegmentationPageTests
{
    [Fact]
    public void Every_config_on_the_page_is_one_and_those_on_generated_data_train()
    {
        string[] pieces = File.ReadAllText(Path.Combine(Effort.Root, "docs", "segmentation.md")).Split("```yaml\n")[1..];
        RunConfig[] configs = [.. pieces.Select((p, i) => RunConfigFile.Load($"page-{i}.yaml", text: p.Split("```")[0]).Config)];
        Assert.Equal(4, configs.Length);
        using Device device = new CpuDevice(2);
        foreach (RunConfig config in configs.Where(c => c.Data.Dataset!.KnownShape is not null))
        {
            using var trainer = new Trainer(config, TrainingData.Load(config, new DataContext(".", config.Seed)), device);
            trainer.Run();
            EvaluationReport report = trainer.Judge()["test"].Report!;
            Assert.True(report[config.Data.Target is null ? "mean_iou" : "psnr"] > (config.Data.Target is null ? 0.4 : 8), string.Join(", ", report.Values));
        }
    }
}
