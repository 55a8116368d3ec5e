using System.Globalization;
using System.Text;
using System.Text.Json;
using GpuGrad.Tests.Support;

namespace GpuGrad.Torture.Tests;

/// <summary>The memory that a run is checked for before its first step is the memory that it takes.</summary>
public sealed class PeakMemoryTests : IDisposable
{
    private const double Allowed = 1.15;
    private const int MiB = 1 << 20;

    // Dense and convolutional, wide and deep, with much and with little besides weights.
    private static readonly (string Name, string Shape, int Samples, int Batch, string Model)[] Networks =
    [
        ("wide", "[1000]", 256, 64, "[{dense: 8000}, relu, {dense: 1000}, relu, {dense: 10}]"),
        ("convolutions", "[3, 64, 64]", 96, 32, "[{conv: {filters: 64, kernel: 3, padding: same}}, batchnorm, relu, {conv: {filters: 64, kernel: 3, padding: same}}, batchnorm, relu, {maxpool: 2}, flatten, {dense: 10}]"),
        ("widest", "[1000]", 256, 64, "[{dense: 20000}, relu, {dense: 1000}, relu, {dense: 10}]"),
        ("small", "[10]", 256, 32, "[{dense: 16}, tanh, {dense: 10}]"),
        ("mlp", "[784]", 2000, 128, "[{dense: 512}, relu, {dense: 256}, relu, {dense: 10}]"),
        ("deep", "[256]", 512, 128, "[{dense: 1024}, relu, {dense: 1024}, relu, {dense: 1024}, relu, {dense: 1024}, relu, {dense: 1024}, relu, {dense: 10}]"),
        ("lenet", "[1, 28, 28]", 2000, 128, "[{conv: {filters: 6, kernel: 5, padding: same}}, relu, {maxpool: 2}, {conv: {filters: 16, kernel: 5}}, relu, {maxpool: 2}, flatten, {dense: 120}, relu, {dense: 10}]"),
        ("many samples", "[3, 32, 32]", 20000, 256, "[{conv: {filters: 4, kernel: 3, stride: 4}}, relu, flatten, {dense: 10}]"),
        ("depthwise", "[3, 32, 32]", 128, 64, "[{conv: {filters: 32, kernel: 3, padding: same}}, batchnorm, relu, {conv: {filters: 32, kernel: 3, padding: same, groups: 32}}, batchnorm, relu, {conv: {filters: 64, kernel: 1}}, relu, flatten, {dense: 10}]"),
        ("strided", "[3, 64, 64]", 128, 32, "[{conv: {filters: 32, kernel: 5, stride: 2}}, relu, {conv: {filters: 64, kernel: 3, stride: 2}}, relu, flatten, {dense: 10}]"),
        ("residual", "[3, 32, 32]", 128, 64, "[{conv: {filters: 32, kernel: 3, padding: same}}, {residual: [{conv: {filters: 32, kernel: 3, padding: same}}, batchnorm, relu, {conv: {filters: 32, kernel: 3, padding: same}}, batchnorm]}, relu, flatten, {dense: 10}]"),
        ("one by one", "[64, 16, 16]", 128, 64, "[{conv: {filters: 128, kernel: 1}}, relu, {conv: {filters: 64, kernel: 1}}, relu, flatten, {dense: 10}]"),
        ("wide filters", "[3, 48, 48]", 64, 32, "[{conv: {filters: 16, kernel: 11, padding: same}}, relu, {maxpool: 4}, flatten, {dense: 10}]"),
        ("layer norms", "[512]", 512, 64, "[{dense: 2048}, layernorm, gelu, {dense: 2048}, layernorm, gelu, {dense: 10}]"),
        ("dropout", "[784]", 1000, 100, "[{dense: 3000}, relu, {dropout: 0.5}, {dense: 3000}, relu, {dropout: 0.5}, {dense: 10}]"),
        ("average pools", "[3, 64, 64]", 128, 32, "[{conv: {filters: 32, kernel: 3, padding: same}}, tanh, {avgpool: 2}, {conv: {filters: 32, kernel: 3, padding: same}}, tanh, {avgpool: 2}, flatten, {dense: 10}]"),
        ("large batch", "[100]", 20000, 5000, "[{dense: 256}, relu, {dense: 256}, relu, {dense: 10}]"),
        ("batch of one", "[3, 32, 32]", 40, 1, "[{conv: {filters: 64, kernel: 3, padding: same}}, relu, {conv: {filters: 64, kernel: 3, padding: same}}, relu, flatten, {dense: 10}]"),
        ("no hidden layer", "[20000]", 500, 50, "[{dense: 10}]"),
        ("one output", "[5000]", 128, 128, "[{dense: 4000}, relu, {dense: 10}]"),
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-peak-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_most_that_a_run_holds_is_what_was_counted_before_its_first_step()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        var table = new StringBuilder("network, optimizer, device: expected MiB, peak MiB\n");
        double worst = 0;
        int runs = 0;
        foreach ((string name, string shape, int samples, int batch, string model) in Networks.Take(Effort.Count(2, Networks.Length)))
        {
            foreach (string optimizer in Effort.IsLong ? new[] { "sgd", "adam" } : ["adam"])
            {
                // The reference's plain loops take too long for the larger ones.
                foreach (string device in Effort.IsLong && name is "small" or "mlp" or "lenet" or "one output" ? new[] { "cpu", "reference" } : ["cpu"])
                {
                    (long expected, long peak) = Memory(Config(shape, samples, batch, model, optimizer), device);
                    table.AppendLine(CultureInfo.InvariantCulture, $"{name}, {optimizer}, {device}: {expected / MiB}, {peak / MiB}");
                    Assert.True(peak <= Allowed * expected, $"more than {Allowed} times what was counted: {table}");
                    worst = Math.Max(worst, (double)peak / expected);
                    runs++;
                }
            }
        }
        Effort.Report("memory", $"{runs} runs, at most {worst:F2} times the memory that was counted before the first step\n{table}");
    }

    // The first run of a network compiles its kernels: what the driver's compiler takes (PoCL's is LLVM) nobody is told beforehand.
    [Fact]
    public void The_most_that_a_run_on_opencl_holds_is_what_was_counted_once_its_kernels_are_compiled()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        TestDevice.Open("opencl:0").Dispose();
        var environment = new Dictionary<string, string> { ["GPUGRAD_CACHE"] = Path.Combine(folder, "kernels"), ["POCL_CACHE_DIR"] = Directory.CreateDirectory(Path.Combine(folder, "pocl")).FullName };
        var table = new StringBuilder("network, optimizer: expected MiB, peak MiB, peak of the run that compiled MiB\n");
        double worst = 0;
        foreach (string name in Effort.IsLong ? new[] { "small", "mlp", "lenet", "wide", "large batch", "one output" } : ["small"])
        {
            (_, string shape, int samples, int batch, string model) = Networks.Single(n => n.Name == name);
            foreach (string optimizer in Effort.IsLong ? new[] { "sgd", "adam" } : ["adam"])
            {
                string config = Config(shape, samples, batch, model, optimizer);
                (_, long compiling) = Memory(config, "opencl:0", environment);
                (long expected, long peak) = Memory(config, "opencl:0", environment);
                table.AppendLine(CultureInfo.InvariantCulture, $"{name}, {optimizer}: {expected / MiB}, {peak / MiB}, {compiling / MiB}");
                Assert.True(peak <= Allowed * expected, $"more than {Allowed} times what was counted: {table}");
                worst = Math.Max(worst, (double)peak / expected);
            }
        }
        Effort.Report("memory on opencl", $"at most {worst:F2} times the memory that was counted before the first step\n{table}");
    }

    [Fact]
    public void In_a_control_group_a_run_ends_with_0_or_5_and_is_never_killed()
    {
        string? group = NewGroup();
        Assert.SkipWhen(group is null, "may not make a control group of memory (needs root and version 1 of control groups)");
        try
        {
            int enough = 0, refused = 0;
            string config = Config("[1000]", 256, 64, "[{dense: 8000}, relu, {dense: 1000}, relu, {dense: 10}]", "adam");
            foreach (int mebibytes in Effort.IsLong ? [.. Enumerable.Range(0, 24).Select(i => 100 + (25 * i))] : new[] { 160, 700 })
            {
                File.WriteAllText(Path.Combine(group!, "memory.limit_in_bytes"), ((long)mebibytes * MiB).ToString(CultureInfo.InvariantCulture));
                Ended ended = Gpugrad.Run(null, ["/bin/sh", "-c", $"echo $$ > {group}/cgroup.procs; exec \"$@\"", "sh"], "train", config, "--device", "cpu", "--out", NewRun());
                Assert.True(ended.Code is 0 or 5, FormattableString.Invariant($"{mebibytes} MiB: {ended}"));
                enough += ended.Code == 0 ? 1 : 0;
                refused += ended.Code == 5 ? 1 : 0;
            }
            Assert.True(enough > 0 && refused > 0, FormattableString.Invariant($"{enough} finished, {refused} refused"));
            Effort.Report("control groups", $"{refused} limits too low: exit 5; {enough} sufficed; none killed");
        }
        finally
        {
            Directory.Delete(group!);
        }
    }

    private static string? NewGroup()
    {
        const string Top = "/sys/fs/cgroup/memory";
        try
        {
            if (!OperatingSystem.IsLinux() || !File.Exists(Path.Combine(Top, "memory.limit_in_bytes")))
                return null;
            string group = Path.Combine(Top, "gpugrad-" + Path.GetRandomFileName());
            Directory.CreateDirectory(group);
            return group;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private (long Expected, long Peak) Memory(string config, string device, IReadOnlyDictionary<string, string>? environment = null)
    {
        string run = NewRun();
        Ended ended = Gpugrad.Run(environment, [], "train", config, "--device", device, "--out", run);
        Assert.True(ended.Code == 0, ended.ToString());
        using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json")));
        return (summary.RootElement.GetProperty("memory_expected").GetInt64(), summary.RootElement.GetProperty("memory_peak").GetInt64());
    }

    private string NewRun() => Path.Combine(folder, Path.GetRandomFileName());

    private string Config(string shape, int samples, int batch, string model, string optimizer)
    {
        string path = Path.Combine(folder, Path.GetRandomFileName() + ".yaml");
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $$$"""
            data: {dataset: {random: {shape: {{{shape}}}, classes: 10, train: {{{samples}}}, test: 64}}, batch: {{{batch}}}}
            model: {{{model}}}
            train: {epochs: 1, optimizer: {{{optimizer}}}}
            """));
        return path;
    }
}
