namespace GpuGrad.Cli.Tests;

/// <summary>What only a device that runs kernels shows.</summary>
public sealed class KernelDeviceTests
{
    private const string Config = "data: {dataset: {blobs: {train: 64, test: 32}}, batch: 32}\nmodel: [{dense: 3}]\nloss: softmax-cross-entropy\ntrain: {epochs: 1, optimizer: {sgd: {lr: 0.1}}}\n";

    [Fact]
    public void A_second_training_on_an_opencl_device_compiles_no_kernel_and_is_the_same()
    {
        using var program = new Gpugrad { Cache = "cache" };
        RequireOpenCl(program);
        string config = program.Write("net.yaml", Config);
        string cold = program.Run("train", config, "--device", "opencl:0", "--out", "cold").Done().Output, warm = program.Run("train", config, "--device", "opencl:0", "--out", "warm").Done().Output;
        Assert.Matches("kernels +[0-9]+ compiled; the next start finds them on disk", cold);
        Assert.DoesNotContain("compiled", warm, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(program["cold/metrics.jsonl"]), File.ReadAllText(program["warm/metrics.jsonl"]));
    }

    [Fact]
    public void A_kernel_cache_that_others_may_write_is_named_and_not_used_on_opencl()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows keeps caches in the user's profile.");
        using var program = new Gpugrad { Cache = "cache" };
        RequireOpenCl(program);
        string config = program.Write("net.yaml", Config), kernels = program["cache/kernels"];
        Directory.CreateDirectory(kernels);
        File.SetUnixFileMode(kernels, (UnixFileMode)0x1FF); // 777
        string output = program.Run("train", config, "--device", "opencl:0", "--out", "run").Done().Output;
        Assert.Matches("kernels +[0-9]+ compiled; not cached for the next start: .*chmod go-w", output);
        Assert.Empty(Directory.GetFileSystemEntries(kernels));
    }

    [Fact]
    public void A_summary_counts_the_launches_of_a_step_on_opencl()
    {
        using var program = new Gpugrad { Cache = "cache" };
        RequireOpenCl(program);
        string config = program.Write("net.yaml", "data: {shape: [4], classes: 3, batch: 32}\nmodel: [{dense: 3}]\nloss: softmax-cross-entropy\ntrain: {epochs: 1, optimizer: {sgd: {lr: 0.1}}}\n");
        Assert.InRange((int)program.Run("summary", config, "--device", "opencl:0", "--no-audit", "--json").Json()["launches_per_step"]!, 5, 30);
        Assert.Null(program.Run("summary", config, "--device", "cpu", "--no-audit", "--json").Json()["launches_per_step"]);
    }

    private static void RequireOpenCl(Gpugrad program)
    {
        bool there = program.Run("devices", "--json").Json().AsArray().Any(d => (string?)d!["id"] == "opencl:0");
        Assert.True(there || !(Environment.GetEnvironmentVariable("GPUGRAD_REQUIRE") ?? "").Contains("opencl", StringComparison.Ordinal), "GPUGRAD_REQUIRE asks for opencl, and this machine has no such device.");
        Assert.SkipUnless(there, "No OpenCL device on this machine.");
    }
}
