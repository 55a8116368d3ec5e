namespace GpuGrad.Cli.Tests;

public sealed class WarmStartTests
{
    [SkippableFact]
    public void A_second_training_on_an_opencl_device_compiles_no_kernel_and_is_the_same()
    {
#if ILGPU_PACKAGE
        throw new SkipException("ILGPU compiles its kernels at every start.");
#else
        using var program = new Gpugrad { Cache = "cache" };
        bool there = program.Run("devices", "--json").Json().AsArray().Any(d => (string?)d!["id"] == "opencl:0");
        Assert.True(there || !(Environment.GetEnvironmentVariable("GPUGRAD_REQUIRE") ?? "").Contains("opencl", StringComparison.Ordinal), "GPUGRAD_REQUIRE asks for opencl, and this machine has no such device.");
        Skip.IfNot(there, "No OpenCL device on this machine.");
        string config = program.Write("net.yaml", "data: {dataset: {blobs: {train: 64, test: 32}}, batch: 32}\nmodel: [{dense: 3}]\nloss: softmax-cross-entropy\ntrain: {epochs: 1, optimizer: {sgd: {lr: 0.1}}}\n");
        string cold = program.Run("train", config, "--device", "opencl:0", "--out", "cold").Done().Output, warm = program.Run("train", config, "--device", "opencl:0", "--out", "warm").Done().Output;
        Assert.Matches("kernels +[0-9]+ compiled; the next start finds them on disk", cold);
        Assert.DoesNotContain("compiled", warm, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(program["cold/metrics.jsonl"]), File.ReadAllText(program["warm/metrics.jsonl"]));
#endif
    }
}
