using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Samples that stay on disk train the same network, to the bit, as in memory.</summary>
public sealed class OnDiskTests : IDisposable
{
    private const int Count = 101, Height = 5, Width = 6, Size = Height * Width;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("augment: [{flip: horizontal}, {shift: 1}, {noise: 0.1}], ")]
    [InlineData("augment: [{noise: 0.1}], validation: 0.2, ")]
    [InlineData("limit: 50, test: 0.1, shuffle: false, ")]
    [InlineData("normalize: unit, drop-last: true, ")]
    public void Bytes_on_disk_train_as_those_in_memory(string more)
    {
        WriteIdx("x.idx", "y.idx");
        AssertSame($"{more}batch: 16, dataset: {{idx: {{images: x.idx, labels: y.idx}}}}");
    }

    [Theory]
    [InlineData("f4", "")]
    [InlineData("f8", "augment: [{shift: 1}], ")]
    [InlineData("i8", "augment: [{noise: 0.1}], ")]
    [InlineData("f4", "normalize: unit, validation: 11, ")]
    public void Numbers_on_disk_train_as_those_in_memory(string type, string more)
    {
        WriteNpy("x.npy", "y.npy", type);
        AssertSame($"{more}batch: 16, dataset: {{npy: {{x: x.npy, y: y.npy, test-x: x.npy, test-y: y.npy, channels-last: true}}}}");
    }

    [Fact]
    public void Steps_of_several_batches_and_a_network_that_is_looked_at_train_the_same()
    {
        WriteIdx("x.idx", "y.idx");
        AssertSame("batch: 16, dataset: {idx: {images: x.idx, labels: y.idx}}", "accumulate: 3, ");
    }

    [Fact]
    public void A_file_that_was_cut_off_since_it_was_opened_is_one_line_with_the_sample()
    {
        WriteIdx("x.idx", "y.idx");
        TrainingData data = Data("cache: disk, dataset: {idx: {images: x.idx, labels: y.idx}}");
        using (FileStream file = File.OpenWrite(Path.Combine(folder.Path, "x.idx")))
            file.SetLength(16 + (7 * Size) + 3);
        Exception e = Assert.IsType<GpuGradException>(Hostile.Record(() => data.Train.Read(0, new double[Count * Size])));
        Assert.Contains("x.idx:229: the end of the file in sample 7; expected", Hostile.AssertOneLine(e, "cut"), StringComparison.Ordinal);
    }

    [Fact]
    public void NaN_on_disk_is_refused_with_its_sample_when_it_is_read()
    {
        WriteNpy("x.npy", "y.npy", "f4", (i, v) => i == (3 * Size) + 1 ? double.NaN : v);
        string refusal = Load.Refusal("{cache: disk, dataset: {npy: {x: x.npy, y: y.npy}}}", folder.Path);
        Assert.Contains("x.npy: not a number in sample 3", refusal, StringComparison.Ordinal);
        Assert.Equal(refusal, Load.Refusal("{cache: memory, dataset: {npy: {x: x.npy, y: y.npy}}}", folder.Path));
    }

    [Fact]
    public void What_is_small_stays_in_memory_and_what_is_large_on_disk_unless_asked_otherwise()
    {
        WriteIdx("x.idx", "y.idx");
        Assert.Null(Data("dataset: {idx: {images: x.idx, labels: y.idx}}").Train.Rows);
        Assert.NotNull(Data("cache: disk, dataset: {idx: {images: x.idx, labels: y.idx}}").Train.Rows);
        Assert.True(SampleCache.Auto.IsInMemory(1 << 20));
        Assert.False(SampleCache.Auto.IsInMemory(SampleCaches.MostInMemory + 1));
        Assert.True(SampleCache.Memory.IsInMemory(long.MaxValue));
    }

    [Fact]
    public void A_file_of_more_numbers_than_an_array_holds_is_read_to_its_last()
    {
        const int Rows = 300_000, Row = 8000;
        using (FileStream file = File.Create(Path.Combine(folder.Path, "x.idx")))
        {
            file.Write(Idx.Header([Rows, Row]));
            file.SetLength(file.Position + ((long)Rows * Row)); // a hole, but for its last number
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte(200);
        }
        using (FileStream file = File.Create(Path.Combine(folder.Path, "y.idx")))
            Idx.Write(file, [Rows], new byte[Rows]);
        SampleSet all = Load.Set("{dataset: {idx: {images: x.idx, labels: y.idx}}}", folder.Path).Train;
        Assert.NotNull(all.Rows);
        Assert.Equal([0, 200], [all[((long)Rows * Row) - 2], all[((long)Rows * Row) - 1]]);
        Assert.Equal([200, 0], [all.Pick([Rows - 1, 0])[Row - 1], all.Pick([Rows - 1, 0])[(2 * Row) - 1]]);
        ChannelStatistics last = ChannelStatistics.Of(all.Part([5, Rows - 1]))[Row - 1];
        Assert.Equal((0, 200, 100), (last.Minimum, last.Maximum, last.Mean));
    }

    private TrainingData Data(string yaml) => Load.Training($"{{{yaml}}}", folder.Path);

    private void AssertSame(string yaml, string train = "")
    {
        var runs = new List<(string Fingerprint, double[] Weights, EpochReport Report)>();
        foreach (string cache in new[] { "memory", "disk" })
        {
            TrainingData data = Data($"cache: {cache}, {yaml}");
            Assert.Equal(cache == "disk", data.Train.Rows is not null);
            string model = "[{conv: {filters: 3, kernel: 3}}, relu, flatten, {dense: 4}]";
            RunConfig config = ConfigBinder.Bind<RunConfig>(
                YamlReader.Read($"{{data: {{{yaml}}}, model: {model}, train: {{epochs: 2, {train}optimizer: {{sgd: {{lr: 0.05}}}}}}, diagnostics: {{every: 2}}}}", "c.yaml"), "config");
            using var device = new CpuDevice(2);
            using var trainer = new Trainer(config, data, device);
            RunResult result = trainer.Run();
            runs.Add((data.Fingerprint, [.. trainer.Network.Parameters.SelectMany(p => trainer.Model.Read(p))], result.Final));
        }
        Assert.Equal(runs[0].Fingerprint, runs[1].Fingerprint);
        Assert.Equal(runs[0].Weights, runs[1].Weights);
        Assert.Equal(runs[0].Report.Train, runs[1].Report.Train);
        Assert.Equal(runs[0].Report.Test, runs[1].Report.Test);
        Assert.Equal(runs[0].Report.Validation, runs[1].Report.Validation);
    }

    private void WriteIdx(string x, string y)
    {
        var random = new RandomStream(3, Purpose.Split, 0);
        using FileStream images = File.Create(Path.Combine(folder.Path, x)), labels = File.Create(Path.Combine(folder.Path, y));
        Idx.Write(images, [Count, Height, Width], [.. Enumerable.Range(0, Count * Size).Select(_ => (byte)random.NextInt(256))]);
        Idx.Write(labels, [Count], [.. Enumerable.Range(0, Count).Select(i => (byte)(i % 4))]);
    }

    // Pictures [N, H, W, 2] of wide numbers.
    private void WriteNpy(string x, string y, string type, Func<int, double, double>? change = null)
    {
        var random = new RandomStream(4, Purpose.Split, 0);
        double[] values = [.. Enumerable.Range(0, Count * Size).Select(i => Math.Round((random.NextNormal() * 1000) + 300))];
        if (change is not null)
            values = [.. values.Select((v, i) => change(i, v))];
        int[] sizes = [Count, Height, Width / 2, 2];
        using FileStream file = File.Create(Path.Combine(folder.Path, x)), labels = File.Create(Path.Combine(folder.Path, y));
        file.Write(Npy.Header(sizes, type switch { "f4" => NumberType.Float32, "f8" => NumberType.Float64, _ => NumberType.Int64 }));
        foreach (double v in values)
            file.Write(type switch { "f4" => BitConverter.GetBytes((float)v), "f8" => BitConverter.GetBytes(v / 3), _ => BitConverter.GetBytes((long)v << 30) });
        labels.Write(Npy.Header([Count], NumberType.UInt8));
        labels.Write([.. Enumerable.Range(0, Count).Select(i => (byte)(i % 4))]);
    }
}
