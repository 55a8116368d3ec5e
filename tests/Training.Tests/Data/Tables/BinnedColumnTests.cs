using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Kernels.Random;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>A number with <c>bins</c>: itself, and how far it has come through each range of the training part's values.</summary>
public sealed class BinnedColumnTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_binned_number_is_itself_and_its_position_in_each_range()
    {
        TrainingData data = Data("0,0,0,10,20,40", "15,-5,100,", 3);
        Assert.Equal(["x", "x from 0 to 10", "x from 10 to 20", "x from 20 to 40"], FittedInput.Of(data).Columns!.NumberNames);
        // A gap is the mean, 70 / 6, in its ranges too.
        Same([15, 1, 0.5, 0, -5, 0, 0, 0, 100, 1, 1, 1, 70 / 6.0, 1, 1 / 6.0, 0], Raw(data));
        Assert.Equal([false, true, true, true], data.Normalization.Scale.Zip(data.Normalization.Centre, (s, c) => s == 1 && c == 0));
        Assert.Null(FittedInput.Of(data).Problem());
    }

    [Theory]
    [InlineData("7,7,7,7", 1)] // no range between one value
    [InlineData("7,7,9,9", 2)] // one between two
    [InlineData("1,2,3,4", 4)] // three between four, however many are asked for
    public void There_are_no_more_ranges_than_distinct_values(string values, int width) =>
        Assert.Equal(width, Data(values, "7", 100).Train.Shape.Count);

    [Fact]
    public void Ranges_are_the_quantiles_that_numpy_finds()
    {
        Python.RequireSklearn();
        var jobs = new JsonArray();
        var ours = new List<double[]>();
        for (int job = 0; job < 20; job++)
        {
            var random = new RandomStream(47, Purpose.Explore, (uint)job);
            float[] train = Draw(60), test = Draw(20);
            int bins = 2 + random.NextInt(40);
            jobs.Add(new JsonObject { ["train"] = JsonSerializer.SerializeToNode(train), ["test"] = JsonSerializer.SerializeToNode(test), ["bins"] = bins });
            ours.Add(Raw(Data(Text(train), Text(test), bins)));

            // Most are one value, as of many columns of amounts.
            float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextInt(3) == 0 ? 0 : (float)(1000 * random.NextNormal()))];
        }
        double[][][] theirs = JsonSerializer.Deserialize<double[][][]>(Python.Oracle("bins.py", folder.Write("jobs.json", jobs.ToJsonString())))!;
        for (int job = 0; job < theirs.Length; job++)
            Same([.. theirs[job].SelectMany(r => r)], ours[job]);
    }

    [Fact]
    public void Ranges_that_do_not_ascend_are_refused()
    {
        var fit = new ColumnFit(ColumnType.Number) { Bins = 2, Edges = [0, 1, 2], Fill = [0.5, 0.5, 0] };
        Assert.Null(fit.Problem());
        Assert.NotNull((fit with { Edges = [0, 2, 1] }).Problem());
        Assert.NotNull((fit with { Edges = [0, double.NaN, 1] }).Problem());
        Assert.NotNull((fit with { Edges = [0, 1, 2, 3], Fill = [0, 0, 0, 0] }).Problem());
        Assert.NotNull((fit with { Fill = [0] }).Problem());
        Assert.NotNull((fit with { Bins = 0 }).Problem());
        Assert.NotNull((fit with { Type = ColumnType.Boolean, Edges = null, Fill = [0] }).Problem());
    }

    private static string Text(float[] values) => string.Join(',', values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));

    private TrainingData Data(string train, string test, int bins)
    {
        folder.Write("train.csv", Table(train));
        folder.Write("test.csv", Table(test));
        return Load.Training($"{{dataset: {{csv: {{path: train.csv, test: test.csv, label: y, columns: {{x: {{number: {{bins: {bins}}}}}}}}}}}}}", folder.Path);

        static string Table(string values) => "x,y\n" + string.Concat(values.Split(',').Select((v, i) => $"{v},{"pq"[i % 2]}\n"));
    }

    // Float32 has seven digits.
    private static void Same(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-6 * Math.Max(1, Math.Abs(expected[i])), $"number {i}: {actual[i]}, expected {expected[i]}");
    }

    private static double[] Raw(TrainingData data)
    {
        var values = new double[data.Test!.Count * data.Test.Shape.Count];
        data.Test.Read(0, values);
        return values;
    }
}
