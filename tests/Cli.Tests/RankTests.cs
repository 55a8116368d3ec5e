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
        gpugrad.Variables["OMPI_ALLOW_RUN_AS_ROOT"] = gpugrad.Variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        // Ranks that wait for others on a busy machine must not spin.
        gpugrad.Variables["OMPI_MCA_mpi_yield_when_idle"] = "1";
    }

    public void Dispose() => gpugrad.Dispose();

    [SkippableTheory]
    [InlineData("openmpi", 3)]
    [InlineData("mpich", 2)]
    public void Ranks_train_as_one_process_and_rank_0_alone_speaks(string mpi, int size)
    {
        string launcher = LauncherOf(mpi);
        gpugrad.Run("train", "c.yaml", "--out", "alone", "--device", "cpu").Done();
        Answer answer = gpugrad.RunUnder([launcher, .. Oversubscribed(mpi), "-n", $"{size}"], "train", "c.yaml", "--out", "ranks", "--device", "cpu").Done();
        Assert.Single(answer.Output.Split('\n'), l => l.StartsWith("network ", StringComparison.Ordinal));
        Assert.Contains($"ranks      {size} over {(mpi == "mpich" ? "MPICH" : "Open MPI")}", answer.Output, StringComparison.Ordinal);
        Assert.Equal(size, (int)JsonNode.Parse(File.ReadAllText(gpugrad["ranks/summary.json"]))!["ranks"]!);
        (long Step, double Loss)[] one = Losses("alone"), several = Losses("ranks");
        Assert.Equal(one.Select(l => l.Step), several.Select(l => l.Step));
        Assert.All(one.Zip(several), p => Assert.Equal(p.First.Loss, p.Second.Loss, 1e-5));
    }

    [SkippableFact]
    public void A_stopped_run_goes_on_with_the_same_bits()
    {
        string launcher = LauncherOf("mpich");
        string[] two = [launcher, "-n", "2"];
        gpugrad.RunUnder(two, "train", "c.yaml", "--out", "whole", "--device", "cpu").Done();
        gpugrad.RunUnder(two, "train", "c.yaml", "--out", "parts", "--device", "cpu", "--until", "1").Done();
        gpugrad.RunUnder(two, "resume", "parts", "--until", "2").Done();
        gpugrad.RunUnder(two, "resume", "parts").Done();
        Assert.Equal(File.ReadAllText(gpugrad["whole/metrics.jsonl"]), File.ReadAllText(gpugrad["parts/metrics.jsonl"]));
        Assert.Equal(File.ReadAllBytes(gpugrad["whole/weights.safetensors"]), File.ReadAllBytes(gpugrad["parts/weights.safetensors"]));
    }

    [SkippableTheory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_killed_rank_ends_all_and_the_run_goes_on_from_its_checkpoint_with_others(string mpi)
    {
        string launcher = LauncherOf(mpi);
        gpugrad.Write("long.yaml", Config.Replace("epochs: 3", "epochs: 400", StringComparison.Ordinal) + "checkpoint: {every: 10}\n");
        using (Process run = gpugrad.StartUnder([launcher, .. Oversubscribed(mpi), "-n", "2"], "train", "long.yaml", "--out", "run", "--device", "cpu"))
        {
            Patience.Until(() => Directory.Exists(gpugrad["run/checkpoints"]) && Directory.EnumerateFiles(gpugrad["run/checkpoints"], "*.ckpt").Any(), "a checkpoint");
            Process.GetProcessById(Ranks(run.Id).Last()).Kill();
            Patience.UntilEndOf(run);
            Assert.NotEqual(0, run.ExitCode);
        }
        gpugrad.Run("resume", "run", "--set", "train.epochs=4", "--allow-changes").Done();
        (long Step, double Loss)[] all = Losses("run");
        Assert.Equal(Enumerable.Range(1, all.Length).Select(i => (long)i), all.Select(l => l.Step));
    }

    [SkippableTheory]
    [InlineData("openmpi", 0)]
    [InlineData("openmpi", 1)]
    [InlineData("mpich", 0)]
    [InlineData("mpich", 1)]
    public void A_rank_that_stands_still_ends_all_with_a_line_and_the_checkpoint_is_whole(string mpi, int stopped)
    {
        string launcher = LauncherOf(mpi);
        gpugrad.Write("long.yaml", Config.Replace("epochs: 3", "epochs: 400", StringComparison.Ordinal) + "checkpoint: {every: 10}\n");
        using (Process run = gpugrad.StartUnder([launcher, .. Oversubscribed(mpi), "-n", "2"], "train", "long.yaml", "--out", "run", "--device", "cpu"))
        {
            Task<string> errors = run.StandardError.ReadToEndAsync();
            Patience.Until(() => Directory.Exists(gpugrad["run/checkpoints"]) && Directory.EnumerateFiles(gpugrad["run/checkpoints"], "*.ckpt").Any(), "a checkpoint");
            int rank = Ranks(run.Id).First(r => Text($"/proc/{r}/environ").Split('\0').Contains($"{(mpi == "mpich" ? "PMI_RANK" : "OMPI_COMM_WORLD_RANK")}={stopped}"));
            using (Process kill = Process.Start("kill", $"-STOP {rank}"))
                kill.WaitForExit();
            Patience.UntilEndOf(run);
            Assert.NotEqual(0, run.ExitCode);
            Assert.Single(errors.Result.Split('\n'), l => l.Contains($"rank {stopped} (process {rank}) has not answered for 7 s", StringComparison.Ordinal));
            Patience.Until(() => Text($"/proc/{rank}/comm") == "" || Text($"/proc/{rank}/stat").Contains(") Z", StringComparison.Ordinal), "the rank that stood still is ended too");
        }
        gpugrad.Run("resume", "run", "--set", "train.epochs=4", "--allow-changes").Done();
        (long Step, double Loss)[] all = Losses("run");
        Assert.Equal(Enumerable.Range(1, all.Length).Select(i => (long)i), all.Select(l => l.Step));
    }

    [SkippableFact]
    public void One_rank_that_is_asked_to_stop_stops_all_and_rank_0_says_why()
    {
        string launcher = LauncherOf("mpich");
        gpugrad.Write("long.yaml", Config.Replace("epochs: 3", "epochs: 400", StringComparison.Ordinal) + "checkpoint: {every: 10}\n");
        using Process run = gpugrad.StartUnder([launcher, "-n", "2"], "train", "long.yaml", "--out", "run", "--device", "cpu");
        Task<string> errors = run.StandardError.ReadToEndAsync();
        Patience.Until(() => Directory.Exists(gpugrad["run/checkpoints"]) && Directory.EnumerateFiles(gpugrad["run/checkpoints"], "*.ckpt").Any(), "a checkpoint");
        int other = Ranks(run.Id).First(r => Text($"/proc/{r}/environ").Split('\0').Contains("PMI_RANK=1"));
        using (Process kill = Process.Start("kill", $"-TERM {other}"))
            kill.WaitForExit();
        Patience.UntilEndOf(run);
        Assert.Contains("as another rank was asked to; go on with: gpugrad resume run", errors.Result, StringComparison.Ordinal);
        Assert.Equal("stopped", (string)JsonNode.Parse(File.ReadAllText(gpugrad["run/summary.json"]))!["status"]!);
    }

    [SkippableFact]
    public void What_is_wrong_is_said_once()
    {
        string launcher = LauncherOf("mpich");
        gpugrad.Write("bad.yaml", Config.Replace("filters: 4", "filters: -4", StringComparison.Ordinal));
        Answer answer = gpugrad.RunUnder([launcher, "-n", "3"], "train", "bad.yaml", "--out", "run");
        Assert.NotEqual(0, answer.Code);
        Assert.Single((answer.Output + answer.Errors).Split('\n'), l => l.Contains("filters is -4; expected", StringComparison.Ordinal));
        Assert.False(Directory.Exists(gpugrad["run"]));
    }

    private static string[] Oversubscribed(string mpi) => mpi == "openmpi" ? ["--oversubscribe"] : [];

    private static string LauncherOf(string mpi)
    {
        string path = $"/usr/bin/mpirun.{mpi}";
        bool required = Environment.GetEnvironmentVariable(Switches.Require)?.Split(',').Contains("mpi") == true;
        Skip.IfNot(required || File.Exists(path), $"no {path} (Debian: {(mpi == "mpich" ? "mpich" : "openmpi-bin")})");
        return path;
    }

    // The processes of gpugrad below a launcher.
    private static int[] Ranks(int launcher)
    {
        int[] Below(int parent) => [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!, System.Globalization.CultureInfo.InvariantCulture)).Where(p => ParentOf(p) == parent)];
        var found = new List<int>();
        var next = new Queue<int>([launcher]);
        while (next.TryDequeue(out int parent))
        {
            foreach (int child in Below(parent))
            {
                next.Enqueue(child);
                if (Text($"/proc/{child}/cmdline").Contains("gpugrad.dll", StringComparison.Ordinal) && Text($"/proc/{child}/comm").StartsWith("dotnet", StringComparison.Ordinal))
                    found.Add(child);
            }
        }
        return [.. found];
    }

    private static int ParentOf(int process) =>
        Text($"/proc/{process}/status").Split('\n').FirstOrDefault(l => l.StartsWith("PPid:", StringComparison.Ordinal)) is string line ? int.Parse(line[5..], System.Globalization.CultureInfo.InvariantCulture) : 0;

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it has ended
        }
    }

    private (long Step, double Loss)[] Losses(string run) => [.. File.ReadLines(gpugrad[$"{run}/metrics.jsonl"]).Select(l => JsonNode.Parse(l)!).Where(l => l["loss"] is not null).Select(l => ((long)l["step"]!, (double)l["loss"]!))];
}
