using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Kernels.Random;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Gaps, scaling and one-hot columns are scikit-learn's: SimpleImputer, StandardScaler and OneHotEncoder, fitted on the training part.</summary>
public sealed class ScikitLearnTests : IDisposable
{
    private const int Jobs = 40, Rows = 30, Others = 9, Columns = 3;

    private static readonly string[] Strategies = ["mean", "median", "most_frequent", "constant"];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Tables_become_the_numbers_that_scikit_learn_makes_of_them()
    {
        Python.RequireSklearn();
        var jobs = new JsonArray();
        var ours = new List<double[][]>();
        for (int job = 0; job < Jobs; job++)
        {
            var random = new RandomStream(31, Purpose.Explore, (uint)job);
            bool indicator = job % 5 == 4;
            string strategy = indicator ? "mean" : Strategies[job % 5];
            double?[][] train = Numbers(random, Rows), test = Numbers(random, Others);
            string[] categories = [.. train.Select(_ => "abcd"[random.NextInt(4)].ToString())], others = [.. test.Select(_ => "abcde"[random.NextInt(5)].ToString())];
            jobs.Add(new JsonObject
            {
                ["train"] = JsonSerializer.SerializeToNode(train),
                ["test"] = JsonSerializer.SerializeToNode(test),
                ["strategy"] = strategy,
                ["indicator"] = indicator,
                ["fill"] = strategy == "constant" ? -3 : null,
                ["categories"] = JsonSerializer.SerializeToNode(categories),
                ["others"] = JsonSerializer.SerializeToNode(others),
            });
            ours.Add(Encode(train, categories, test, others, indicator ? "indicator" : strategy.Replace('_', '-')));
        }
        string path = folder.Write("jobs.json", jobs.ToJsonString());
        double[][][] theirs = JsonSerializer.Deserialize<double[][][]>(Python.Oracle("tables.py", path))!;
        for (int job = 0; job < Jobs; job++)
        {
            for (int row = 0; row < Others; row++)
            {
                Assert.Equal(theirs[job][row].Length, ours[job][row].Length);
                for (int c = 0; c < theirs[job][row].Length; c++)
                    Assert.True(Math.Abs(theirs[job][row][c] - ours[job][row][c]) <= 1e-9 * Math.Max(1, Math.Abs(theirs[job][row][c])), $"job {job}, row {row}, number {c}: {ours[job][row][c]}, scikit-learn {theirs[job][row][c]}");
            }
        }
    }

    // The first column never has a gap in training, the others have; every tenth number is equal to others.
    private static double?[][] Numbers(RandomStream random, int rows) =>
        [.. Enumerable.Range(0, rows).Select(i => Enumerable.Range(0, Columns).Select(c => i > 2 && c > 0 && random.NextInt(4) == 0 ? (double?)null : random.NextInt(10) == 0 ? 5 : 1000 * c + random.NextNormal()).ToArray())];

    // In scikit-learn's order: numbers, indicators, categories without the one for those that training has not seen.
    private double[][] Encode(double?[][] train, string[] categories, double?[][] test, string[] others, string strategy)
    {
        folder.Write("train.csv", Text(train, categories));
        folder.Write("test.csv", Text(test, others));
        string number = strategy == "constant" ? "{number: {missing: constant, fill: -3}}" : $"{{number: {{missing: {strategy}}}}}";
        TrainingData data = Load.Training($"{{dataset: {{csv: {{path: train.csv, test: test.csv, label: y, columns: {{c0: {number}, c1: {number}, c2: {number}}}}}}}}}", folder.Path);
        bool indicator = strategy == "indicator";
        int width = data.Train.Shape.Count, seen = categories.Distinct().Count();
        int[] order = indicator
            ? [0, 1, 3, .. new[] { 2, 4 }, .. Enumerable.Range(5, seen)]
            : [0, 1, 2, .. Enumerable.Range(3, seen)];
        return [.. Enumerable.Range(0, Others).Select(row =>
        {
            var values = new double[width];
            data.Test!.Read((long)row * width, values);
            data.Normalization.Apply(values, 0, 1);
            return order.Select(i => values[i]).ToArray();
        })];
    }

    private static string Text(double?[][] rows, string[] categories) =>
        "c0,c1,c2,k,y\n" + string.Concat(rows.Select((r, i) => $"{string.Join(',', r.Select(v => v?.ToString("R", CultureInfo.InvariantCulture) ?? ""))},{categories[i]},{(i % 2 == 0 ? "p" : "q")}\n"));
}
