namespace GpuGrad.Cli.Tests;

/// <summary>A run of <c>configs/digits.yaml</c> on few samples, trained once for the tests that look at it.</summary>
public sealed class TrainedRun : IDisposable
{
    public const int TrainCount = 600, TestCount = 100, Epochs = 2, Steps = Epochs * ((TrainCount + 63) / 64);

    public TrainedRun() => Answer = Program.Run(Arguments("run")).Done();

    /// <summary>The process that trained; its folder holds <see cref="Run"/>.</summary>
    public Gpugrad Program { get; } = new();

    public Answer Answer { get; }

    /// <summary>The run's folder.</summary>
    public string Run => Program["run"];

    public static string[] Arguments(string run, params string[] more) =>
    [
        "train", Path.Combine(Gpugrad.Configs, "digits.yaml"), "--out", run, "--device", "cpu", "--set", $"train.epochs={Epochs}",
        "--set", $"data.dataset={{digits: {{train: {TrainCount}, test: {TestCount}}}}}", "--set", "target=null", .. more,
    ];

    public void Dispose() => Program.Dispose();
}
