using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Logs;

/// <summary>Runs of one config in folders, which can be broken off and resumed.</summary>
internal static class LogRun
{
    public const string Yaml = """
        name: logged
        data: {dataset: {digits: {train: 96, test: 48}}, batch: 16, validation: 32}
        model:
          - conv: {filters: 4, kernel: 5}
          - relu
          - flatten
          - dense: 10
        train: {epochs: 3, optimizer: {sgd: {lr: 0.05}}, log-every: 1}
        checkpoint: {every: 3}
        diagnostics: {every: 2}
        log: [tensorboard, csv]
        """;

    /// <summary>Trains, or goes on from the newest checkpoint where the folder holds a run; breaks off behind a step, as a killed process does.</summary>
    public static void Train(string folder, string yaml = Yaml, long breakBehind = long.MaxValue, Action<long>? stepped = null)
    {
        string config = Path.Combine(Path.GetDirectoryName(folder)!, "config.yaml");
        File.WriteAllText(config, yaml);
        LoadedConfig loaded = RunConfigFile.Load(config);
        var data = TrainingData.Load(loaded.Config, new DataContext(".", loaded.Config.Seed));
        using Device device = TestDevice.Open("cpu", 1);
        bool resumes = RunFolder.IsRun(folder);
        using RunFolder run = resumes ? RunFolder.Open(folder) : RunFolder.CreateAt(folder);
        using CheckpointFile? checkpoint = resumes ? run.Checkpoints.OpenNewest() : null;
        run.WriteConfig(yaml);
        using var session = new RunSession(loaded, data, device, run, checkpoint?.Content, new Breaks(breakBehind, stepped), _ => { });
        try
        {
            session.Run(CancellationToken.None);
        }
        catch (BrokenOff)
        {
        }
    }

    private sealed class Breaks(long behind, Action<long>? stepped) : IRunObserver
    {
        public void OnStep(Trainer trainer, in StepReport report)
        {
            stepped?.Invoke(report.Step);
            if (report.Step == behind)
                throw new BrokenOff();
        }
    }

    private sealed class BrokenOff : Exception;
}
