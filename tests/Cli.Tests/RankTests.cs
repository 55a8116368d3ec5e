using System.Diagnostics;
using System.Text.Json.Nodes;
using GpuGrad.Tests.Support;

namespace GpuGrad.Cli.Tests;

/// <summary>Training under the launchers of Open MPI and MPICH.</summary>
public sealed class RankTests : IDisposable
{
    private const string Config = """
        data: {dataset: {digits: {train: 320, test: 100}}, batch: 50}
        model: [{conv: {filters: 4, kernel: 5}}, relu, {maxpool: 2}, flatten, {dense: 10}]
        train: {epochs: 3, log-every: 1, optimizer: {sgd: {lr: 0.05, momentum: 0.9}}}

        """;

    private readonly Gpugrad gpugrad = new();

    public RankTests()
    {
        gpugrad.Write("c.yaml", Config);
        foreach ((string name, string value) in MpiRanks.Variables)
            gpugrad.Variables[name] = value;
    }

    public void Dispose() => gpugrad.Dispose();

    [Theory]
    [InlineData("openmpi", 3)]
    [InlineData("mpich", 2)]
    public void Ranks_train_as_one_process_and_rank_0_alone_speaks(string mpi, int size)
    {
        string[] launcher = MpiRanks.Launcher(mpi, size);
        gpugrad.Run("train", "c.yaml", "--out", "alone", "--device", "cpu").Done();
        Answer answer = gpugrad.RunUnder(launcher, "train", "c.yaml", "--out", "ranks", "--device", "cpu").Done();
        Assert.Single(answer.Output.Split('\n'), l => l.StartsWith("network ", StringComparison.Ordinal));
        Assert.Contains($"ranks      {size} over {(mpi == "mpich" ? "MPICH" : "Open MPI")}", answer.Output, StringComparison.Ordinal);
        Assert.Equal(size, (int)JsonNode.Parse(File.ReadAllText(gpugrad["ranks/summary.json"]))!["ranks"]!);
        (long Step, double Loss)[] one = Losses("alone"), several = Losses("ranks");
        Assert.Equal(one.Select(l => l.Step), several.Select(l => l.Step));
        Assert.All(one.Zip(several), p => Assert.Equal(p.First.Loss, p.Second.Loss, 1e-5));
    }

    // Each rank's statistics are those of the whole batch, so only the order of additions differs. If that puts a relu's input on the other side of 0, ranks follow the reference in double
    // instead of the one process: 3 ranks did, 3e-4 from the process, as the reference is. In the long form both networks on 1 to 8 ranks.
    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_vgg_with_synchronised_batch_norm_learns_on_any_number_of_ranks_what_one_process_learns(string mpi)
    {
        const string Block = "{conv: {filters: N, kernel: 3, padding: same}}, {batchnorm: {sync: true}}, relu, {conv: {filters: N, kernel: 3, padding: same}}, {batchnorm: {sync: true}}, relu, {maxpool: 2}";
        gpugrad.Write("vgg.yaml", $"""
            data: {"{"}dataset: {"{"}digits: {"{"}train: 240, test: 60{"}}"}, batch: 48{"}"}
            model: [{Block.Replace("N", "8", StringComparison.Ordinal)}, {Block.Replace("N", "16", StringComparison.Ordinal)}, flatten, {"{"}dense: 32{"}"}, relu, {"{"}dense: 10{"}"}]
            train: {"{"}epochs: 2, log-every: 1, optimizer: {"{"}sgd: {"{"}lr: 0.02, momentum: 0.9{"}}}"}

            """);
        double worst = 0;
        foreach (string config in Effort.IsLong ? ["vgg", "c"] : new[] { "vgg" })
        {
            gpugrad.Run("train", $"{config}.yaml", "--out", $"{config}-alone", "--device", "cpu").Done();
            var exact = new Lazy<(long, double)[]>(() =>
            {
                gpugrad.Run("train", $"{config}.yaml", "--out", $"{config}-exact", "--device", "reference").Done();
                return Losses($"{config}-exact");
            });
            foreach (int size in Effort.IsLong ? [1, 2, 3, 4, 8] : mpi == "mpich" ? [4] : new[] { 2 })
            {
                string run = $"{config}-{size}";
                gpugrad.RunUnder(MpiRanks.Launcher(mpi, size), "train", $"{config}.yaml", "--out", run, "--device", "cpu").Done();
                double apart = Apart(Losses($"{config}-alone"), Losses(run));
                apart = apart <= 1e-6 ? apart : Apart(exact.Value, Losses(run));
                Assert.True(apart <= 1e-6, $"{run}: {apart}");
                worst = Math.Max(worst, apart);
            }
        }
        Effort.Report($"ranks-{mpi}", $"losses of {(Effort.IsLong ? "VGG with synchronised batch norm and a small LeNet on 1, 2, 3, 4 and 8 ranks" : "VGG with synchronised batch norm")} within {worst:E1} of one process, or of the reference in double");
    }

    private static double Apart((long Step, double Loss)[] one, (long Step, double Loss)[] other)
    {
        Assert.Equal(one.Select(l => l.Step), other.Select(l => l.Step));
        return one.Zip(other).Max(p => Math.Abs(p.First.Loss - p.Second.Loss));
    }

    [Fact]
    public void A_stopped_run_resumes_with_the_same_bits()
    {
        string[] two = MpiRanks.Launcher("mpich", 2);
        gpugrad.RunUnder(two, "train", "c.yaml", "--out", "whole", "--device", "cpu").Done();
        gpugrad.RunUnder(two, "train", "c.yaml", "--out", "parts", "--device", "cpu", "--until", "1").Done();
        gpugrad.RunUnder(two, "resume", "parts", "--until", "2").Done();
        gpugrad.RunUnder(two, "resume", "parts").Done();
        Assert.Equal(File.ReadAllText(gpugrad["whole/metrics.jsonl"]), File.ReadAllText(gpugrad["parts/metrics.jsonl"]));
        Assert.Equal(File.ReadAllBytes(gpugrad["whole/weights.safetensors"]), File.ReadAllBytes(gpugrad["parts/weights.safetensors"]));
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_killed_rank_ends_all_and_the_run_resumes_from_its_checkpoint_on_other_ranks(string mpi)
    {
        string[] launcher = MpiRanks.Launcher(mpi, 2);
        gpugrad.Write("long.yaml", Config.Replace("epochs: 3", "epochs: 400", StringComparison.Ordinal) + "checkpoint: {every: 10}\n");
        using (Process run = gpugrad.StartUnder(launcher, "train", "long.yaml", "--out", "run", "--device", "cpu"))
        {
            Patience.Until(() => Directory.Exists(gpugrad["run/checkpoints"]) && Directory.EnumerateFiles(gpugrad["run/checkpoints"], "*.ckpt").Any(), "a checkpoint");
            Process.GetProcessById(MpiRanks.Below(run.Id).Last()).Kill();
            Patience.UntilEndOf(run);
            Assert.NotEqual(0, run.ExitCode);
        }
        gpugrad.Run("resume", "run", "--set", "train.epochs=4", "--allow-changes").Done();
        (long Step, double Loss)[] all = Losses("run");
        Assert.Equal(Enumerable.Range(1, all.Length).Select(i => (long)i), all.Select(l => l.Step));
    }

    [Theory]
    [InlineData("openmpi", 0)]
    [InlineData("openmpi", 1)]
    [InlineData("mpich", 0)]
    [InlineData("mpich", 1)]
    public void A_hanging_rank_ends_all_with_a_line_and_the_checkpoint_is_intact(string mpi, int stopped)
    {
        string[] launcher = MpiRanks.Launcher(mpi, 2);
        gpugrad.Write("long.yaml", Config.Replace("epochs: 3", "epochs: 400", StringComparison.Ordinal) + "checkpoint: {every: 10}\n");
        using (Process run = gpugrad.StartUnder(launcher, "train", "long.yaml", "--out", "run", "--device", "cpu"))
        {
            Task<string> errors = run.StandardError.ReadToEndAsync();
            Patience.Until(() => Directory.Exists(gpugrad["run/checkpoints"]) && Directory.EnumerateFiles(gpugrad["run/checkpoints"], "*.ckpt").Any(), "a checkpoint");
            int rank = MpiRanks.Of(run.Id, mpi, stopped);
            using (Process kill = Process.Start("kill", $"-STOP {rank}"))
                kill.WaitForExit();
            Patience.UntilEndOf(run);
            Assert.NotEqual(0, run.ExitCode);
            Assert.Single(errors.Result.Split('\n'), l => l.Contains($"rank {stopped} (process {rank}) has not answered for 7 s", StringComparison.Ordinal));
            Patience.Until(() => MpiRanks.IsGone(rank), "the stopped rank ends too");
        }
        gpugrad.Run("resume", "run", "--set", "train.epochs=4", "--allow-changes").Done();
        (long Step, double Loss)[] all = Losses("run");
        Assert.Equal(Enumerable.Range(1, all.Length).Select(i => (long)i), all.Select(l => l.Step));
    }

    [Fact]
    public void One_rank_that_is_asked_to_stop_stops_all_and_rank_0_says_why()
    {
        string[] launcher = MpiRanks.Launcher("mpich", 2);
        gpugrad.Write("long.yaml", Config.Replace("epochs: 3", "epochs: 400", StringComparison.Ordinal) + "checkpoint: {every: 10}\n");
        using Process run = gpugrad.StartUnder(launcher, "train", "long.yaml", "--out", "run", "--device", "cpu");
        Task<string> errors = run.StandardError.ReadToEndAsync();
        Patience.Until(() => Directory.Exists(gpugrad["run/checkpoints"]) && Directory.EnumerateFiles(gpugrad["run/checkpoints"], "*.ckpt").Any(), "a checkpoint");
        int other = MpiRanks.Of(run.Id, "mpich", 1);
        using (Process kill = Process.Start("kill", $"-TERM {other}"))
            kill.WaitForExit();
        Patience.UntilEndOf(run);
        Assert.Contains("as another rank was asked to; resume it with: gpugrad resume run", errors.Result, StringComparison.Ordinal);
        Assert.Equal("stopped", (string)JsonNode.Parse(File.ReadAllText(gpugrad["run/summary.json"]))!["status"]!);
    }

    [Theory]
    [InlineData("openmpi", 2)]
    [InlineData("mpich", 3)]
    public void A_step_is_timed_on_one_rank_and_on_more_and_rank_0_answers(string mpi, int size)
    {
        string[] under = MpiRanks.Launcher(mpi, size);
        gpugrad.Write("net.yaml", "data: {shape: [6], classes: 3, batch: 10}\nmodel: [{dense: 5}, {batchnorm: {sync: true}}, relu, {dense: 3}]\n");
        JsonNode json = gpugrad.RunUnder(under, "bench", "net.yaml", "--ranks", "--seconds", "0.01", "--device", "cpu", "--threads", "1", "--json").Json();
        Assert.Equal(size, (int)json["ranks"]!);
        JsonNode[] rows = [.. json["scaling"]!.AsArray().Select(r => r!)];
        Assert.Equal(size == 2 ? [1, 2] : [1, 2, 3], rows.Select(r => (int)r["ranks"]!));
        Assert.Equal(size == 2 ? [10, 5] : [10, 5, 4], rows.Select(r => (int)r["samples_per_rank"]!));
        double Step(JsonNode row) => (double)row["step_ms"]!["median"]!;
        foreach (JsonNode row in rows.Skip(1))
        {
            Assert.Equal(Step(rows[0]) / ((int)row["ranks"]! * Step(row)), (double)row["efficiency"]!, 1e-9);
            Assert.Equal(((double)row["predicted_ms"]! / Step(row)) - 1, (double)row["error"]!, 1e-9);
            Assert.True((double)row["latency_us"]! >= 0 && (double)row["exposed_ms"]! > 0);
            // The metrics, the gradient with running statistics, and the batch norm's two all-reduces.
            Assert.Equal(4, row["sums_bytes"]!.AsArray().Count);
            Assert.Contains(4 * (112 + 32), row["sums_bytes"]!.AsArray().Select(s => (int)s!));
        }
        Answer refused = gpugrad.RunUnder(under, "bench", "net.yaml", "--ranks", "--set", "data.batch=1", "--device", "cpu");
        Assert.Single((refused.Output + refused.Errors).Split('\n'), l => l.Contains($"a batch of 1 samples for {size} ranks; expected at least one for each", StringComparison.Ordinal));
    }

    [Fact]
    public void An_error_is_reported_once()
    {
        string[] launcher = MpiRanks.Launcher("mpich", 3);
        gpugrad.Write("bad.yaml", Config.Replace("filters: 4", "filters: -4", StringComparison.Ordinal));
        Answer answer = gpugrad.RunUnder(launcher, "train", "bad.yaml", "--out", "run");
        Assert.NotEqual(0, answer.Code);
        Assert.Single((answer.Output + answer.Errors).Split('\n'), l => l.Contains("filters is -4; expected", StringComparison.Ordinal));
        Assert.False(Directory.Exists(gpugrad["run"]));
    }

    private (long Step, double Loss)[] Losses(string run) => [.. File.ReadLines(gpugrad[$"{run}/metrics.jsonl"]).Select(l => JsonNode.Parse(l)!).Where(l => l["loss"] is not null).Select(l => ((long)l["step"]!, (double)l["loss"]!))];
}
