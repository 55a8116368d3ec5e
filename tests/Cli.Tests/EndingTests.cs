using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Tests.Support;

namespace GpuGrad.Cli.Tests;

/// <summary>Runs that end early: a non-finite loss, too little memory, a signal.</summary>
public sealed class EndingTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void A_non_finite_loss_is_exit_code_4()
    {
        Answer answer = gpugrad.Run("train", Path.Combine(Gpugrad.Configs, "spirals.yaml"), "--out", "run", "--device", "cpu", "--set", "train.optimizer={sgd: {lr: 1e38}}", "--set", "model.1=relu", "--set", "model.3=relu");
        Assert.Equal(ExitCode.NonFinite, answer.Code);
        Assert.DoesNotContain("   at ", answer.Errors, StringComparison.Ordinal);
        Assert.Equal("non-finite", (string?)JsonNode.Parse(File.ReadAllText(gpugrad["run/summary.json"]))!["status"]);
    }

    [Fact]
    public void The_black_box_finds_a_number_of_an_accumulated_batch_that_was_not_the_steps_last()
    {
        gpugrad.Write("big.csv", "a,b,label\n1,2,x\n3e38,-3e38,x\n" + string.Concat(Enumerable.Range(0, 38).Select(i => FormattableString.Invariant($"{i % 7},{i % 5},{(i % 2 == 0 ? "x" : "y")}\n"))));
        gpugrad.Write("big.yaml", "data: {dataset: {csv: big.csv}, batch: 10, shuffle: false, normalize: none}\nmodel: [{dense: {units: 4, init: {constant: 3}}}, relu, {dense: 2}]\ndevice: cpu\ntrain: {epochs: 1, accumulate: 4, optimizer: {sgd: {lr: 0.0001}}}\n");
        Answer answer = gpugrad.Run("train", "big.yaml", "--out", "run");
        Assert.Equal(ExitCode.NonFinite, answer.Code);
        Assert.Contains("the loss is NaN at step 1 (epoch 1); the first is Infinity at [1, 0] of the output [10, 4] of layer 0 (dense), forward pass of step 1", answer.Errors, StringComparison.Ordinal);
        Assert.Contains("The data hold numbers so large that float32 cannot hold what is computed from them. Try: --set data.normalize=standard;", answer.Errors, StringComparison.Ordinal);
        Assert.Contains("for sample 1 of the training data", gpugrad.Run("replay", Path.Combine("run", "nonfinite-step-1")).Output, StringComparison.Ordinal);
    }

    // None of these may try to allocate memory, for some machine might have it.
    [Theory]
    [InlineData("[{conv: {filters: 300000, kernel: 1}}, flatten, {dense: 3}]", "large.yaml:2:47: flatten: a tensor of shape [300000, 300, 300] has more than 2147483647 numbers")]
    [InlineData("[{conv: {filters: 300000, kernel: 1}}, global-avgpool, {dense: 3}]", "out of memory: 'training' needs 82402")]
    [InlineData("[flatten, {dense: 40000}, {dense: 40000}, {dense: 3}]", "the network has 12400200003 parameters, at most 2147483647 can be trained")]
    public void A_network_too_large_for_the_machine_is_one_line_and_exit_code_5(string model, string expected)
    {
        gpugrad.Write("large.yaml", $"data: {{dataset: {{random: {{shape: [3, 300, 300], classes: 3, train: 8, test: 8}}}}}}\nmodel: {model}\nloss: softmax-cross-entropy\ndevice: cpu\n");
        Assert.StartsWith(expected, gpugrad.Run("train", "large.yaml", "--out", "run").Refused(ExitCode.Memory), StringComparison.Ordinal);
        // Else the same command with a smaller model would be refused because the folder exists.
        Assert.False(Directory.Exists(gpugrad["run"]));
    }

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    public void A_signal_while_data_are_loaded_ends_the_process_before_anything_is_begun(string signal, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no signals");
        // Drawing these samples takes minutes: a program that noticed the signal only afterwards would report a run that had started.
        gpugrad.Write("slow.yaml", "data: {dataset: {digits: {train: 400000, test: 10}}}\nmodel: [flatten, {dense: 10}]\ndevice: cpu\n");
        using Process process = gpugrad.Start("train", "slow.yaml", "--out", "run");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Assert.StartsWith("device ", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
        using (var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        process.StandardOutput.ReadToEnd();
        Patience.UntilEndOf(process);
        Assert.True(process.ExitCode == code, $"ended with {process.ExitCode}: {errors.Result}");
        Assert.Contains($"SIG{signal}: stopped while loading; nothing was started", errors.Result, StringComparison.Ordinal);
        Assert.False(Directory.Exists(gpugrad["run"]));
    }

    [Fact]
    public void Ctrl_c_leaves_a_checkpoint_that_resumes_to_the_same_bits()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no signals");
        // It does not end by itself, however late the signal comes.
        using Process process = gpugrad.Start(TrainedRun.Arguments("parts", "--set", "train.schedule=constant", "--set", "train.epochs=1000000"));
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string? line;
        do
            line = process.StandardOutput.ReadLine();
        while (line is not null && !line.StartsWith("    2 ", StringComparison.Ordinal));
        using (var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        process.StandardOutput.ReadToEnd();
        Patience.UntilEndOf(process);
        Assert.True(process.ExitCode == 130, $"ended with {process.ExitCode}: {errors.Result}");
        Assert.Contains("resume it with: gpugrad resume parts", errors.Result, StringComparison.Ordinal);
        JsonNode summary = JsonNode.Parse(File.ReadAllText(gpugrad["parts/summary.json"]))!;
        Assert.Equal("stopped", (string?)summary["status"]);

        string end = FormattableString.Invariant($"train.epochs={(int)summary["epochs"]! + 2}");
        Assert.Equal("finished", (string?)gpugrad.Run("resume", "parts", "--set", end, "--allow-changes", "--json").Json()["status"]);
        gpugrad.Run(TrainedRun.Arguments("whole", "--set", "train.schedule=constant", "--set", end)).Done();

        Assert.Equal(File.ReadAllText(gpugrad["whole/metrics.jsonl"]), File.ReadAllText(gpugrad["parts/metrics.jsonl"]));
    }
}
