using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Generators;
using GpuGrad.Training.Health;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Runs;

/// <summary>Training on a device that runs ahead of the host.</summary>
public sealed class KernelTrainingTests
{
    private static RunConfig Config => new()
    {
        Data = new DataConfig { Dataset = new SpiralsConfig { Classes = 3 }, Batch = 64 },
        Model = [new DenseConfig { Units = 8 }, new ActivationConfig { Function = Activation.Find("tanh") }, new DropoutConfig { Rate = 0.1 }, new DenseConfig { Units = 3 }],
        Diagnostics = new DiagnosticsConfig { Every = 0 },
        Train = new TrainConfig { Epochs = 1, LogEvery = 4, Clip = new ClipConfig { Norm = 1 }, Optimizer = new AdamConfig { Lr = 0.02 } },
    };

    [Fact]
    public void The_emulated_kernels_train_as_the_cpu_does()
    {
        RunResult cpu = Train("cpu", Config), emulated = Train("emulated", Config);
        Assert.Equal(cpu.Final.Step, emulated.Final.Step);
        Assert.Equal(cpu.Final.Train.Loss, emulated.Final.Train.Loss, 1e-5);
        Assert.Equal(cpu.Final.Test!.Value.Accuracy, emulated.Final.Test!.Value.Accuracy, 0.01);
    }

    [Fact]
    public void A_non_finite_loss_is_found_at_the_next_check_and_at_once_on_the_cpu()
    {
        RunConfig config = Config;
        config = config with { Train = config.Train with { Clip = null, Optimizer = new SgdConfig { Lr = 1e38 } } };
        NonFiniteException cpu = Assert.Throws<NonFiniteException>(() => Train("cpu", config));
        NonFiniteException emulated = Assert.Throws<NonFiniteException>(() => Train("emulated", config));
        Assert.Contains($"at step {cpu.Step} ", cpu.Message, StringComparison.Ordinal);
        Assert.Equal(4, emulated.Step);
        Assert.Contains("in one of the steps 1 to 4 ", emulated.Message, StringComparison.Ordinal);
    }

    private static RunResult Train(string id, RunConfig config)
    {
        using Device device = DeviceCatalog.Open(id);
        TrainingData data = TrainingData.Load(config, new DataContext(".", config.Seed));
        using var trainer = new Trainer(config, data, device);
        return trainer.Run();
    }
}
