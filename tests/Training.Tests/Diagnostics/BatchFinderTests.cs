using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics;
using GpuGrad.Training.Diagnostics.BatchFinding;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>The noise of gradients against its definition, and the batch size that follows from it.</summary>
public sealed class BatchFinderTests
{
    private const string Model = "data: {dataset: {spirals: {classes: 3, train: 24, test: 3}}, batch: 1}\nmodel: [{dense: 6}, tanh, {dense: 3}]\n";

    /// <summary>Over all ways to draw three batches of two from six samples the estimates are right on average: without bias.</summary>
    [Fact]
    public void Estimates_are_unbiased_over_every_order_of_the_samples()
    {
        float[][] gradients = [[1, 2, -1], [0.5f, 1, 3], [2, -1, 0], [1.5f, 0, 1], [-2, 4, 1], [0, 1, 0.25f]];
        (double square, double variance) = Exact([.. gradients.Select(g => Array.ConvertAll(g, x => (double)x))]);
        var estimates = Orders([0, 1, 2, 3, 4, 5]).Select(order => Moments(gradients, order).OfAll()).ToList();
        Assert.Equal(720, estimates.Count);
        Assert.Equal(variance, estimates.Average(e => e.Variance), 1e-9);
        Assert.Equal(square, estimates.Average(e => e.SquaredNorm), 1e-9);
    }

    [Fact]
    public void The_error_is_that_of_leaving_out_one_batch_after_the_other()
    {
        float[][] gradients = [[1, 2, -1], [0.5f, 1, 3], [2, -1, 0], [1.5f, 0, 1]];
        double[] without = [.. Enumerable.Range(0, 4).Select(left => Take([.. gradients.Where((_, i) => i != left)], size: 1, population: 9).OfAll()).Select(n => n.SquaredNorm / n.Variance)];
        double expected = Math.Sqrt(3.0 / 4 * without.Sum(x => Math.Pow(x - without.Average(), 2)));
        Assert.Equal(expected, Take(gradients, size: 1, population: 9).InverseError(), 1e-12);
    }

    /// <summary>With every sample a batch there is nothing to estimate: the figures are those of the samples' own gradients, in double.</summary>
    [Fact]
    public void A_networks_noise_is_that_of_its_samples_gradients()
    {
        (RunConfig config, TrainingData data, Network network) = Load(Model);
        using Device cpu = DeviceCatalog.Open("cpu", 1), reference = DeviceCatalog.Open("reference", 1);
        BatchFinding finding = new BatchFinder(config, network, cpu, data, new BatchFinderOptions { Steps = 0, Batches = data.Train.Count, Seconds = 0.001 }).Find();
        Assert.Equal((data.Train.Count, 1, 0), (finding.Batches, finding.Size, finding.Steps));
        var gradients = new List<IReadOnlyList<double[]>>();
        for (int i = 0; i < data.Train.Count; i++)
        {
            using var probe = new LossProbe(config, network, reference, data.Train.Pick([i]), data.Normalization);
            probe.Model.Initialise(config.Seed);
            probe.Differentiate();
            gradients.Add([.. probe.Movables.Where(m => m.Parameter is not null).GroupBy(m => m.Layer).Select(l => l.SelectMany(probe.Gradient).ToArray())]);
        }
        Assert.Equal(["0 dense", "2 dense"], finding.Layers.Select(l => l.Name));
        foreach ((GradientNoise noise, int layer) in finding.Layers.Select((n, i) => (n, i)).Append((finding.Whole, -1)))
        {
            (double square, double variance) = Exact([.. gradients.Select(g => layer < 0 ? [.. g.SelectMany(x => x)] : g[layer])]);
            Assert.Equal(1, noise.SquaredNorm / square, 1e-4);
            Assert.Equal(1, noise.Variance / variance, 1e-4);
        }
    }

    [Fact]
    public void Two_searches_give_the_same_noise_after_the_same_steps()
    {
        (RunConfig config, TrainingData data, Network network) = Load(Model.Replace("batch: 1", "batch: 4", StringComparison.Ordinal));
        using Device device = DeviceCatalog.Open("cpu", 1);
        BatchFinding Find(int steps) => new BatchFinder(config, network, device, data, new BatchFinderOptions { Steps = steps, Batches = 5, Seconds = 0.001 }).Find();
        BatchFinding first = Find(7), second = Find(7), other = Find(8);
        Assert.Equal((7, 5, 4), (first.Steps, first.Batches, first.Size));
        Assert.Equal(first.Layers, second.Layers);
        Assert.Equal((first.Whole, first.InverseError), (second.Whole, second.InverseError));
        Assert.NotEqual(first.Whole, other.Whole);
    }

    [Fact]
    public void The_smallest_size_is_taken_of_those_that_get_there_about_as_soon()
    {
        // Times to the same loss with a scale of 100: 11·1, 3.5·2, 2·3.6, 1.25·8.
        BatchTiming[] timings = [new(10, 1), new(40, 2), new(100, 3.6), new(400, 8)];
        Assert.Equal(40, Finding(squaredNorm: 1, variance: 100, error: 1e-3, timings).Suggestion);
        Assert.Equal(10, Finding(squaredNorm: 1, variance: 2, error: 1e-3, timings).Suggestion);
        Assert.Equal(400, Finding(squaredNorm: 1, variance: 1e5, error: 1e-6, timings).Suggestion);
    }

    [Fact]
    public void Gradients_that_share_nothing_have_no_answer()
    {
        BatchFinding finding = Finding(squaredNorm: -0.1, variance: 100, error: 0.01, [new(10, 1)]);
        Assert.Null(finding.Suggestion);
        Assert.True(double.IsNaN(finding.Whole.Scale));
        Assert.Contains("which is at least 53; try more batches", finding.Problem, StringComparison.Ordinal);
    }

    private static BatchFinding Finding(double squaredNorm, double variance, double error, BatchTiming[] timings) =>
        new(0, 8, 10, new GradientNoise("all", squaredNorm, variance, 0.1), error, [], timings);

    private static GradientMoments Moments(float[][] gradients, int[] order) =>
        Take([.. Enumerable.Range(0, 3).Select(k => gradients[order[2 * k]].Zip(gradients[order[(2 * k) + 1]], (a, b) => (a + b) / 2).ToArray())], size: 2, population: 6);

    private static GradientMoments Take(float[][] batches, int size, int population)
    {
        var moments = new GradientMoments(batches.Length, size, population, [1, 2]);
        foreach (bool isFirst in new[] { true, false })
        {
            for (int k = 0; k < batches.Length; k++)
            {
                for (int part = 0; part < 2; part++)
                {
                    ReadOnlySpan<float> gradient = part == 0 ? batches[k].AsSpan(0, 1) : batches[k].AsSpan(1);
                    if (isFirst)
                        moments.Add(k, part, gradient);
                    else
                        moments.Compare(k, part, gradient);
                }
            }
        }
        return moments;
    }

    // |mean|², and the sum of the variances of all numbers.
    private static (double Square, double Variance) Exact(double[][] gradients)
    {
        double[] mean = [.. Enumerable.Range(0, gradients[0].Length).Select(i => gradients.Average(g => g[i]))];
        return (mean.Sum(m => m * m), gradients.Sum(g => g.Zip(mean, (x, m) => (x - m) * (x - m)).Sum()) / (gradients.Length - 1));
    }

    private static IEnumerable<int[]> Orders(int[] items) =>
        items.Length == 1 ? [items] : items.SelectMany(first => Orders([.. items.Where(i => i != first)]).Select(rest => (int[])[first, .. rest]));

    private static (RunConfig Config, TrainingData Data, Network Network) Load(string yaml)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(yaml, "test"), "the config");
        var data = TrainingData.Load(config, new DataContext(".", 1));
        return (config, data, ModelCheck.Check(config, data.Shape));
    }
}
