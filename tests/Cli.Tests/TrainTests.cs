using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GpuGrad.Training.Exchange;

namespace GpuGrad.Cli.Tests;

/// <summary>What <c>train</c> prints and leaves behind.</summary>
public sealed class TrainTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private readonly Gpugrad gpugrad = trained.Program;

    [Fact]
    public void Where_nobody_looks_on_an_epoch_is_a_plain_line()
    {
        Assert.DoesNotContain('\r', trained.Answer.Output);
        Assert.DoesNotContain('\u001b', trained.Answer.Output);
        // Where an epoch takes longer than ten seconds there is a line in between.
        string[] lines = [.. trained.Answer.Output.Split('\n').Where(l => !Regex.IsMatch(l, "^epoch [0-9]"))];
        Assert.StartsWith("device     cpu", lines[0], StringComparison.Ordinal);
        Assert.Contains("600 train, 100 test, each [1, 28, 28]", lines[1], StringComparison.Ordinal);
        int head = Array.FindIndex(lines, l => l.StartsWith("epoch  train loss  train acc  test loss  test acc", StringComparison.Ordinal));
        Assert.True(head > 0, trained.Answer.Output);
        Assert.StartsWith("    1 ", lines[head + 1], StringComparison.Ordinal);
        Assert.StartsWith("    2 ", lines[head + 2], StringComparison.Ordinal);
        Assert.Contains("test accuracy", trained.Answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_folder_holds_config_manifest_metrics_summary_checkpoints_and_weights()
    {
        foreach (string file in new[] { "config.yaml", "manifest.json", "metrics.jsonl", "summary.json", "weights.safetensors" })
            Assert.True(File.Exists(Path.Combine(trained.Run, file)), file);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(trained.Run, "checkpoints")));
        JsonNode summary = JsonNode.Parse(File.ReadAllText(Path.Combine(trained.Run, "summary.json")))!;
        Assert.Equal("finished", (string?)summary["status"]);
        Assert.Equal("cpu", (string?)summary["device"]);
        Assert.Equal(TrainedRun.Epochs, (int)summary["epochs"]!);
        Assert.Equal(TrainedRun.Steps, (int)summary["steps"]!);
        foreach (string figure in new[] { "train_loss", "test_loss", "test_accuracy", "samples_per_second", "wall_seconds" })
            Assert.True((double)summary[figure]! > 0, figure);
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(trained.Run, "manifest.json")))!;
        Assert.Equal("cpu", (string?)manifest["device"]);
        Assert.Equal(1, (int)manifest["seed"]!);
        Assert.Equal(64, ((string)manifest["data_fingerprint"]!).Length);
    }

    [Fact]
    public void Metrics_are_one_json_value_a_line_and_the_last_is_the_summary()
    {
        JsonNode[] lines = [.. File.ReadLines(Path.Combine(trained.Run, "metrics.jsonl")).Select(l => JsonNode.Parse(l)!)];
        Assert.Contains(lines, l => (int?)l["epoch"] == 1);
        JsonNode summary = JsonNode.Parse(File.ReadAllText(Path.Combine(trained.Run, "summary.json")))!;
        Assert.Equal((double)summary["test_accuracy"]!, (double)lines[^1]["test_accuracy"]!);
        Assert.Equal(TrainedRun.Steps, (int)lines[^1]["step"]!);
    }

    [Fact]
    public void The_config_of_a_run_trains_the_same_network_again()
    {
        JsonNode again = gpugrad.Run("train", Path.Combine(trained.Run, "config.yaml"), "--out", "again", "--json").Json();
        Assert.Equal("finished", (string?)again["status"]);
        Assert.Equal(File.ReadAllText(Path.Combine(trained.Run, "metrics.jsonl")), File.ReadAllText(gpugrad["again/metrics.jsonl"]));
        Assert.Equal(Weights("run"), Weights("again"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_same_seed_gives_the_same_bits_with_any_number_of_threads(int threads)
    {
        string run = $"threads-{threads}";
        gpugrad.Run(TrainedRun.Arguments(run, "--threads", $"{threads}")).Done();
        Assert.Equal(File.ReadAllText(Path.Combine(trained.Run, "metrics.jsonl")), File.ReadAllText(gpugrad[$"{run}/metrics.jsonl"]));
        Assert.Equal(Weights("run"), Weights(run));
    }

    [Fact]
    public void Another_seed_gives_other_weights()
    {
        gpugrad.Run(TrainedRun.Arguments("other", "--set", "seed=2")).Done();
        Assert.NotEqual(Weights("run"), Weights("other"));
    }

    [Fact]
    public void Without_out_the_run_lies_in_runs_under_its_name()
    {
        using var elsewhere = new Gpugrad();
        string[] arguments = [.. TrainedRun.Arguments("-").Where((_, i) => i is not (2 or 3)), "--set", "name=short", "--set", "train.epochs=1"];
        elsewhere.Run(arguments).Done();
        string run = Assert.Single(Directory.GetDirectories(elsewhere["runs"]));
        Assert.EndsWith("_short", run, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missed_target_is_exit_code_7_and_a_line()
    {
        Answer answer = gpugrad.Run(TrainedRun.Arguments("missed", "--set", "target={test-accuracy: 1.0, train-loss: 1e-9}", "--set", "train.epochs=1", "--json"));
        Assert.Equal(ExitCode.TargetMissed, answer.Code);
        Assert.Contains("target missed: test accuracy", answer.Errors, StringComparison.Ordinal);
        Assert.Contains("target missed: train loss", answer.Errors, StringComparison.Ordinal);
        Assert.Equal("finished", (string?)JsonNode.Parse(answer.Output)!["status"]);
    }

    [Fact]
    public void A_folder_that_holds_a_run_is_not_written_over()
    {
        string line = gpugrad.Run(TrainedRun.Arguments("run")).Refused(ExitCode.Usage);
        Assert.StartsWith("run: already holds a run; continue it with 'gpugrad resume run'", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Resuming_a_finished_run_leaves_it_as_it_is()
    {
        gpugrad.Run(TrainedRun.Arguments("done", "--set", "train.epochs=1")).Done();
        byte[] weights = File.ReadAllBytes(gpugrad["done/weights.safetensors"]);
        Assert.Equal(1, (int)gpugrad.Run("resume", "done", "--json").Json()["epochs"]!);
        Assert.Equal(weights, File.ReadAllBytes(gpugrad["done/weights.safetensors"]));
        Assert.Contains("train.optimizer.adam.lr: 0.002 -> 0.1", gpugrad.Run("resume", "done", "--set", "train.optimizer.adam.lr=0.1").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Equal(2, (int)gpugrad.Run("resume", "done", "--set", "train.epochs=2", "--allow-changes", "--json").Json()["epochs"]!);
    }

    // The bits of every tensor; the metadata beside them names folders and threads.
    private IEnumerable<(string Name, int Bits)> Weights(string run)
    {
        using SafetensorsFile file = SafetensorsFile.Open(gpugrad[$"{run}/weights.safetensors"]);
        return [.. file.Tensors.SelectMany(t => file.ReadFloats(t).Select(v => (t.Name, BitConverter.SingleToInt32Bits(v))))];
    }
}
