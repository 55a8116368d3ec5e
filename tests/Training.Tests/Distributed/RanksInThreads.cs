using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>Trainings of several ranks, which are threads of this process.</summary>
public abstract class RanksInThreads : IDisposable
{
    private protected const string Dense = "[{dense: {units: 6, init: {normal: {std: 0.3}}}}, tanh, {dense: {units: 3, init: {normal: {std: 0.3}}}}]";

    private protected readonly TestFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static TrainingData Load(RunConfig config) => TrainingData.Load(config, new DataContext(".", config.Seed));

    private protected static double[] Weights(Trainer trainer) => [.. trainer.Network.Parameters.SelectMany((Parameter p) => trainer.Model.Read(p))];

    private protected static Trained Train(string id, RunConfig config, ICollectives? ranks)
    {
        using Device device = DeviceCatalog.Open(id, 1);
        var losses = new Losses();
        using var trainer = new Trainer(config, Load(config), device, losses, ranks);
        EpochReport report = trainer.Run().Final;
        double[] Read(string name) => [.. trainer.Network.Parameters.Where(p => p.Name.EndsWith(name, StringComparison.Ordinal)).SelectMany(p => trainer.Model.Read(p))];
        return new Trained(report, Weights(trainer), [.. losses.All], Read("running_mean"), Read("running_var"));
    }

    private protected RunConfig Config(string loss, string data, string train, string model = Dense)
    {
        string epochs = train.Contains("epochs", StringComparison.Ordinal) ? "" : "epochs: 2, ";
        File.WriteAllText(folder["ranks.yaml"], $"""
            data: {"{"}dataset: {"{"}blobs: {"{"}train: 46, test: 20{"}}"}, {data}{"}"}
            model: {model}
            loss: {loss}
            train: {"{"}{epochs}{train}{"}"}
            """);
        return RunConfigFile.Load(folder["ranks.yaml"]).Config;
    }

    private protected sealed record Trained(EpochReport Report, double[] Weights, double[] Losses, double[] Means, double[] Variances);

    private protected sealed class Losses : IRunObserver
    {
        public List<double> All { get; } = [];

        public void OnStep(Trainer trainer, in StepReport report) => All.Add(report.Loss);
    }
}
