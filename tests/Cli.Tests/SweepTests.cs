using System.Diagnostics;
using System.Text.Json.Nodes;
using GpuGrad.Tests.Support;

namespace GpuGrad.Cli.Tests;

/// <summary>Sweeps: many trials from one file, resumed after being killed.</summary>
public sealed class SweepTests : IDisposable
{
    private const string Base = """
        data: {dataset: {spirals: {train: 300, test: 60}}, validation: 0.2, batch: 32}
        model: [{dense: 16}, tanh, {dense: 3}]
        train: {epochs: 4, optimizer: {adam: {lr: 0.01}}}
        """;

    private const string Space = """
        base: base.yaml
        monitor: accuracy
        space:
          train.optimizer.adam.lr: {log-range: [1e-4, 1]}
          model.0.dense: {choice: [8, 32]}

        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void A_sweep_leaves_its_trials_the_best_config_and_a_page()
    {
        WriteSweep("search: {tpe: 3}\ntrials: 6\nparallel: 2\nhalving: 2\n");
        JsonNode sweep = gpugrad.Run("sweep", "sweep.yaml", "--out", "s", "--json").Json();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(gpugrad["s/sweep.json"])), sweep));
        JsonArray trials = sweep["trials"]!.AsArray();
        Assert.Equal(("finished", 6), ((string)sweep["status"]!, trials.Count));
        Assert.Equal((4, "finished"), ((int)sweep["best"]!["epochs"]!, (string)sweep["best"]!["status"]!));
        Assert.All(trials, t => Assert.True(File.Exists(gpugrad[$"s/{(string)t!["run"]!}/config.yaml"])));
        Assert.Equal((double)sweep["best"]!["value"]!, trials.Where(t => (int)t!["epochs"]! == 4).Max(t => (double)t!["value"]!));
        // The same settings by hand give the same figures.
        JsonNode best = sweep["best"]!;
        string[] sets = [.. best["settings"]!.AsObject().SelectMany(s => new[] { "--set", $"{s.Key}={s.Value!.ToJsonString()}" })];
        gpugrad.Run(["train", "base.yaml", .. sets, "--set", "train.monitor=accuracy", "--out", "alone", "--device", "cpu"]).Done();
        Assert.Equal(File.ReadAllText(gpugrad["alone/metrics.jsonl"]), File.ReadAllText(gpugrad[$"s/{(string)best["run"]!}/metrics.jsonl"]));
        gpugrad.Run("train", "s/best.yaml", "--out", "again", "--device", "cpu").Done();
        Assert.Contains("<polyline", File.ReadAllText(gpugrad["s/sweep.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_killed_sweep_resumes_and_ends_as_if_it_had_never_been_killed()
    {
        WriteSweep("search: {tpe: 3}\ntrials: 7\nparallel: 2\nhalving: 2\n");
        gpugrad.Run("sweep", "sweep.yaml", "--out", "whole").Done();
        for (int trial = 1; trial <= 5; trial += 2)
        {
            using Process process = gpugrad.Start("sweep", "sweep.yaml", "--out", "killed");
            Patience.Until(() => process.HasExited || Directory.Exists(gpugrad[$"killed/trials/{trial:D4}/checkpoints"]), "a trial saves a checkpoint");
            process.Kill();
            process.WaitForExit();
        }
        gpugrad.Run("sweep", "sweep.yaml", "--out", "killed").Done();
        Assert.Equal(File.ReadAllText(gpugrad["whole/sweep.json"]), File.ReadAllText(gpugrad["killed/sweep.json"]));
        foreach (string run in Directory.GetDirectories(gpugrad["whole/trials"]))
            Assert.Equal(File.ReadAllText(Path.Combine(run, "metrics.jsonl")), File.ReadAllText(gpugrad[$"killed/trials/{Path.GetFileName(run)}/metrics.jsonl"]));
    }

    // In the long form 20 sweeps, each killed once or several times at any instant.
    [Fact]
    public void Sweeps_killed_at_any_instant_end_as_if_they_had_never_been_killed()
    {
        WriteSweep("search: {tpe: 3}\ntrials: 5\nparallel: 2\nhalving: 2\n");
        var clock = Stopwatch.StartNew();
        gpugrad.Run("sweep", "sweep.yaml", "--out", "whole").Done();
        double seconds = clock.Elapsed.TotalSeconds;
        var random = new Random(Effort.IsLong ? Environment.TickCount : 3);
        int sweeps = Effort.Count(1, 20), kills = 0;
        for (int i = 0; i < sweeps; i++)
        {
            // At least one kill, then another with probability 1/2.
            for (int chance = 1; random.Next(chance) == 0; chance = 2)
            {
                using Process process = gpugrad.Start("sweep", "sweep.yaml", "--out", "killed");
                if (!process.WaitForExit(TimeSpan.FromSeconds(random.NextDouble() * seconds)))
                    kills++;
                process.Kill();
                process.WaitForExit();
            }
            gpugrad.Run("sweep", "sweep.yaml", "--out", "killed").Done();
            Assert.Equal(File.ReadAllText(gpugrad["whole/sweep.json"]), File.ReadAllText(gpugrad["killed/sweep.json"]));
            Directory.Delete(gpugrad["killed"], recursive: true);
        }
        Effort.Report("sweep-kill", $"{sweeps} sweeps killed {kills} times at any instant: all ended with the same sweep.json");
    }

    [Fact]
    public void Printed_commands_give_the_same_sweep_wherever_they_ran()
    {
        WriteSweep("search: grid\nparallel: 1\n");
        string[] commands = gpugrad.Run("sweep", "sweep.yaml", "--out", "s", "--print").Done().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, commands.Length);
        Assert.StartsWith("gpugrad train base.yaml --set train.optimizer.adam.lr=0.0001 --set model.0.dense=8 --set train.monitor=validation-accuracy --out s/trials/0000", commands[0], StringComparison.Ordinal);
        foreach (string command in commands.Skip(1))
            gpugrad.Run([.. command.Split(' ').Skip(1), "--device", "cpu"]).Done();
        Answer part = gpugrad.Run("sweep", "sweep.yaml", "--out", "s", "--collect");
        Assert.Contains("1 of 6 trials have not finished", part.Errors, StringComparison.Ordinal);
        gpugrad.Run([.. commands[0].Split(' ').Skip(1), "--device", "cpu"]).Done();
        JsonNode collected = gpugrad.Run("sweep", "sweep.yaml", "--out", "s", "--collect", "--json").Json();
        JsonNode trained = gpugrad.Run("sweep", "sweep.yaml", "--out", "own", "--json").Json();
        Assert.True(JsonNode.DeepEquals(trained, collected), collected.ToJsonString());
    }

    [Fact]
    public void A_failed_trial_is_reported_and_the_others_continue()
    {
        gpugrad.Write("base.yaml", Base.Replace("tanh", "relu", StringComparison.Ordinal));
        gpugrad.Write("sweep.yaml", "base: base.yaml\nspace: {train.optimizer: {choice: [adam, {sgd: {lr: 3e38}}]}}\nsearch: grid\n");
        JsonNode sweep = gpugrad.Run("sweep", "sweep.yaml", "--out", "s", "--json").Json();
        Assert.Equal(["finished", "failed"], sweep["trials"]!.AsArray().Select(t => (string)t!["status"]!));
        Assert.Contains("no finite number", (string)sweep["trials"]![1]!["error"]!, StringComparison.Ordinal);
        Assert.Equal(0, (int)sweep["best"]!["trial"]!);
    }

    [Theory]
    [InlineData("base: other.yaml\nspace: {seed: {choice: [1]}}\n", "sweep.yaml:1:7: base 'other.yaml' does not exist")]
    [InlineData("base: base.yaml\nspace: {train.optimiser: {choice: [adam]}}\n", "train.optimiser: adam does not fit base.yaml: --set train.optimiser:1:1: train has no 'optimiser'; did you mean 'optimizer'?")]
    [InlineData("base: base.yaml\nspace: {train.optimizer.adam.lr: {range: [-1, 1]}}\n", "train.optimizer.adam.lr: -1 does not fit base.yaml")]
    [InlineData("base: base.yaml\nmonitor: test-loss\nspace: {seed: {choice: [1]}}\n", "sweep.yaml:2:10: trials would be picked by 'test-loss'")]
    [InlineData("base: base.yaml\nspace: {seed: {choice: [1]}}\nsearch: grid\ntrials: 3\n", "sweep.yaml:4:9: a grid tries each of its 1 points once; expected no 'trials'")]
    [InlineData("base: plain.yaml\nspace: {seed: {choice: [1]}}\n", "plain.yaml holds back no validation samples to compare trials by; expected data.validation there")]
    [InlineData("base: base.yaml\nspaces: {seed: {choice: [1]}}\n", "sweep.yaml:2:1: the sweep has no 'spaces'; did you mean 'space'?")]
    public void A_wrong_sweep_is_one_line_before_anything_is_trained(string sweep, string message)
    {
        gpugrad.Write("base.yaml", Base);
        gpugrad.Write("plain.yaml", Base.Replace("validation: 0.2, ", "", StringComparison.Ordinal));
        gpugrad.Write("sweep.yaml", sweep);
        Assert.Contains(message, gpugrad.Run("sweep", "sweep.yaml", "--out", "s").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.False(Directory.Exists(gpugrad["s"]));
    }

    [Fact]
    public void A_folder_holds_one_sweep()
    {
        WriteSweep("trials: 1\n");
        gpugrad.Run("sweep", "sweep.yaml", "--out", "s").Done();
        gpugrad.Write("base.yaml", Base.Replace("epochs: 4", "epochs: 5", StringComparison.Ordinal));
        Assert.Contains("holds a sweep of another base.yaml than base.yaml", gpugrad.Run("sweep", "sweep.yaml", "--out", "s").Refused(ExitCode.Usage), StringComparison.Ordinal);
        gpugrad.Write("full/notes.txt", "mine");
        Assert.Contains("is neither empty nor a sweep", gpugrad.Run("sweep", "sweep.yaml", "--out", "full").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void Train_until_an_epoch_then_resume_gives_the_same_bits()
    {
        gpugrad.Write("base.yaml", Base);
        gpugrad.Run("train", "base.yaml", "--out", "whole", "--device", "cpu").Done();
        Assert.Contains("stopped after epoch 2, as --until says", gpugrad.Run("train", "base.yaml", "--out", "parts", "--device", "cpu", "--until", "2").Done().Output, StringComparison.Ordinal);
        Assert.Equal("stopped", (string)JsonNode.Parse(File.ReadAllText(gpugrad["parts/summary.json"]))!["status"]!);
        gpugrad.Run("resume", "parts", "--until", "3").Done();
        gpugrad.Run("resume", "parts").Done();
        Assert.Equal(File.ReadAllText(gpugrad["whole/metrics.jsonl"]), File.ReadAllText(gpugrad["parts/metrics.jsonl"]));
        Assert.Equal(File.ReadAllBytes(gpugrad["whole/weights.safetensors"]), File.ReadAllBytes(gpugrad["parts/weights.safetensors"]));
    }

    private void WriteSweep(string search)
    {
        gpugrad.Write("base.yaml", Base);
        gpugrad.Write("sweep.yaml", Space + search);
    }
}
