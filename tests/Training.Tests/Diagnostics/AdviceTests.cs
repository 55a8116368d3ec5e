using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.AdviceTrials;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>What alarms advise, tried: the same start, the same samples, and an honest comparison.</summary>
public sealed class AdviceTests : IDisposable
{
    private const string Slow = "data: {dataset: {spirals: {classes: 3, train: 300, test: 150}}, batch: 32}\nmodel: [{dense: 16}, tanh, {dense: 3}]\ntrain: {epochs: 30, optimizer: {sgd: {lr: 1e-6, momentum: 0.9}}}\n";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Each_way_out_of_a_remedy_is_an_advice_and_settings_that_belong_together_are_one()
    {
        Advice[] found = [.. Advice.In("G019", "--set model.1.rnn.init=orthogonal --set train.clip.norm=1, or --set loss.x.class-weights=[1,2.5], or lstm or gru; see --set train.epochs=3.")];
        Assert.Equal(["--set model.1.rnn.init=orthogonal --set train.clip.norm=1", "--set loss.x.class-weights=[1,2.5]", "--set train.epochs=3."], found.Select(a => a.Line));
        Assert.Equal(["model.1.rnn.init=orthogonal", "train.clip.norm=1"], found[0].Settings);
        Assert.All(found, a => Assert.Equal("G019", a.Alarm));
        Assert.Empty(Advice.In("G018", "relu, gelu or tanh between them"));
    }

    [Fact]
    public void An_advice_that_helps_is_told_from_one_that_harms_and_one_that_does_nothing()
    {
        AdviceReport report = Try(Slow, 100, "train.optimizer.sgd.lr=0.1", "train.optimizer.sgd.lr=1e-12", "train.log-every=3");
        Assert.Equal((200, "test", "balanced_accuracy"), (report.Steps, report.JudgedBy, report.Before.Figure));
        Assert.Equal([AdviceVerdict.Helps, AdviceVerdict.NoDifference, AdviceVerdict.NoDifference], report.Outcomes.Select(o => o.Verdict));
        Assert.Equal(report.Before, report.Outcomes[2].Result);
        Assert.Equal("--set train.optimizer.sgd.lr=0.1", report.Best!.Advice.Line);
        AdviceReport other = Try(Slow.Replace("1e-6", "0.1", StringComparison.Ordinal), 100, "train.optimizer.sgd.lr=1e-6");
        Assert.Equal(AdviceVerdict.Harms, Assert.Single(other.Outcomes).Verdict);
        Assert.Null(other.Best);
        Assert.Equal(report.Outcomes[0].Result, other.Before);
    }

    [Fact]
    public void A_training_that_ends_in_numbers_that_are_not_finite_is_worse_than_any_other()
    {
        string explodes = "data: {dataset: {xor: {train: 64, test: 0}}, batch: 16}\nmodel: [{dense: 8}, relu, {dense: 8}, relu, {dense: 1}]\nloss: mse\ntrain: {epochs: 60, optimizer: {sgd: {lr: 1e20}}}\n";
        AdviceReport report = Try(explodes.Replace("loss: mse", "loss: bce-with-logits", StringComparison.Ordinal), 5, "train.optimizer.sgd.lr=0.05");
        Assert.Contains("at step", report.Before.Problem, StringComparison.Ordinal);
        Assert.Equal("training", report.JudgedBy);
        AdviceOutcome only = Assert.Single(report.Outcomes);
        Assert.Equal((null, AdviceVerdict.Helps), (only.Result.Problem, only.Verdict));
    }

    [Fact]
    public void Settings_that_do_not_fit_are_an_outcome_and_not_the_end()
    {
        AdviceReport report = Try(Slow, 1, "model.7=relu");
        Assert.Contains("model", Assert.Single(report.Outcomes).Result.Problem, StringComparison.Ordinal);
        Assert.Equal(AdviceVerdict.Harms, report.Outcomes[0].Verdict);
    }

    private AdviceReport Try(string yaml, long alarmed, params string[] settings)
    {
        File.WriteAllText(folder["config.yaml"], yaml);
        LoadedConfig Load(IEnumerable<string> more) => RunConfigFile.Load(folder["config.yaml"], more);
        RunConfig config = Load([]).Config;
        var data = TrainingData.Load(config, new DataContext(folder.Path, config.Seed));
        using Device device = DeviceCatalog.Open("cpu", 1);
        return new AdviceTrial(Load, data, device).Run([.. settings.Select(s => new Advice("G006", [s]))], alarmed);
    }
}
