using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>Answers that are not finite say so.</summary>
public sealed class WorthlessAnswerTests : IDisposable
{
    private const string Config = """
        data: {dataset: {csv: data.csv}, batch: 4, test: 4}
        model: [{dense: {units: 4, init: {constant: 100}}}, {dense: {units: 2, init: {normal: {std: 100}}}}]
        device: cpu
        train: {epochs: 1, optimizer: {sgd: {lr: 0}}}
        diagnostics: {every: 0, init-audit: false}
        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void A_prediction_that_is_not_finite_is_exit_code_4_beside_those_that_are()
    {
        gpugrad.Write("data.csv", "a,b,label\n" + string.Concat(Enumerable.Range(0, 20).Select(i => FormattableString.Invariant($"{i % 7},{i % 5},{(i % 2 == 0 ? "x" : "y")}\n"))));
        gpugrad.Write("test.yaml", Config);
        gpugrad.Run("train", "test.yaml", "--out", "run").Done();
        gpugrad.Write("new.csv", "a,b\n1,2\n3e38,-3e38\n");
        Answer answer = gpugrad.Run("predict", "run", "new.csv");
        Assert.Contains("new.csv:3: the network's output is not finite", answer.Refused(ExitCode.NonFinite), StringComparison.Ordinal);
        Answer json = gpugrad.Run("predict", "run", "new.csv", "--json");
        Assert.Equal(ExitCode.NonFinite, json.Code);
        Assert.Equal(2, JsonNode.Parse(json.Output)!.AsArray().Count);
        gpugrad.Write("new.csv", "a,b\n1,2\n3,4\n");
        Assert.Equal("", gpugrad.Run("predict", "run", "new.csv").Done().Errors);
    }

    [Fact]
    public void An_evaluation_whose_loss_is_not_finite_says_so()
    {
        gpugrad.Write("test.yaml", "data: {dataset: {blobs: {train: 40, test: 20}}, batch: 10}\nmodel: [{dense: {units: 3, init: {constant: 1}}}]\nloss: mse\ndevice: cpu\ntrain: {epochs: 1, optimizer: {sgd: {lr: 0}}}\n");
        gpugrad.Run("train", "test.yaml", "--out", "run").Done();
        byte[] weights = File.ReadAllBytes(gpugrad["run/weights.safetensors"]);
        BitConverter.TryWriteBytes(weights.AsSpan(^4), float.NaN);
        File.WriteAllBytes(gpugrad["nan.safetensors"], weights);
        Answer answer = gpugrad.Run("eval", "nan.safetensors", "--json");
        Assert.Equal("NaN", (string?)JsonNode.Parse(answer.Output)!["loss"]);
        Assert.Contains("the test loss is NaN, not a finite number", answer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Resuming_with_another_SIMD_width_is_reported_and_recorded()
    {
        gpugrad.Write("test.yaml", "data: {dataset: {blobs: {train: 40, test: 20}}, batch: 10}\nmodel: [{dense: 3}]\ndevice: cpu\ntrain: {epochs: 2}\ncheckpoint: {every: 2}\n");
        string name = Kernels.Devices.Cpu.CpuDevice.Describe(1);
        Assert.SkipWhen(!name.Contains("256", StringComparison.Ordinal) && !name.Contains("512", StringComparison.Ordinal) && !name.Contains("AVX", StringComparison.Ordinal), "the narrowest vectors only");
        gpugrad.Run("train", "test.yaml", "--out", "run").Done();
        Assert.Equal("", gpugrad.Run("resume", "run", "--set", "train.epochs=3").Done().Errors.Split('\n').FirstOrDefault(l => l.Contains("continues on", StringComparison.Ordinal)) ?? "");
        gpugrad.Variables["GPUGRAD_SIMD"] = "128";
        Answer answer = gpugrad.Run("resume", "run", "--set", "train.epochs=4").Done();
        Assert.Single(answer.Errors.Split('\n'), l => l.StartsWith("continues on cpu (", StringComparison.Ordinal) && l.Contains("the last bits differ", StringComparison.Ordinal));
        JsonNode resumed = Assert.Single(JsonNode.Parse(File.ReadAllText(gpugrad["run/manifest.json"]))!["resumed"]!.AsArray())!;
        Assert.Equal(12, (int)resumed["step"]!);
        Assert.StartsWith("cpu (", (string)resumed["device"]!, StringComparison.Ordinal);
    }
}
