using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tests.Initializers;

/// <summary>Filters that begin as a whitening of the samples' patches.</summary>
public sealed class WhitenTests
{
    private const int Channels = 2, Side = 12, Samples = 200;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(40)]
    public void Eigenvectors_of_a_symmetric_matrix_take_it_apart(int n)
    {
        var random = new RandomStream(7, Purpose.Initialise, (uint)n);
        var matrix = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
                matrix[i, j] = matrix[j, i] = random.NextNormal();
        }
        (double[] values, double[][] vectors) = SymmetricEigen.Of(matrix);
        Assert.Equal(values.OrderDescending(), values);
        for (int i = 0; i < n; i++)
        {
            Assert.True(vectors[i].MaxBy(Math.Abs) > 0);
            for (int j = 0; j < n; j++)
            {
                Assert.Equal(i == j ? 1 : 0, vectors[i].Zip(vectors[j], (a, b) => a * b).Sum(), 1e-12);
                Assert.Equal(values[i] * vectors[i][j], Enumerable.Range(0, n).Sum(k => matrix[j, k] * vectors[i][k]), 1e-11);
            }
        }
    }

    [Fact]
    public void A_covariance_is_that_of_the_vectors_less_their_mean_however_large_it_is()
    {
        var random = new RandomStream(8, Purpose.Initialise);
        double[][] vectors = [.. Enumerable.Range(0, 500).Select(_ => new[] { random.NextNormal(), random.NextNormal() })];
        var (plain, shifted) = (new Covariance(2), new Covariance(2));
        foreach (double[] v in vectors)
        {
            plain.Add([v[0], v[0] + (0.5 * v[1])]);
            shifted.Add([1e6 + v[0], -1e6 + v[0] + (0.5 * v[1])]);
        }
        double m0 = vectors.Average(v => v[0]), m1 = vectors.Average(v => v[1]);
        double v00 = vectors.Average(v => (v[0] - m0) * (v[0] - m0)), v01 = vectors.Average(v => (v[0] - m0) * (v[1] - m1));
        Assert.Equal(v00, plain.Matrix()[0, 0], 1e-12);
        Assert.Equal(v00 + (0.5 * v01), plain.Matrix()[1, 0], 1e-12);
        foreach ((int i, int j) in new[] { (0, 0), (0, 1), (1, 0), (1, 1) })
            Assert.Equal(plain.Matrix()[i, j], shifted.Matrix()[i, j], 1e-8);
    }

    [Theory]
    [InlineData("kernel: 2, filters: 16", 2, 1)]
    [InlineData("kernel: 3, filters: 36, padding: same", 3, 1)]
    [InlineData("kernel: 2, filters: 16, dilation: 2, stride: 2", 2, 2)]
    public void After_whitening_filters_patches_are_uncorrelated_with_variance_one(string conv, int kernel, int dilation)
    {
        SampleSet samples = Smooth();
        double[] filters = Filters($"conv: {{{conv}, init: {{whiten: 1e-9}}}}", samples, out int count);
        int size = Channels * kernel * kernel, half = count / 2;
        Assert.Equal(2 * size, count);
        var outputs = new Covariance(half);
        foreach (double[] patch in Patches(samples, kernel, dilation))
            outputs.Add([.. Enumerable.Range(0, half).Select(k => Enumerable.Range(0, size).Sum(e => filters[(k * size) + e] * patch[e]))]);
        double[,] covariance = outputs.Matrix();
        for (int i = 0; i < half; i++)
        {
            for (int j = 0; j <= i; j++)
                Assert.Equal(i == j ? 1 : 0, covariance[i, j], 0.08);
        }
        for (int e = 0; e < half * size; e++)
            Assert.Equal(-filters[e], filters[(half * size) + e]);
    }

    [Fact]
    public void Fewer_filters_take_the_directions_in_which_patches_differ_most()
    {
        SampleSet samples = Smooth();
        double[] all = Filters("conv: {kernel: 2, filters: 16, init: whiten}", samples, out _), few = Filters("conv: {kernel: 2, filters: 5, init: whiten}", samples, out _);
        Assert.Equal(all[..24], few[..24]);
        Assert.Equal(all[..16].Select(v => -v), few[24..]);
    }

    [Fact]
    public void The_floor_keeps_directions_without_variance_finite()
    {
        var flat = new SampleSet { Shape = new Shape(Channels, Side, Side), Count = 4, Reals = new float[4 * Channels * Side * Side], Labels = [0, 1, 0, 1] };
        double[] filters = Filters("conv: {kernel: 2, filters: 16, init: {whiten: 0.01}}", flat, out _);
        Assert.All(filters, v => Assert.InRange(v, -10.001, 10.001));
    }

    [Theory]
    [InlineData("flatten, {dense: {units: 2, init: whiten}}", "x.yaml:2:43: whiten: 1.weight has no patches of samples to look at; expected it for the filters of a convolution that is the first layer, has no groups and is no larger than the samples")]
    [InlineData("relu, {conv: {filters: 4, kernel: 2, init: whiten}}, flatten, {dense: 2}", "whiten: 1.weight has no patches of samples")]
    [InlineData("{conv: {filters: 4, kernel: 2, groups: 2, init: whiten}}, flatten, {dense: 2}", "whiten: 0.weight has no patches of samples")]
    [InlineData("{conv: {filters: 17, kernel: 2, init: whiten}}, flatten, {dense: 2}", "whiten: 17 filters for patches of 8 numbers, which have as many directions with two signs; expected at most 16 filters, or a larger kernel")]
    public void Where_there_is_nothing_to_whiten_the_config_is_refused(string layer, string message)
    {
        var e = Assert.Throws<ConfigException>(() => ModelCheck.Check(Config(layer)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static double[] Filters(string conv, SampleSet samples, out int count)
    {
        RunConfig config = Config($"{{{conv}}}, flatten, {{dense: 2}}");
        using var cpu = new CpuDevice(1);
        Network network = ModelCheck.Check(config)!;
        using var model = new Model(config, network, cpu);
        var training = new BatchSource("train", samples, Normalization.None(Channels), batch: 4);
        model.Load(3, training, [], 4);
        count = network.Parameters[0].Shape[0];
        return model.Read(network.Parameters[0]);
    }

    private static RunConfig Config(string layers) =>
        ConfigBinder.Bind<RunConfig>(YamlReader.Read($"data: {{shape: [{Channels}, {Side}, {Side}], classes: 2}}\nmodel: [{layers}]\n", "x.yaml"), "the config");

    // Pixels that are nearly their neighbours, and a second channel that is nearly the first.
    private static SampleSet Smooth()
    {
        var random = new RandomStream(5, Purpose.Initialise);
        var numbers = new float[Samples * Channels * Side * Side];
        for (int n = 0; n < Samples; n++)
        {
            for (int y = 0; y < Side; y++)
            {
                double value = random.NextNormal();
                for (int x = 0; x < Side; x++)
                {
                    value = (0.9 * value) + (0.4 * random.NextNormal());
                    int at = (((n * Channels) * Side) + y) * Side + x;
                    numbers[at] = (float)value;
                    numbers[at + (Side * Side)] = (float)(value + (0.2 * random.NextNormal()));
                }
            }
        }
        return new SampleSet { Shape = new Shape(Channels, Side, Side), Count = Samples, Reals = numbers, Labels = [.. Enumerable.Range(0, Samples).Select(i => i % 2)] };
    }

    private static IEnumerable<double[]> Patches(SampleSet samples, int kernel, int dilation)
    {
        int reach = (kernel - 1) * dilation;
        for (int n = 0; n < samples.Count; n++)
        {
            for (int y = 0; y < Side - reach; y++)
            {
                for (int x = 0; x < Side - reach; x++)
                {
                    yield return [.. from c in Enumerable.Range(0, Channels) from r in Enumerable.Range(0, kernel) from s in Enumerable.Range(0, kernel)
                                     select (double)samples.Reals![(((((n * Channels) + c) * Side) + y + (r * dilation)) * Side) + x + (s * dilation)]];
                }
            }
        }
    }
}
