using System.Text.Json.Nodes;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Cli.Tests;

/// <summary>Exported weights load by name into the equivalent <c>torch.nn.Sequential</c>, whose outputs are those of <c>predict</c>.</summary>
public sealed class PyTorchExchangeTests : IDisposable
{
    private const string Everything = """
        data: {dataset: {random: {shape: [3, 12, 11], classes: 4, train: 120, test: 24}}, batch: 16}
        model:
          - conv: {filters: 8, kernel: 3, padding: [0, 1, 2, 1], stride: [1, 2]}
          - batchnorm
          - relu
          - residual: {layers: [{conv: {filters: 8, kernel: 3, padding: same, groups: 2}}, batchnorm: {momentum: 0.3}], shortcut: [{conv: {filters: 8, kernel: 1}}]}
          - conv-transpose: {filters: 6, kernel: 3, stride: 2, padding: 1, output-padding: 1, name: up}
          - gelu
          - branch: [[{conv: {filters: 4, kernel: 1}}], [groupnorm: 3, {conv: {filters: 2, kernel: 3, padding: same}}]]
          - repeat: {times: 2, layers: [{conv: {filters: 6, kernel: 3, padding: same, dilation: 2}}, silu]}
          - maxpool: 2
          - flatten
          - layernorm
          - dropout: 0.2
          - dense: {units: 9, bias: false, name: head}
          - tanh
          - dense: 4
        loss: softmax-cross-entropy
        train: {epochs: 2, optimizer: {adam: {lr: 0.003}}}
        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Weights_of_digits_give_the_same_outputs_in_pytorch()
    {
        Python.RequireTorch();
        using var trained = new TrainedRun();
        var random = new Random(1);
        NpzWriter.Save(trained.Program["x.npz"], npz => npz.Add("x", [5, 1, 28, 28], [.. Enumerable.Range(0, 5 * 784).Select(_ => (byte)random.Next(256))]));
        RequireSameOutputs(trained.Program, "x.npz");
    }

    [Fact]
    public void Weights_of_a_network_of_many_layers_give_the_same_outputs_in_pytorch()
    {
        Python.RequireTorch();
        gpugrad.Write("net.yaml", Everything);
        gpugrad.Run("train", "net.yaml", "--out", "run", "--device", "cpu").Done();
        var random = new Random(2);
        NpzWriter.Save(gpugrad["x.npz"], npz => npz.Add("x", [7, 3, 12, 11], [.. Enumerable.Range(0, 7 * 3 * 12 * 11).Select(_ => (float)random.NextDouble())]));
        RequireSameOutputs(gpugrad, "x.npz");
    }

    private static void RequireSameOutputs(Gpugrad gpugrad, string input)
    {
        gpugrad.Run("export", "run", "--out", "exported.safetensors").Done();
        gpugrad.Write("config.json", gpugrad.Run("config", "run/config.yaml", "--json").Done().Output);
        JsonArray expected = JsonNode.Parse(Python.Oracle("exported.py", gpugrad["config.json"], gpugrad["exported.safetensors"], gpugrad[input]))!.AsArray();
        JsonArray found = gpugrad.Run("predict", "exported.safetensors", input, "--json").Json().AsArray();
        Assert.Equal(expected.Count, found.Count);
        for (int i = 0; i < found.Count; i++)
            Assert.Null(Tolerance.Forward.Explain($"sample {i}", Numbers(expected[i]!), Numbers(found[i]!["probabilities"]!)));
    }

    private static double[] Numbers(JsonNode list) => [.. list.AsArray().Select(v => (double)v!)];
}
