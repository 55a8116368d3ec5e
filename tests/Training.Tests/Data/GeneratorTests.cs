using System.Runtime.InteropServices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Generators;

namespace GpuGrad.Training.Tests.Data;

public sealed class GeneratorTests
{
    /// <summary>Each source with the beginning of its fingerprint: the same on every machine, for ever.</summary>
    public static TheoryData<string, string> Sources => new()
    {
        { "digits", "613e14fddbe22362" },
        { "spirals", "e2eb386d14b175f0" },
        { "moons", "b739120077b09630" },
        { "circles", "9d36a226c40db9ce" },
        { "blobs", "106787aa15f7b5e9" },
        { "xor", "9b9376972081a2f9" },
        { "{random: {shape: [3, 8, 9]}}", "dfc4c386135ae083" },
        { "{random: {shape: [17], classes: 3}}", "173658203fc8d3b5" },
        { "{random: {shape: [5], targets: 2}}", "509e7ab18ac31468" },
        { "copy-first", "0120100de0e831ba" },
        { "linear", "e20567750c6dda7e" },
        { "sine", "efc1dbb8d6467588" },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public void The_same_seed_makes_the_same_data_on_every_machine(string source, string fingerprint)
    {
        DataSet data = Load.Set($"{{dataset: {source}}}", seed: 1);
        Assert.Equal(fingerprint, data.Fingerprint[..fingerprint.Length]);
        Assert.NotEqual(data.Fingerprint, Load.Set($"{{dataset: {source}}}", seed: 2).Fingerprint);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Samples_have_the_shape_that_is_known_before_and_sound_values(string source, string _)
    {
        DataConfig config = Load.Config($"{{dataset: {source}}}");
        DataSet data = config.Dataset!.Load(new DataContext(".", 1));
        Assert.Equal(config.KnownShape, data.Shape);
        foreach (SampleSet part in new[] { data.Train, data.Test! })
        {
            Assert.Equal(part.Count * data.Shape.Shape.Count, part.Bytes?.Length ?? part.Reals!.Length);
            Assert.All(part.Reals ?? [], v => Assert.True(float.IsFinite(v)));
            Assert.All(part.Targets ?? [], v => Assert.True(float.IsFinite(v)));
            Assert.Equal(data.Shape.Classes > 0, part.Labels is not null);
            if (part.Labels is int[] labels)
                Assert.Equal(Enumerable.Range(0, data.Shape.Classes), labels.Distinct().Order());
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void No_test_sample_is_a_training_sample(string source, string _)
    {
        DataSet data = Load.Set($"{{dataset: {source}}}");
        HashSet<string> train = [.. Rows(data.Train)];
        Assert.DoesNotContain(Rows(data.Test!), train.Contains);
    }

    [Fact]
    public void A_seed_of_its_own_makes_the_data_independent_of_the_run()
    {
        string a = Load.Set("{dataset: {spirals: {seed: 5}}}", seed: 1).Fingerprint, b = Load.Set("{dataset: {spirals: {seed: 5}}}", seed: 2).Fingerprint;
        Assert.Equal(a, b);
        Assert.Equal(Load.Set("{dataset: spirals}", seed: 5).Fingerprint, a);
    }

    [Fact]
    public void More_samples_start_with_the_same_ones()
    {
        DataSet few = Load.Set("{dataset: {digits: {train: 10, test: 0}}}"), many = Load.Set("{dataset: {digits: {train: 50, test: 3}}}");
        Assert.Null(few.Test);
        Assert.Equal(few.Train.Bytes!, many.Train.Bytes![..few.Train.Bytes!.Length]);
        Assert.Equal(few.Train.Labels!, many.Train.Labels![..10]);
    }

    [Fact]
    public void Printed_digits_of_one_form_are_all_alike_and_distorted_ones_are_not()
    {
        DataSet print = Load.Set("{dataset: {digits: {train: 500, test: 0, distortion: 0}}}");
        Assert.True(Rows(print.Train).Distinct().Count() <= 10 * 3);
        Assert.Equal(500, Rows(Load.Set("{dataset: {digits: {train: 500, test: 0}}}").Train).Distinct().Count());
    }

    [Fact]
    public void Digits_can_be_told_apart_by_their_average_alone_better_than_by_chance_but_not_well()
    {
        DataSet data = Load.Set("{dataset: {digits: {train: 2000, test: 300}}}");
        double right = NearestMean(data);
        Assert.InRange(right, 0.4, 0.9);
    }

    [Theory]
    [InlineData("{random: {shape: [3, 32, 32], train: 500, test: 100}}", 0.5)]
    [InlineData("{random: {shape: [20]}}", 0.5)]
    [InlineData("{blobs: {noise: 0.3}}", 0.9)]
    public void Random_classes_can_be_learned(string source, double least) =>
        Assert.InRange(NearestMean(Load.Set($"{{dataset: {source}}}")), least, 1);

    [Fact]
    public void Points_lie_where_they_should_without_noise()
    {
        DataSet circles = Load.Set("{dataset: {circles: {noise: 0}}}");
        for (int i = 0; i < circles.Train.Count; i++)
        {
            double radius = Math.Sqrt(Math.Pow(circles.Train.Reals![2 * i], 2) + Math.Pow(circles.Train.Reals[(2 * i) + 1], 2));
            Assert.Equal(circles.Train.Labels![i] == 0 ? 1 : 0.5, radius, 1e-6);
        }
        DataSet xor = Load.Set("{dataset: {xor: {noise: 0}}}");
        for (int i = 0; i < xor.Train.Count; i++)
            Assert.Equal(xor.Train.Labels![i] == 1, xor.Train.Reals![2 * i] * xor.Train.Reals[(2 * i) + 1] < 0);
        DataSet sine = Load.Set("{dataset: {sine: {noise: 0}}}");
        for (int i = 0; i < sine.Train.Count; i++)
            Assert.Equal(Math.Sin(2 * Math.PI * sine.Train.Reals![i]), sine.Train.Targets![i], 1e-6);
    }

    [Fact]
    public void Sine_and_cosine_of_turns_are_exact_to_thirteen_digits()
    {
        for (int i = -3000; i <= 3000; i++)
        {
            (double sin, double cos) = Exact.Turn(i / 700.0);
            (double expectedSin, double expectedCos) = Math.SinCos(2 * Math.PI * i / 700.0);
            Assert.Equal(expectedSin, sin, 1e-12);
            Assert.Equal(expectedCos, cos, 1e-12);
        }
    }

    [Fact]
    public void Nearly_normal_numbers_have_mean_0_and_variance_1()
    {
        var random = new RandomStream(1, Purpose.Generate);
        foreach (Func<RandomStream, double> draw in new Func<RandomStream, double>[] { Exact.Normal, Exact.QuickNormal })
        {
            double[] values = [.. Enumerable.Range(0, 20000).Select(_ => draw(random))];
            Assert.Equal(0, values.Average(), 0.03);
            Assert.Equal(1, values.Average(v => v * v), 0.03);
        }
    }

    // Right answers on the test set of the class whose mean training sample is nearest.
    private static double NearestMean(DataSet data)
    {
        int size = data.Shape.Shape.Count, classes = data.Shape.Classes;
        var means = new double[classes][];
        for (int c = 0; c < classes; c++)
        {
            int[] members = [.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Labels![i] == c)];
            means[c] = [.. Enumerable.Range(0, size).Select(j => members.Average(i => Value(data.Train, (i * size) + j)))];
        }
        int right = 0;
        for (int i = 0; i < data.Test!.Count; i++)
        {
            int nearest = Enumerable.Range(0, classes).MinBy(c => Enumerable.Range(0, size).Sum(j => Math.Pow(Value(data.Test, (i * size) + j) - means[c][j], 2)));
            right += nearest == data.Test.Labels![i] ? 1 : 0;
        }
        return (double)right / data.Test.Count;
    }

    private static double Value(SampleSet samples, int index) => samples.Reals is float[] reals ? reals[index] : samples.Bytes![index];

    private static IEnumerable<string> Rows(SampleSet samples)
    {
        int size = samples.Shape.Count;
        return Enumerable.Range(0, samples.Count).Select(i => Convert.ToBase64String(samples.Bytes is byte[] bytes
            ? bytes.AsSpan(i * size, size)
            : MemoryMarshal.AsBytes(samples.Reals.AsSpan(i * size, size))));
    }
}
