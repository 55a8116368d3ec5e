using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Generators;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Runs;

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
