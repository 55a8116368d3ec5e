using System.Text.Json.Nodes;
using GpuGrad.Tests.Support;

namespace GpuGrad.Cli.Tests;

/// <summary>
/// The whole program on a CUDA device without a GPU: the driver library it loads is one whose PTX interpreter runs kernels and CUDA graphs, so on a
/// machine with a GPU nothing but the GPU is different.
/// </summary>
public sealed class CudaTests : IDisposable
{
    private const string Net = """
        data: {dataset: {blobs: {train: 72, test: 32}}, batch: 16}
        model: [{dense: 8}, batchnorm, relu, {dropout: 0.25}, {dense: 3}]
        loss: softmax-cross-entropy
        train: {epochs: 3, optimizer: {sgd: {lr: 0.1, momentum: 0.9}}}
        diagnostics: {every: 3}
        """;

    private readonly Gpugrad gpugrad = new() { FindsGpus = true, Cache = "cache" };

    public CudaTests() => gpugrad.Write("net.yaml", Net);

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Devices_are_listed_and_chosen_ahead_of_all_others()
    {
        JsonArray devices = gpugrad.Run("devices", "--json").Json().AsArray();
        Assert.Equal(["cuda:0", "cuda:1"], devices.Take(2).Select(d => (string?)d!["id"]));
        string text = gpugrad.Run("devices").Done().Output;
        Assert.Matches("cuda:0 +PTX interpreter .sm_80., 8.0 GiB, compute capability 8.0", text);
        Assert.Contains("'auto' chooses cuda:0", text, StringComparison.Ordinal);
        Assert.StartsWith("no device 'cuda:2' on this machine; there are cuda:0, cuda:1,", gpugrad.Run("train", "net.yaml", "--device", "cuda:2").Refused(ExitCode.Device), StringComparison.Ordinal);
    }

    [Fact]
    public void Training_gives_the_figures_of_the_cpu_and_the_same_bits_again()
    {
        string cold = gpugrad.Run("train", "net.yaml", "--out", "cold").Done().Output, warm = gpugrad.Run("train", "net.yaml", "--out", "warm").Done().Output;
        gpugrad.Run("train", "net.yaml", "--out", "cpu", "--device", "cpu").Done();

        Assert.Contains("device     cuda:0", cold, StringComparison.Ordinal);
        Assert.Matches("kernels +[0-9]+ compiled", cold);
        Assert.DoesNotContain("compiled", warm, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(gpugrad["cold/metrics.jsonl"]), File.ReadAllText(gpugrad["warm/metrics.jsonl"]));
        Assert.Equal(3 * 4, Sums("cpu").Count());
        Assert.Equal(Sums("cpu"), Sums("cold"), (a, b) => Math.Abs(a - b) <= 1e-4 * Math.Abs(a));
    }

    [Fact]
    public void A_product_is_timed_beside_cublas_where_it_is_installed()
    {
        string[] bench = ["bench", "--op", "matmul", "--shape", "33x20x17", "--brief", "--seconds", "0.01"];
        Assert.Contains("cuBLAS     not installed", gpugrad.Run(bench).Done().Output, StringComparison.Ordinal);
        gpugrad.Variables["GPUGRAD_TEST_CUBLAS"] = "1";
        Assert.Matches("cuBLAS +[0-9.]+ ms .*times as fast", gpugrad.Run(bench).Done().Output);
        Assert.True((double)gpugrad.Run([.. bench, "--json"]).Json()["cublas_ms"]!["median"]! > 0);
    }

    [Fact]
    public void A_network_is_examined_step_by_step_on_devices_with_tensor_cores_and_without()
    {
        foreach (string device in new[] { "cuda:0", "cuda:1" })
            Assert.Matches("^[1-9][0-9]* passed, 0 failed", gpugrad.Run("doctor", "net.yaml", "--device", device).Done().Output.TrimEnd().Split('\n')[^1]);
    }

    [Fact]
    public void A_resumed_run_has_the_bits_of_an_uninterrupted_one_and_can_be_evaluated()
    {
        gpugrad.Run("train", "net.yaml", "--out", "whole").Done();
        gpugrad.Run("train", "net.yaml", "--out", "parts", "--set", "train.epochs=1").Done();
        gpugrad.Run("resume", "parts", "--set", "train.epochs=3").Done();

        Assert.Equal(File.ReadAllBytes(gpugrad["whole/weights.safetensors"]), File.ReadAllBytes(gpugrad["parts/weights.safetensors"]));
        double loss = (double)gpugrad.Run("eval", "parts", "--json").Json()["loss"]!, onCpu = (double)gpugrad.Run("eval", "parts", "--device", "cpu", "--json").Json()["loss"]!;
        Assert.Equal(onCpu, loss, 1e-5);
    }

    [Fact]
    public void A_non_finite_loss_is_traced_to_its_step()
    {
        Answer answer = gpugrad.Run("train", "net.yaml", "--out", "run", "--set", "train.optimizer.sgd.lr=1e30");
        Assert.Equal(ExitCode.NonFinite, answer.Code);
        Assert.Contains("the first is NaN at [0, 0] of the output [16, 8] of layer 1 (batchnorm), forward pass of step 2", answer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_on_the_device_is_one_line_with_the_figures()
    {
        string model = string.Join(", ", Enumerable.Repeat("{dense: 6000}", 30).Append("{dense: 3}")); // parameters, gradients and momentum of 4 GiB each
        string line = gpugrad.Run("train", "net.yaml", "--set", $"model=[{model}]", "--out", "run").Refused(ExitCode.Memory);
        Assert.Matches("^out of memory: 'training' needs 15[0-9]{3}.[0-9] MiB; cuda:0 has 8192.0 MiB free of 8192.0 MiB. Largest: .*parameters 39[0-9]{2}.[0-9] MiB.* Not even a batch of 1 would fit", line);
        Assert.False(Directory.Exists(gpugrad["run"]));
    }

    [Fact]
    public void A_lost_device_ends_the_run_in_one_line_and_the_run_resumes_from_its_checkpoint()
    {
        gpugrad.Run("train", "net.yaml", "--out", "whole", "--set", "checkpoint.every=2").Done();
        gpugrad.LosesGpusAfter = 150;
        string line = gpugrad.Run("train", "net.yaml", "--out", "run", "--set", "checkpoint.every=2").Refused(ExitCode.Device);
        Assert.Matches("^cuda:0 was lost during .*CUDA_ERROR_LAUNCH_FAILED.*gpugrad resume", line);
        gpugrad.LosesGpusAfter = null;
        gpugrad.Run("resume", "run").Done();
        Assert.Equal(File.ReadAllBytes(gpugrad["whole/weights.safetensors"]), File.ReadAllBytes(gpugrad["run/weights.safetensors"]));
    }

    // Two processes, each with a device of its own.
    [Fact]
    public void Ranks_sum_on_their_devices_where_nccl_is_installed_and_learn_the_same()
    {
        gpugrad.Write("ranks.yaml", "data: {dataset: {blobs: {train: 20, test: 8}}, batch: 10}\nmodel: [{dense: 5}, batchnorm, relu, {dropout: 0.25}, {dense: 3}]\ntrain: {epochs: 1, log-every: 1, optimizer: {sgd: {lr: 0.1}}}\ndiagnostics: 0\n");
        string[] two = MpiRanks.Launcher("mpich", 2);
        Assert.Contains("ranks      2 over MPICH", gpugrad.RunUnder(two, "train", "ranks.yaml", "--out", "mpi").Done().Output, StringComparison.Ordinal);
        gpugrad.Variables["GPUGRAD_TEST_NCCL"] = Directory.CreateDirectory(gpugrad["nccl"]).FullName;
        Assert.Contains("ranks      2 over NCCL 2.21.5 and MPICH", gpugrad.RunUnder(two, "train", "ranks.yaml", "--out", "nccl-run").Done().Output, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFileSystemEntries(gpugrad["nccl"]));
        Assert.Equal(Sums("mpi"), Sums("nccl-run"), (a, b) => Math.Abs(a - b) <= 1e-6 * Math.Abs(a));
    }

    [Fact]
    public void A_step_is_timed() =>
        Assert.Matches("step +[0-9.]+ ms", gpugrad.Run("bench", "net.yaml", "--seconds", "0.2", "--brief").Done().Output);

    // Loss and accuracy of every epoch.
    private IEnumerable<double> Sums(string run) => File.ReadLines(gpugrad[$"{run}/metrics.jsonl"])
        .Select(l => JsonNode.Parse(l)!).Where(n => n["train_loss"] is not null)
        .SelectMany(n => new[] { "train_loss", "train_accuracy", "test_loss", "test_accuracy" }.Select(k => (double)n[k]!));
}
