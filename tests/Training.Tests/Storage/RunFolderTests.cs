using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

public sealed class RunFolderTests : IDisposable
{
    private static readonly DateTime Noon = new(2026, 11, 22, 12, 5, 9, DateTimeKind.Utc);

    private readonly TestFolder folder = new();
    private readonly List<string> warnings = [];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_new_run_gets_a_folder_of_its_own_even_within_one_second()
    {
        string root = folder["some/where/runs"];
        for (int i = 1; i <= 3; i++)
        {
            using RunFolder run = RunFolder.Create("lenet", root, Noon);
            Assert.Equal(Path.Combine(root, "2026-11-22_120509_lenet" + (i == 1 ? "" : $"-{i}")), run.Path);
            run.WriteConfig("seed: 1\n");
        }
    }

    [Fact]
    public void Runs_that_begin_at_the_same_instant_get_different_folders()
    {
        string[] paths = new string[12];
        Parallel.For(0, paths.Length, i =>
        {
            using RunFolder run = RunFolder.Create("x", folder.Path, Noon);
            run.WriteConfig("seed: 1\n");
            paths[i] = run.Path;
        });
        Assert.Equal(paths.Length, paths.Distinct().Count());
    }

    [Theory]
    [InlineData("fashion-mnist-lenet", "fashion-mnist-lenet")]
    [InlineData("../../etc/passwd", "etc-passwd")]
    [InlineData("/abs/olute", "abs-olute")]
    [InlineData("..", "run")]
    [InlineData("", "run")]
    [InlineData(".hidden", "hidden")]
    [InlineData("a\0b\nc d\\e:f*g", "a-b-c-d-e-f-g")]
    [InlineData("größe", "gr--e")]
    [InlineData("ends.", "ends")]
    public void A_name_never_becomes_a_path(string name, string slug)
    {
        Assert.Equal(slug, RunFolder.Slug(name));
        using RunFolder run = RunFolder.Create(name, folder.Path, Noon);
        Assert.Equal(folder.Path, Path.GetDirectoryName(run.Path));
    }

    [Fact]
    public void A_very_long_name_is_shortened() => Assert.Equal(64, RunFolder.Slug(new string('x', 5000)).Length);

    [Fact]
    public void A_given_folder_is_used_only_if_it_is_empty_or_missing()
    {
        using (RunFolder run = RunFolder.CreateAt(folder["new/run"]))
            run.WriteConfig("seed: 1\n");
        var again = Assert.Throws<GpuGradException>(() => RunFolder.CreateAt(folder["new/run"]));
        Assert.Contains("already holds a run; continue it with 'gpugrad resume", again.Message);
        Directory.CreateDirectory(folder["empty"]);
        RunFolder.CreateAt(folder["empty"]).Dispose();
        RunFolder.CreateAt(folder["empty"]).Dispose();
        Directory.CreateDirectory(folder["foreign/sub"]);
        var foreign = Assert.Throws<GpuGradException>(() => RunFolder.CreateAt(folder["foreign"]));
        Assert.Contains("is not empty", foreign.Message);
        File.WriteAllText(folder["file"], "");
        Assert.Contains("is a file", Assert.Throws<GpuGradException>(() => RunFolder.CreateAt(folder["file"])).Message);
        Assert.All([again, foreign], e => Assert.Equal(Fault.Config, e.Fault));
    }

    [Fact]
    public void A_run_that_could_not_start_is_withdrawn()
    {
        using (RunFolder run = RunFolder.CreateAt(folder["new"]))
        {
            run.WriteConfig("seed: 1\n");
            run.OpenMetrics(0).Dispose();
            File.WriteAllText(folder["new/model.json"], "{}");
            run.Withdraw();
        }
        Assert.False(Directory.Exists(folder["new"]));

        Directory.CreateDirectory(folder["mine"]);
        using (RunFolder run = RunFolder.CreateAt(folder["mine"]))
        {
            run.WriteConfig("seed: 1\n");
            run.Withdraw();
        }
        Assert.Equal(["run.lock"], Directory.GetFileSystemEntries(folder["mine"]).Select(Path.GetFileName));
        RunFolder.CreateAt(folder["mine"]).Dispose();
    }

    [Theory]
    [InlineData("checkpoints/step-00000005.ckpt")]
    [InlineData("metrics.jsonl")]
    [InlineData("notes.txt")]
    [InlineData("summary.json")]
    public void A_run_that_left_anything_stays(string left)
    {
        using (RunFolder run = RunFolder.CreateAt(folder["run"]))
        {
            run.WriteConfig("seed: 1\n");
            if (left == "summary.json")
                run.WriteSummary(new RunSummary { Status = "failed", Device = "cpu", Epochs = 0, Steps = 3, TrainLoss = 1 });
            else
                Directory.CreateDirectory(Path.GetDirectoryName(folder["run/" + left])!);
            if (left != "summary.json")
                File.WriteAllText(folder["run/" + left], "x");
            run.Withdraw();
        }
        Assert.True(RunFolder.IsRun(folder["run"]));
        Assert.True(File.Exists(folder["run/" + left]));
    }

    [Fact]
    public void Withdrawing_a_run_whose_folder_is_gone_is_silent()
    {
        using RunFolder run = RunFolder.CreateAt(folder["run"]);
        Directory.Delete(folder["run"], recursive: true);
        run.Withdraw();
    }

    [Fact]
    public void A_run_in_use_is_refused_and_so_is_a_folder_without_a_run()
    {
        using (RunFolder run = RunFolder.CreateAt(folder["run"]))
        {
            run.WriteConfig("seed: 1\n");
            Assert.Contains("in use by process", Assert.Throws<GpuGradException>(() => RunFolder.Open(folder["run"])).Message);
        }
        RunFolder.Open(folder["run"]).Dispose();
        Assert.Contains("no run here", Assert.Throws<GpuGradException>(() => RunFolder.Open(folder.Path)).Message);
        Assert.Contains("no run here", Assert.Throws<GpuGradException>(() => RunFolder.Open(folder["none"])).Message);
    }

    [Fact]
    public void Opening_removes_and_reports_files_left_by_a_killed_process()
    {
        using (RunFolder run = RunFolder.CreateAt(folder["run"]))
        {
            run.WriteConfig("seed: 1\n");
            run.Checkpoints.Save(Samples.At(5), keep: 1);
        }
        File.WriteAllText(folder["run/.summary.json.tmp-17"], "{");
        File.WriteAllText(folder["run/checkpoints/.step-00000006.ckpt.tmp-17"], "GG");
        File.WriteAllText(folder["run/run.lock"], "17 on host since yesterday");
        using (RunFolder run = RunFolder.Open(folder["run"], warnings.Add))
            Assert.Equal(5, Samples.WholeStepIn(run.Checkpoints));
        Assert.Equal(2, warnings.Count);
        Assert.Contains("process 17, which used it, ended", warnings[0]);
        Assert.Contains("left unfinished", warnings[1]);
        Assert.Equal(["checkpoints", "config.yaml", "run.lock"], Directory.EnumerateFileSystemEntries(folder["run"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Manifest_and_summary_come_back_and_have_the_documented_keys()
    {
        using RunFolder run = RunFolder.CreateAt(folder["run"]);
        RunSummary summary = new()
        {
            Status = "finished",
            Device = "cpu",
            Epochs = 3,
            Steps = 300,
            TrainLoss = double.NaN,
            TestLoss = 0.1,
            TestAccuracy = null,
            SamplesPerSecond = 1e9,
            WallSeconds = 2.5,
        };
        run.WriteSummary(summary);
        Assert.Equal(summary, run.ReadSummary());
        string text = File.ReadAllText(run.Summary);
        string[] keys = ["status", "device", "epochs", "steps", "train_loss", "test_loss", "test_accuracy", "samples_per_second", "wall_seconds"];
        Assert.All(keys, k => Assert.Contains($"\"{k}\": ", text));
        using var device = new Kernels.Devices.Cpu.CpuDevice(1);
        RunManifest manifest = RunManifest.Of(device, ulong.MaxValue, "abc");
        run.WriteManifest(manifest);
        Assert.Equal(manifest, run.ReadManifest());
        File.WriteAllText(run.Manifest, File.ReadAllText(run.Manifest)[..^5]);
        Assert.StartsWith(run.Manifest, Assert.Throws<DamagedFileException>(() => run.ReadManifest()).Message);
    }

    [Fact]
    public void The_log_of_a_resumed_run_continues_at_its_checkpoint()
    {
        using RunFolder run = RunFolder.CreateAt(folder["run"]);
        using (MetricsLog log = run.OpenMetrics(0))
        {
            log.Append(("step", 1));
            run.Checkpoints.Save(Samples.At(5) with { MetricsLength = log.Sync() }, keep: 1);
            log.Append(("step", 2));
        }
        using CheckpointFile checkpoint = run.Checkpoints.OpenNewest()!;
        run.OpenMetrics(checkpoint.Content.MetricsLength).Dispose();
        Assert.Equal("{\"step\":1}\n", File.ReadAllText(run.Metrics));
    }
}

public sealed class ConfigDiffTests
{
    [Theory]
    [InlineData("a: 1", "a: 1", "")]
    [InlineData("a: 1", "a: 2", "a: 1 -> 2")]
    [InlineData("a: 0.1", "a: 1e-1", "")]
    [InlineData("a: 0.10", "a: .1", "")]
    [InlineData("a: 1", "a: 1.0", "")]
    [InlineData("a: 9007199254740993", "a: 9007199254740992", "a: 9007199254740993 -> 9007199254740992")]
    [InlineData("a: 0.1", "a: 0,1", "a: 0.1 -> 0,1")]
    [InlineData("a: '0.1'", "a: 0.10", "a: 0.1 -> 0.10")]
    [InlineData("a: 'x'", "a: x", "")]
    [InlineData("a: true", "a: True", "a: true -> True")]
    [InlineData("a: NaN", "a: NaN", "")]
    [InlineData("a: 1", "b: 1", "a: 1 -> (none); b: (none) -> 1")]
    [InlineData("a: 1\nb: 2", "b: 2\na: 1", "")]
    [InlineData("a: null", "b: 1", "b: (none) -> 1")]
    [InlineData("a: ''", "b: 1", "a:  -> (none); b: (none) -> 1")]
    [InlineData("a: {}", "", "a: {} -> (none)")]
    [InlineData("a: {b: {c: 1, d: 2}}", "a: {b: {c: 3, d: 2}}", "a.b.c: 1 -> 3")]
    [InlineData("a: [1, 2, 3]", "a: [1, 5, 3]", "a[1]: 2 -> 5")]
    [InlineData("a: [1, 2, 3]", "a: [1, 2]", "a[2]: 3 -> (none)")]
    [InlineData("a: [1]", "a: [1, {relu: {}}]", "a[1]: (none) -> relu: {}")]
    [InlineData("a: [1]", "a: {b: 1}", "a: - 1 -> b: 1")]
    [InlineData("a: 5", "a: {b: 5}", "a: 5 -> b: 5")]
    [InlineData("model: [{dense: 10}, relu]", "model: [{dense: 20}, relu]", "model[0].dense: 10 -> 20")]
    [InlineData("train: {optimizer: {sgd: {lr: 0.1}}}", "train: {optimizer: {adam: {lr: 0.1}}}", "train.optimizer.sgd: lr: 0.1 -> (none); train.optimizer.adam: (none) -> lr: 0.1")]
    public void Differences_are_listed_by_key_with_both_values(string before, string now, string expected) =>
        Assert.Equal(expected, string.Join("; ", ConfigDiff.Between(YamlReader.Read(before, "a"), YamlReader.Read(now, "b"))));

    [Fact]
    public void Changed_data_are_a_difference_and_all_are_in_one_line()
    {
        Checkpoint checkpoint = Samples.At(1) with { Config = "a: 1\nb: {c: 2}\n", DataFingerprint = "xyz" };
        YamlNode config = YamlReader.Read("a: 1\nb: {c: 2}\n", "now");
        ConfigDiff.RequireNone(ConfigDiff.Since(checkpoint, config, "xyz"));
        var e = Assert.Throws<GpuGradException>(() => ConfigDiff.RequireNone(ConfigDiff.Since(checkpoint, YamlReader.Read("a: 2", "now"), "other")));
        Assert.Equal("The run was started with other settings: a: 1 -> 2; b: c: 2 -> (none); (samples of the data set): xyz -> other. "
            + "Undo the change, or continue anyway with --allow-changes.", e.Message);
        Assert.Equal(Fault.Config, e.Fault);
    }

    [Theory]
    [InlineData("train: {epochs: 3}", "train: {epochs: 4}", true)]
    [InlineData("train: {epochs: 3}", "train: {epochs: 2}", false)]
    [InlineData("", "train: {epochs: 20}", true)]
    [InlineData("", "train: {epochs: 2}", false)]
    [InlineData("", "train: {log-every: 7}", true)]
    [InlineData("", "checkpoint: {every: 7, keep: 1}", true)]
    [InlineData("checkpoint: {every: 7}", "", true)]
    [InlineData("target: {test-loss: 1}", "target: {test-loss: 2}", true)]
    [InlineData("threads: 1", "threads: 4", true)]
    [InlineData("name: a", "name: b", true)]
    [InlineData("", "diagnostics: {every: 5}", true)]
    [InlineData("", "diagnostics: {on-dead: reinit}", false)]
    [InlineData("seed: 1", "seed: 2", false)]
    [InlineData("device: cpu", "device: reference", false)]
    [InlineData("", "train: {optimizer: {sgd: {lr: 0.1}}}", false)]
    [InlineData("train: {accumulate: 1}", "train: {accumulate: 2}", false)]
    [InlineData("data: {batch: 8}", "data: {batch: 9}", false)]
    [InlineData("model: [relu]", "model: [tanh]", false)]
    public void What_decides_no_bit_of_the_weights_may_change(string before, string now, bool harmless)
    {
        IReadOnlyList<ConfigDifference> differences = ConfigDiff.Between(YamlReader.Read("a: 1\n" + before, "a"), YamlReader.Read("a: 1\n" + now, "b"));
        Assert.NotEmpty(differences);
        Assert.Equal(harmless, differences.All(ConfigDiff.IsHarmless));
    }

    [Fact]
    public void A_long_list_is_shortened()
    {
        string Config(int value) => string.Concat(Enumerable.Range(0, 30).Select(i => $"k{i}: {value}\n"));
        var differences = ConfigDiff.Between(YamlReader.Read(Config(1), "a"), YamlReader.Read(Config(2), "b"));
        Assert.Equal(30, differences.Count);
        Assert.Contains("k19: 1 -> 2; and 10 more.", Assert.Throws<GpuGradException>(() => ConfigDiff.RequireNone(differences)).Message);
    }
}
