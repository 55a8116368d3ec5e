using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>A network trained on much goes on with little: loaded by name, with a new head, early layers frozen.</summary>
public sealed class FineTuningTests : IDisposable
{
    private const string Net = """
        - conv: {filters: 8, kernel: 3, padding: same, name: conv1}
        - batchnorm: {name: bn1}
        - relu
        - maxpool: 2
        - conv: {filters: 16, kernel: 3, padding: same, name: conv2}
        - batchnorm: {name: bn2}
        - relu
        - maxpool: 2
        - flatten
        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Fine_tuning_beats_training_from_scratch_at_one_per_cent_of_the_samples()
    {
        Write("before.yaml", "{digits: {train: 2000, test: 100}}", "- dense: {units: 10, name: head}", "", "epochs: 2, optimizer: {adam: {lr: 0.003}}");
        gpugrad.Run("train", "before.yaml", "--out", "before").Done();
        // 20 samples, other numbers of the same kind, a head of another width.
        Write("after.yaml", "{digits: {train: 20, test: 500, seed: 77}}", "- dense: {units: 32, name: wide}\n- relu\n- dense: {units: 10, name: head}", "freeze: [conv1, bn1, conv2, bn2]", "epochs: 30, optimizer: {adam: {lr: 0.003}}");
        JsonNode tuned = gpugrad.Run("train", "after.yaml", "--weights", "before", "--out", "tuned", "--json").Json();
        JsonNode scratch = gpugrad.Run("train", "after.yaml", "--set", "freeze=null", "--out", "scratch", "--json").Json();
        Assert.True((double)tuned["test_accuracy"]! > (double)scratch["test_accuracy"]! + 0.05, $"{tuned["test_accuracy"]} tuned, {scratch["test_accuracy"]} from scratch");
        JsonNode from = tuned["init_from"]!;
        Assert.Equal(gpugrad["before/weights.safetensors"], (string)from["file"]!);
        Assert.Equal(13, from["loaded"]!.AsArray().Count);
        Assert.Equal(["wide.weight: not in the file", "wide.bias: not in the file", "head.weight: has shape [10, 784] in the file"], from["left"]!.AsArray().Select(l => $"{l!["name"]}: {l["why"]}").ToArray()[..3]);
        Assert.Null(scratch["init_from"]);
    }

    [Fact]
    public void A_resumed_run_has_the_weights_of_an_uninterrupted_one_and_no_longer_needs_the_file()
    {
        Write("c.yaml", "{digits: {train: 100, test: 20}}", "- dense: {units: 10, name: head}", "", "epochs: 1, optimizer: {adam: {lr: 0.003}}");
        gpugrad.Run("train", "c.yaml", "--out", "first").Done();
        Write("f.yaml", "{digits: {train: 100, test: 20, seed: 5}}", "- dense: {units: 10, name: head}", "freeze: [conv1, bn1]\ninit-from: first", "epochs: 4, lr-decay: 0.7, ema: 0.9, optimizer: {adam: {lr: 0.003}}");
        gpugrad.Run("train", "f.yaml", "--out", "whole", "--set", "data.sampling=balanced").Done();
        gpugrad.Run("train", "f.yaml", "--out", "parts", "--set", "data.sampling=balanced", "--set", "train.epochs=2").Done();
        Directory.Delete(gpugrad["first"], recursive: true);
        JsonNode resumed = gpugrad.Run("resume", "parts", "--set", "train.epochs=4", "--json").Json();
        // The config in the metadata is another only in what it says of epochs.
        Assert.Equal(Tensors("whole"), Tensors("parts"));
        Assert.Equal(File.ReadAllLines(gpugrad["whole/metrics.jsonl"]).Last(), File.ReadAllLines(gpugrad["parts/metrics.jsonl"]).Last());
        Assert.Equal(14, resumed["init_from"]!["loaded"]!.AsArray().Count);
    }

    [Fact]
    public void The_terminal_says_what_was_loaded_and_what_was_left_and_why()
    {
        Write("c.yaml", "{digits: {train: 60, test: 20}}", "- dense: {units: 10, name: head}", "", "epochs: 1");
        gpugrad.Run("train", "c.yaml", "--out", "first").Done();
        Answer answer = gpugrad.Run("train", "c.yaml", "--weights", "first/weights.safetensors", "--set", "freeze=[conv1]", "--set", "model.9.dense.name=other", "--out", "second").Done();
        Assert.Contains("12 of 14 parameters and running statistics from", answer.Output, StringComparison.Ordinal);
        Assert.Matches("other.weight +\\[10, 784\\] +not in the file", answer.Output);
        Assert.Matches("head.weight +\\[10, 784\\] +the network has no such parameter", answer.Output);
        Assert.Matches("bn2.running_var +\\[16\\] +loaded", answer.Output);
        Assert.Contains(" of them trained", answer.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing.safetensors", 3, "nothing.safetensors: cannot be read:")]
    [InlineData("c.yaml", 3, "not a safetensors file")]
    [InlineData("model.pt", 3, "expected a .safetensors file; from PyTorch")]
    public void An_invalid_weights_file_is_refused_before_any_data_are_read(string file, int code, string message)
    {
        Write("c.yaml", "{npz: nowhere.npz}", "- dense: {units: 10, name: head}", "", "epochs: 1");
        gpugrad.Write("model.pt", "PK");
        Assert.Contains(message, gpugrad.Run("train", "c.yaml", "--weights", file).Refused(code), StringComparison.Ordinal);
    }

    private byte[] Tensors(string run)
    {
        byte[] file = File.ReadAllBytes(gpugrad[$"{run}/weights.safetensors"]);
        return file[(8 + (int)BitConverter.ToInt64(file))..];
    }

    private void Write(string name, string dataset, string head, string more, string train) => gpugrad.Write(name, $$"""
        seed: 3
        device: cpu
        threads: 1
        data: {dataset: {{dataset}}, batch: 20}
        {{more}}
        model:
        {{Net}}
        {{head}}
        train: { {{train}} }
        """);
}
