using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Health;

/// <summary>A run from a YAML text, in a folder of its own, with the alarms that it raised.</summary>
internal sealed class TestRun : IRunObserver, IDisposable
{
    private readonly TestFolder folder = new();
    private readonly Device device;
    private readonly RunFolder run;

    /// <param name="yaml">The config.</param>
    /// <param name="deviceId">Where it runs.</param>
    /// <param name="wrap">Puts something around the device.</param>
    /// <param name="overrides">As <c>--set</c> takes them.</param>
    /// <param name="prepare">Puts files into the config's folder.</param>
    public TestRun(string yaml, string deviceId = "cpu", Func<Device, Device>? wrap = null, IEnumerable<string>? overrides = null, Action<string>? prepare = null)
    {
        File.WriteAllText(folder["config.yaml"], yaml);
        prepare?.Invoke(folder.Path);
        Loaded = RunConfigFile.Load(folder["config.yaml"], overrides);
        Data = TrainingData.Load(Loaded.Config, new DataContext(folder.Path, Loaded.Config.Seed));
        Device inner = TestDevice.Open(deviceId, 1);
        device = wrap?.Invoke(inner) ?? inner;
        run = RunFolder.CreateAt(folder["run"]);
        run.WriteConfig(yaml);
        Session = new RunSession(Loaded, Data, device, run, null, this, Notes.Add);
    }

    public LoadedConfig Loaded { get; }

    public TrainingData Data { get; }

    public RunSession Session { get; }

    public RunFolder Folder => run;

    public Device Device => device;

    public List<Alarm> Alarms { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>Changes a parameter before the run.</summary>
    public TestRun Edit(string name, Action<double[]> change)
    {
        Parameter parameter = Session.Trainer.Network.Parameters.Single(p => p.Name == name);
        double[] values = Session.Trainer.Model.Read(parameter);
        change(values);
        Session.Trainer.Model.Write(parameter, values);
        return this;
    }

    public RunResult Run() => Session.Run(CancellationToken.None);

    public IEnumerable<Alarm> Raised(string id) => Alarms.Where(a => a.Id == id);

    public double[] Weights() => [.. Session.Trainer.Network.Parameters.SelectMany(p => Session.Trainer.Model.Read(p))];

    public string[] Metrics()
    {
        Session.Dispose();
        return File.ReadAllLines(run.Metrics);
    }

    /// <summary>Told of every step.</summary>
    public event Action<long>? Stepped;

    /// <summary>Told of every alarm when it is raised.</summary>
    public event Action<Alarm>? Heard;

    public void OnStep(Trainer trainer, in StepReport report) => Stepped?.Invoke(report.Step);

    public void OnAlarm(Trainer trainer, Alarm alarm)
    {
        Alarms.Add(alarm);
        Heard?.Invoke(alarm);
    }

    public void Dispose()
    {
        Session.Dispose();
        run.Dispose();
        device.Dispose();
        folder.Dispose();
    }
}
