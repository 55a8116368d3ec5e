using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Starters;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Starters;

/// <summary>A folder of data files, and the starter for it.</summary>
public abstract class StarterFolder : IDisposable
{
    private protected readonly TempFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private protected Starter Table(string name, string names, int rows, Func<int, string> row, string? target = null)
    {
        folder.Write(name, (names.Length == 0 ? "" : names + "\n") + string.Concat(Enumerable.Range(0, rows).Select(i => row(i) + "\n")));
        return Of(name, target);
    }

    private protected Starter Of(string data, string? target = null) => Starter.Of(Path.Combine(folder.Path, data), target, folder.Path);

    // The config is read as any other, and a network is trained on it.
    private protected TrainingData Trains(Starter starter)
    {
        LoadedConfig loaded = RunConfigFile.Load(folder.Write("c.yaml", starter.Yaml), ["train.epochs=1", "device=cpu", "threads=1"]);
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(loaded.Folder, loaded.Config.Seed));
        using Device device = DeviceCatalog.Open("cpu", 1);
        using var trainer = new Trainer(loaded.Config, data, device);
        RunResult result = trainer.Run();
        Assert.True(double.IsFinite(result.Final.Train.Loss), starter.Yaml);
        Assert.NotNull(result.Final.Validation);
        return data;
    }
}
