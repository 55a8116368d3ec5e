using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Numbers keep their digits until they are scaled: what a network sees is off by float32's rounding of the result.</summary>
public sealed class PrecisionTests : IDisposable
{
    private const int Count = 60;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, double, double> Columns => new()
    {
        { "seconds", 1.7e9, 1 },
        { "milliseconds", 1.7e12, 250 },
        { "days", 45000.0, 1 },
        { "degrees", 51.5074, 1e-6 },
        { "money", 1e7, 0.01 },
        { "large", 1e30, 1e26 },
        { "small", 1e-20, 1e-22 },
    };

    [Theory]
    [MemberData(nameof(Columns))]
    public void A_column_with_a_large_mean_is_standardised_to_float32s_rounding(string what, double start, double step)
    {
        Assert.NotEmpty(what);
        double[] column = [.. Enumerable.Range(0, Count).Select(i => start + (step * (i * i % 17)))];
        double mean = column.Average();
        double deviation = Math.Sqrt(column.Average(v => (v - mean) * (v - mean)));
        folder.Write("t.csv", "t,label\n" + string.Concat(column.Select((v, i) => string.Create(CultureInfo.InvariantCulture, $"{v:R},{i % 2}\n"))));
        NpzWriter.Save(Path.Combine(folder.Path, "t.npz"), w =>
        {
            w.Add("x", [Count, 1], column);
            w.Add("y", [Count], Enumerable.Range(0, Count).Select(i => i % 2).ToArray());
        });
        foreach (string dataset in new[] { "{csv: t.csv}", "{npz: t.npz}" })
        {
            foreach (string device in new[] { "cpu", "reference" })
            {
                double[] seen = Seen(dataset, device);
                for (int i = 0; i < Count; i++)
                    Assert.Equal((column[i] - mean) / deviation, seen[i], 4e-7);
            }
        }
    }

    [Fact]
    public void Whole_numbers_of_64_bits_keep_their_digits_too()
    {
        long[] times = [.. Enumerable.Range(0, Count).Select(i => 1_700_000_000_123L + (i % 7))];
        File.WriteAllBytes(Path.Combine(folder.Path, "t.npz"), FormatSample.StoredZip(Npy64(times)));
        folder.Write("labels", FormatSample.Bytes());
        NumberArray x = Npz.Read(Path.Combine(folder.Path, "t.npz")).Values.Single();
        SampleSet samples = Training.Data.Sources.ArraySamples.Inputs(x, "x", channelsLast: false);
        Assert.Null(samples.Reals);
        Assert.Equal(times[5], samples[5]);
        ChannelStatistics statistics = ChannelStatistics.Of(samples)[0];
        Assert.Equal(times.Average(t => (double)(t - times[0])), statistics.Mean - times[0], 1e-3);
    }

    [Fact]
    public void A_column_that_never_changes_becomes_0_whatever_its_value()
    {
        folder.Write("t.csv", "a,b,label\n" + string.Concat(Enumerable.Range(0, Count).Select(i => $"0.1,{i},{i % 2}\n")));
        TrainingData data = Load.Training("{dataset: {csv: t.csv}}", folder.Path);
        Assert.Equal((0.1, 1.0), (data.Normalization.Centre[0], data.Normalization.Scale[0]));
    }

    [Fact]
    public void Numbers_stay_floats_where_each_is_one()
    {
        folder.Write("t.csv", "a,b,label\n0.5,255,0\n-3,1e10,1\n");
        Assert.NotNull(Load.Set("{dataset: {csv: t.csv}}", folder.Path).Train.Reals);
        folder.Write("t.csv", "a,b,label\n0.5,255,0\n-3,0.1,1\n");
        SampleSet doubles = Load.Set("{dataset: {csv: t.csv}}", folder.Path).Train;
        Assert.Null(doubles.Reals);
        Assert.Equal([0.5, 255, -3, 0.1], doubles.Doubles!);
    }

    private double[] Seen(string dataset, string id)
    {
        var tree = (YamlMapping)YamlReader.Read($"{{data: {{dataset: {dataset}, batch: {Count}, shuffle: false}}, model: [flatten, {{dense: 2}}]}}", "c.yaml");
        RunConfig config = ConfigBinder.Bind<RunConfig>(tree, "the config");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        using Device device = DeviceCatalog.Open(id, 1);
        IReadOnlyList<NamedTensor> tensors = StepDump.Run(config, ModelCheck.Check(config, data.Shape), device, data.Train, data.Normalization, m => m.Initialise(1));
        return tensors.Single(t => t.Name == "activation/0").Values;
    }

    private static byte[] Npy64(long[] values) => [.. Npy.Header([values.Length, 1], NumberType.Int64), .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())];
}
