using System.Text.RegularExpressions;
using GpuGrad.Tests.Support;

namespace GpuGrad.Torture.Tests;

/// <summary>What a run may go on with, and what not.</summary>
public sealed class ResumeTests : IDisposable
{
    private const string Changed = "The run was started with other settings: ";

    private readonly Experiment experiment = Experiment.Rich(epochs: 2, every: 3);

    private string Run => experiment.In("run");

    private string Checkpoints => Path.Combine(Run, "checkpoints");

    public ResumeTests() => Assert.Equal(0, Gpugrad.Inside("train", experiment.Config, "--out", Run).Code);

    public void Dispose() => experiment.Dispose();

    private static readonly string[] ResultChanging =
    [
        "seed=8", "device=reference", "data.batch=13", "data.validation=0.2", "data.limit=50", "data.normalize=unit",
        "data.shuffle=false", "data.drop-last=true", "data.augment=null", "model.0.conv.filters=5", "model.0.conv.kernel=5",
        "model.2=tanh", "model.3.maxpool=4", "model.5.dropout=0.4", "model.6.dense=17", "loss=hinge", "train.epochs=1",
        "train.accumulate=3", "train.accumulate=null", "train.optimizer.adam.lr=0.02", "train.optimizer.adam.beta1=0.8",
        "train.optimizer=sgd", "train.schedule.plateau.by=0.6", "train.schedule=constant", "train.clip.norm=3", "train.clip=null",
        "train.ema=0.8", "train.ema=null", "train.keep-best=null", "train.early-stopping.patience=3",
    ];

    [Fact]
    public void A_change_that_would_alter_the_result_is_refused_and_named()
    {
        foreach (string change in ResultChanging)
        {
            Ended ended = Gpugrad.Inside("resume", Run, "--set", change);
            Assert.True(ended.Code == 2, $"{change}: {ended}");
            string line = Assert.Single(ended.Errors.Trim().Split('\n'));
            string key = Regex.Replace(change.Split('=')[0], @"^model\.([0-9])", "model[$1]");
            Assert.StartsWith($"gpugrad: {Changed}{key}: ", line);
            Assert.EndsWith("Undo the change, or continue anyway with --allow-changes.", line);
        }
    }

    [Fact]
    public void A_harmless_change_is_reported_applied_and_kept()
    {
        foreach (string change in new[] { "threads=1", "name=other", "checkpoint.every=7", "checkpoint.keep=5", "checkpoint.seconds=60", "train.log-every=5", "target.test-loss=100" })
        {
            Ended ended = Gpugrad.Inside("resume", Run, "--set", change);
            Assert.True(ended.Code == 0, $"{change}: {ended}");
            Assert.Contains("changed: " + change.Split('=')[0] + ": ", ended.Errors, StringComparison.Ordinal);
            Assert.Contains("changed: " + change.Split('=')[0] + ": ", Gpugrad.Inside("resume", Run).Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void More_epochs_on_more_threads_give_the_bits_of_a_run_that_had_them_from_the_start()
    {
        using Experiment longer = Experiment.Rich(epochs: 5, every: 3);
        Assert.Equal(0, Gpugrad.Inside("train", longer.Config, "--out", longer.In("run")).Code);
        Assert.Equal(0, Gpugrad.Inside("resume", Run, "--set", "train.epochs=5", "--set", "threads=3").Code);
        Assert.Equal(RunContent.Of(longer.In("run")).Buffers, RunContent.Of(Run).Buffers);
        Assert.Equal(RunContent.Of(longer.In("run")).Metrics, RunContent.Of(Run).Metrics);
    }

    [Fact]
    public void Changed_data_are_refused_unless_changes_are_allowed()
    {
        byte[] bytes = File.ReadAllBytes(experiment.In("data.npz"));
        using (Experiment other = Experiment.Rich(2, 3, seed: 4))
            File.Copy(other.In("data.npz"), experiment.In("data.npz"), overwrite: true);
        Ended ended = Gpugrad.Inside("resume", Run);
        Assert.Equal(2, ended.Code);
        Assert.Contains(Changed + "(samples of the data set): ", ended.Errors, StringComparison.Ordinal);
        Assert.Equal(0, Gpugrad.Inside("resume", Run, "--allow-changes").Code);
        File.WriteAllBytes(experiment.In("data.npz"), bytes[..^1]);
        Ended cut = Gpugrad.Inside("resume", Run, "--allow-changes");
        Assert.Equal(3, cut.Code);
        Assert.Contains("data.npz", Assert.Single(cut.Errors.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_change_under_a_run_do_not_change_the_run()
    {
        using Experiment longer = Experiment.Rich(epochs: 20, every: 0);
        Assert.Equal(0, Gpugrad.Run("train", longer.Config, "--out", longer.In("whole")).Code);
        using System.Diagnostics.Process process = Gpugrad.Start(null, [], "train", longer.Config, "--out", longer.In("run"));
        Gpugrad.Await(process, () => File.Exists(Path.Combine(longer.In("run"), "model.json")));
        File.WriteAllText(longer.In("data.npz"), "no longer what it was");
        Ended ended = Gpugrad.WaitFor(process);
        Assert.True(ended.Code == 0, ended.ToString());
        RunContent.AssertSame(RunContent.Of(longer.In("whole")), RunContent.Of(longer.In("run")), "data changed under the run");
    }

    [Fact]
    public void A_damaged_newest_checkpoint_is_named_and_the_one_before_it_is_used()
    {
        RunContent whole = RunContent.Of(Run);
        var random = new Random(8);
        int damaged = 0;
        for (; damaged < Effort.Count(3, 100); damaged++)
        {
            string newest = Directory.EnumerateFiles(Checkpoints).Order(StringComparer.Ordinal).Last();
            byte[] bytes = File.ReadAllBytes(newest);
            if (damaged % 3 == 0)
                bytes = bytes[..random.Next(bytes.Length)];
            else
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(newest, bytes);
            Ended ended = Gpugrad.Inside("resume", Run);
            Assert.True(ended.Code == 0, ended.ToString());
            Assert.Contains(newest + ":", ended.Errors, StringComparison.Ordinal);
            Assert.Contains("Going back to step-", ended.Errors, StringComparison.Ordinal);
            RunContent.AssertSame(whole, RunContent.Of(Run), $"after damage {damaged}");
        }
        Effort.Report("damage", $"{damaged} damaged newest checkpoints named, the one before used, all resumed to the same bits");
    }

    [Fact]
    public void A_run_without_an_intact_checkpoint_is_refused()
    {
        string[] files = Directory.GetFiles(Checkpoints); // the two newest, and the best where it is older
        foreach (string file in files)
            File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        Ended ended = Gpugrad.Inside("resume", Run);
        Assert.Equal(3, ended.Code);
        Assert.InRange(files.Length, 2, 3);
        Assert.Contains($"none of its {files.Length} checkpoints is intact; nothing was changed. Restore one from a backup, or train again into another folder", ended.Errors, StringComparison.Ordinal);
    }
}
