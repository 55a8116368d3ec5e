using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.RateFinding;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>
/// The rate that is found is within a factor of 3 of the best of a sweep of whole runs. The sweep is run in the long form
/// (bench/results has its table); else its answer is taken from there.
/// </summary>
public sealed class RateSweepTests
{
    private const double Factor = 3;

    [Theory]
    [InlineData("digits", 0.022, """
        data: {dataset: {digits: {train: 2000, test: 500}}, batch: 32}
        model: [flatten, {dense: 64}, relu, {dense: 10}]
        train: {epochs: 4, optimizer: {momentum: {lr: 0.3}}}
        """)]
    [InlineData("lenet", 0.01, """
        data: {dataset: {digits: {train: 1000, test: 300}}, batch: 32}
        model: [{conv: {filters: 6, kernel: 5, padding: same}}, relu, {maxpool: 2}, {conv: {filters: 16, kernel: 5}}, relu, {maxpool: 2}, flatten, {dense: 120}, relu, {dense: 84}, relu, {dense: 10}]
        train: {epochs: 5, optimizer: {momentum: {lr: 0.3}}}
        """)]
    [InlineData("conv-batchnorm", 0.22, """
        data: {dataset: {digits: {train: 1000, test: 300}}, batch: 32}
        model: [{conv: {filters: 8, kernel: 5, stride: 2, bias: false}}, batchnorm, relu, {conv: {filters: 16, kernel: 3, stride: 2, bias: false}}, batchnorm, relu, flatten, {dense: 10}]
        train: {epochs: 5, optimizer: {sgd: {lr: 0.3}}}
        """)]
    [InlineData("spirals", 0.046, """
        data: {dataset: {spirals: {train: 1000, test: 300}}, batch: 32}
        model: [{dense: 64}, relu, {dense: 64}, relu, {dense: 3}]
        train: {epochs: 12, optimizer: {adam: {lr: 0.3}}}
        """)]
    public void The_rate_found_is_near_the_best_of_a_sweep(string name, double best, string yaml)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(yaml, "test"), "the config");
        var data = TrainingData.Load(config, new DataContext(".", 1));
        using Device device = DeviceCatalog.Open("cpu", 1);
        RateFinding finding = RateFinder.Find(config, ModelCheck.Check(config, data.Shape), device, data, new RateFinderOptions { Seeds = Effort.Count(2, 3) });
        if (Effort.IsLong)
            best = Sweep(name, config, data, device, finding);
        Assert.Null(finding.Problem);
        Assert.InRange(finding.Suggestion!.Value, best / Factor, best * Factor);
    }

    // Whole runs at three rates a decade; the rate with the lowest mean test loss.
    private static double Sweep(string name, RunConfig config, TrainingData data, Device device, RateFinding finding)
    {
        (double Rate, double Loss)[] runs = [.. Enumerable.Range(0, 16).Select(i => Math.Pow(10, -4 + (i / 3.0))).Select(rate => (rate, new ulong[] { 1, 2 }.Average(seed => Loss(config, data, device, seed, rate))))];
        double best = runs.Where(r => double.IsFinite(r.Loss)).MinBy(r => r.Loss).Rate;
        string table = string.Join(", ", runs.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Rate:G2}: {r.Loss:G3}")));
        Effort.Report($"rate sweep {name}", $"lr-find {finding.Suggestion}, best of the sweep {best:G2}; test losses {table}");
        return best;
    }

    private static double Loss(RunConfig config, TrainingData data, Device device, ulong seed, double rate)
    {
        RunConfig at = config with
        {
            Seed = seed,
            Diagnostics = new() { Every = 0, BlackBox = false, InitAudit = false },
            Train = config.Train with { Optimizer = config.Train.Optimizer with { Lr = rate } },
        };
        try
        {
            using var trainer = new Trainer(at, data, device);
            return trainer.Run().Final.Test!.Value.Loss;
        }
        catch (NonFiniteException)
        {
            return double.NaN;
        }
    }
}
