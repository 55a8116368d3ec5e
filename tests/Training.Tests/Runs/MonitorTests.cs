using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tests.Health;

namespace GpuGrad.Training.Tests.Runs;

/// <summary>Any figure that an evaluation gives can decide which weights are kept, when a run ends and when the rate falls.</summary>
public sealed class MonitorTests
{
    private const string Classes = """
        seed: 4
        device: cpu
        data: {dataset: {moons: {train: 120, test: 60, noise: 0.3}}, batch: 20, validation: 0.25}
        model: [{dense: 8}, relu, {dense: 2}]
        train: {epochs: 8, optimizer: {sgd: {lr: 0.4}}, MORE}
        diagnostics: {every: 0}
        """;

    private static string With(string more) => Classes.Replace("MORE", more, StringComparison.Ordinal);

    [Theory]
    [InlineData("keep-best: validation-macro-f1", "validation_macro_f1", true)]
    [InlineData("keep-best: roc-auc", "validation_roc_auc", true)]
    [InlineData("keep-best: auc", "validation_roc_auc", true)]
    [InlineData("keep-best: test-brier", "test_brier", false)]
    [InlineData("keep-best: ece", "validation_calibration_error", false)]
    [InlineData("monitor: pr_auc, keep-best: true", "validation_pr_auc", true)]
    [InlineData("keep-best: true", "validation_loss", false)]
    [InlineData("monitor: test-balanced-accuracy", "test_balanced_accuracy", true)]
    [InlineData("epochs: 8", "validation_loss", false)]
    public void The_best_epoch_is_that_of_the_figure_and_its_weights_are_kept(string more, string figure, bool rises)
    {
        using var run = new TestRun(With(more).Replace("epochs: 8, optimizer", more.StartsWith("epochs", StringComparison.Ordinal) ? "optimizer" : "epochs: 8, optimizer", StringComparison.Ordinal));
        RunResult result = run.Run();
        IReadOnlyList<LogLine> epochs = RunLog.Read(run.Folder.Metrics).Epochs;
        LogLine best = rises ? epochs.MaxBy(e => e[figure])! : epochs.MinBy(e => e[figure])!;
        Assert.Equal((int)best["epoch"], run.Folder.ReadSummary().BestEpoch);
        bool kept = more.Contains("keep-best", StringComparison.Ordinal);
        Assert.Equal(kept ? (int)best["epoch"] : 0, run.Session.Trainer.State.KeptEpoch);
        // What is left is what was judged: the final figures are those of the kept epoch's line.
        Assert.Equal((kept ? best : epochs[^1])["validation_macro_f1"], result.Final.ValidationReport!["macro_f1"]);
        Assert.Equal((kept ? best : epochs[^1])["test_roc_auc"], run.Folder.ReadSummary().Metrics!["test"].GetProperty("roc_auc").GetDouble());
    }

    [Fact]
    public void A_run_ends_where_a_figure_of_regression_gets_no_better_and_its_rate_falls_there()
    {
        const string Yaml = """
            seed: 4
            device: cpu
            data: {dataset: {linear: {train: 60, test: 30}}, batch: 20}
            model: [{dense: 1}]
            loss: mse
            train: {epochs: 40, optimizer: {sgd: {lr: 0.5}}, monitor: rmse, early-stopping: {patience: 3, metric: test-r2, min-delta: 0.001}, schedule: {plateau: {by: 0.5, patience: 0}}}
            diagnostics: {every: 0}
            """;
        using var run = new TestRun(Yaml);
        RunResult result = run.Run();
        Assert.Equal(RunStatus.EarlyStopped, result.Status);
        RunState state = run.Session.Trainer.State;
        IReadOnlyList<LogLine> epochs = RunLog.Read(run.Folder.Metrics).Epochs;
        Assert.True(state.Epoch < 40);
        Assert.InRange(state.StoppingBest!.Value, epochs.Max(e => e["test_r2"]) - 0.001, epochs.Max(e => e["test_r2"]));
        Assert.InRange(state.PlateauBest!.Value, epochs.Min(e => e["test_rmse"]), epochs.Min(e => e["test_rmse"]) * 1.0002);
    }

    [Theory]
    [InlineData("monitor: rmse", "train.monitor: the validation samples give no 'rmse'; expected one of loss, accuracy, balanced-accuracy, ")]
    [InlineData("keep-best: test-top-5", "train.keep-best: the test samples give no 'top-5-accuracy'; expected one of loss, accuracy")]
    [InlineData("early-stopping: {metric: train-macro-f1}", "train.early-stopping: 'train-macro-f1' is asked for, but training samples have only a loss and an accuracy")]
    [InlineData("monitor: roc-acu", "monitor is 'roc-acu'; expected a figure of an epoch; did you mean 'roc-auc'?")]
    [InlineData("keep-best: validation", "keep-best is 'validation'; expected a figure of an epoch; known are loss, ")]
    [InlineData("keep-best: [loss]", "keep-best is a list; expected a figure of an epoch, e.g. validation-loss")]
    public void An_unknown_metric_is_refused_before_the_first_step(string more, string message)
    {
        var e = Assert.ThrowsAny<GpuGradException>(() => new TestRun(With(more)).Dispose());
        Assert.Equal(Fault.Config, e.Fault);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_held_out_samples_only_training_loss_and_accuracy_can_be_monitored()
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(With("monitor: roc-auc").Replace("test: 60", "test: 0", StringComparison.Ordinal).Replace(", validation: 0.25", "", StringComparison.Ordinal), "c.yaml"), "the config");
        TrainingData data = TrainingData.Load(config, new DataContext(".", 1));
        using Kernels.Devices.Cpu.CpuDevice cpu = new(1);
        var e = Assert.ThrowsAny<GpuGradException>(() => new Trainer(config, data, cpu).Dispose());
        Assert.EndsWith("train.monitor: 'roc-auc' is asked for, but there are neither validation nor test samples; give data.validation, e.g. 0.1", e.Message, StringComparison.Ordinal);
    }
}
