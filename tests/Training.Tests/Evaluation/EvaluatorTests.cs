using System.Globalization;
using System.Text.Json;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Tests.Evaluation;

/// <summary>The figures of outputs and answers, against scikit-learn's and against numbers worked out by hand.</summary>
public sealed class EvaluatorTests
{
    private const double Tolerance = 1e-9;
    private const int EachKind = 200;

    private static readonly Random Random = new(5);

    [Fact]
    public void Every_figure_is_that_of_scikit_learn_on_random_outputs_with_ties_and_classes_that_do_not_occur()
    {
        Python.RequireSklearn();
        (object Case, EvaluationReport Report)[] all = [.. Enumerable.Range(0, EachKind * 6).Select(i => (i % 6) switch { 0 => Classes(2), 1 => Classes(3 + Random.Next(7)), 2 => Labels(), 3 => Masks(), 4 => Maps(), _ => Numbers() })];
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, JsonSerializer.Serialize(all.Select(a => a.Case)));
            using var told = JsonDocument.Parse(Python.Oracle("judged.py", file));
            int compared = 0;
            foreach ((JsonElement expected, (object Case, EvaluationReport Report) one) in told.RootElement.EnumerateArray().Zip(all))
            {
                JsonProperty[] figures = [.. expected.EnumerateObject().Where(p => p.Name is not ("per_class" or "confusion"))];
                Assert.Equal([.. figures.Select(p => p.Name).Order()], one.Report.Values.Select(v => v.Name).Order());
                RequireClasses(expected, one.Report);
                foreach (JsonProperty figure in figures)
                {
                    (double want, double got) = (figure.Value.GetDouble(), one.Report[figure.Name]);
                    Assert.True(Math.Abs(got - want) <= Tolerance * Math.Max(1, Math.Abs(want)), string.Create(CultureInfo.InvariantCulture, $"{figure.Name}: {got:R}, scikit-learn says {want:R}, of {JsonSerializer.Serialize(one.Case)}"));
                    compared++;
                }
            }
            Assert.True(compared > 8000);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void Maps_of_logits_are_judged_as_the_probabilities_of_each_place(int channels)
    {
        // Logits whose softmax over the channels (of one: sigmoid) is the target.
        const int Places = 4;
        float[] targets = [.. Enumerable.Range(0, channels * Places).Select(i => channels == 1 ? 0.1f + (0.2f * i) : (new float[] { 0.2f, 0.3f, 0.5f })[((i / Places) + i) % 3])];
        float[] logits = [.. targets.Select(t => channels == 1 ? MathF.Log(t / (1 - t)) : MathF.Log(t) + 2)];
        var samples = new SampleSet { Shape = new Kernels.Tensors.Shape(1, 2, 2), Count = 1, Reals = new float[4], Targets = targets, TargetSize = targets.Length, AnswerShape = new Kernels.Tensors.Shape(channels, 2, 2) };
        var evaluator = new Evaluator(new Training.Losses.KlDivergenceConfig(), samples, 0);
        evaluator.Add(logits, logits.Length);
        Assert.Equal(0, evaluator.Report()!["mae"], 1e-6);
        Assert.Contains("psnr", Evaluator.FiguresOf(new Training.Losses.KlDivergenceConfig(), samples, 0, samples.AnswerShape.Value));
    }

    [Fact]
    public void Three_of_four_right_with_one_class_never_predicted()
    {
        EvaluationReport report = Judge(new SoftmaxCrossEntropyConfig(), [0, 0, 1, 2], 3, [[2, 0, 0], [2, 1, 0], [0, 3, 0], [0, 1, 0]]);
        Assert.Equal(0.75, report["accuracy"]);
        Assert.Equal(2.0 / 3, report["balanced_accuracy"], 12);
        Assert.Equal([1, 0.5, 0], report.PerClass!.Select(c => c.Precision));
        Assert.Equal(1, report.Confusion![2, 1]);
        Assert.Equal(4, report.Reliability!.Sum(b => b.Samples));
    }

    [Fact]
    public void A_perfect_order_has_an_area_of_1_and_equal_scores_one_of_a_half()
    {
        Assert.Equal((1, 1), RankFigures.Of([0.1, 0.2, 0.8, 0.9], [false, false, true, true]));
        Assert.Equal((0.5, 0.25), RankFigures.Of([1, 1, 1, 1], [true, false, false, false]));
        Assert.True(double.IsNaN(RankFigures.Of([1, 2], [true, true]).RocAuc));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Non_finite_outputs_have_no_metrics(float output)
    {
        var evaluator = new Evaluator(new NumberLoss<MeanSquaredError>(), Set(3, labels: null, targets: [1, 2, 3]), 0);
        evaluator.Add([1, output], 1);
        evaluator.Add([3], 1);
        Assert.Null(evaluator.Report()!);
    }

    [Fact]
    public void Shares_between_0_and_1_are_held_against_probabilities_and_not_their_logits()
    {
        var evaluator = new Evaluator(new BinaryCrossEntropyConfig(), Set(2, labels: null, targets: [0.5f, 0.25f]), 0);
        evaluator.Add([0, (float)Math.Log(3)], 1); // probabilities of 1/2 and 3/4
        Assert.Equal(0.25, evaluator.Report()!["mae"], 6);
    }

    [Fact]
    public void A_class_whose_probability_is_0_in_a_double_has_a_finite_loss() =>
        Assert.Equal(2000, Judge(new SoftmaxCrossEntropyConfig(), [0], 2, [[0, 2000]])["log_loss"], 9);

    private static void RequireClasses(JsonElement expected, EvaluationReport report)
    {
        if (!expected.TryGetProperty("per_class", out JsonElement rows))
        {
            Assert.Null(report.PerClass);
            return;
        }
        double[][] got = [.. report.PerClass!.Select(c => new[] { c.Precision, c.Recall, c.F1, c.Support, c.Iou })], want = rows.Deserialize<double[][]>()!;
        Assert.Equal(want.Length, got.Length);
        foreach ((double[] one, double[] other) in want.Zip(got))
            Assert.All(one.Zip(other), v => Assert.Equal(v.First, v.Second, Tolerance));
        if (expected.TryGetProperty("confusion", out JsonElement confusion))
            Assert.Equal(confusion.Deserialize<long[][]>()!.SelectMany(r => r), report.Confusion!.Cast<long>());
    }

    private static (object, EvaluationReport) Classes(int classes)
    {
        int n = 1 + Random.Next(60), used = 1 + Random.Next(classes);
        bool one = classes == 2 && Random.Next(2) == 0, logits = Random.Next(4) > 0;
        int[] labels = [.. Enumerable.Range(0, n).Select(_ => Random.Next(used))];
        float[][] outputs = [.. labels.Select(l => Row(one ? 1 : classes, l))];
        if (logits && classes > 2)
            Scatter(outputs);
        LossConfig loss = (logits, one) switch { (true, true) => new BinaryCrossEntropyConfig(), (true, false) => new SoftmaxCrossEntropyConfig(), (false, true) => new NumberLoss<MeanSquaredError>(), _ => new HingeConfig() };
        return (new { kind = "classes", outputs = Exact(outputs), labels, classes, logits }, Judge(loss, labels, classes, outputs));
    }

    private static (object, EvaluationReport) Labels()
    {
        int n = 1 + Random.Next(40), size = 2 + Random.Next(5);
        int[][] labels = [.. Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, size).Select(l => l == 0 ? 0 : Random.Next(2)).ToArray())];
        float[][] outputs = [.. labels.Select(_ => Row(size, 0))];
        var evaluator = new Evaluator(new BinaryCrossEntropyConfig(), Set(n, null, [.. labels.SelectMany(l => l.Select(v => (float)v))]), 0);
        evaluator.Add([.. outputs.SelectMany(o => o)], size);
        return (new { kind = "labels", outputs = Exact(outputs), labels }, evaluator.Report()!);
    }

    private static (object, EvaluationReport) Numbers()
    {
        int n = 2 + Random.Next(40), size = 1 + Random.Next(3);
        bool constant = Random.Next(5) == 0;
        float[][] targets = [.. Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, size).Select(_ => constant ? 3f : (float)(Random.NextDouble() * 100)).ToArray())];
        float[][] outputs = [.. targets.Select(t => t.Select(v => v + (float)Random.NextDouble()).ToArray())];
        var evaluator = new Evaluator(new NumberLoss<MeanSquaredError>(), Set(n, null, [.. targets.SelectMany(t => t)]), 0);
        evaluator.Add([.. outputs.SelectMany(o => o)], size);
        return (new { kind = "numbers", outputs = Exact(outputs), targets = Exact(targets) }, evaluator.Report()!);
    }

    // Some pixels have no class, and some classes no pixel.
    private static (object, EvaluationReport) Masks()
    {
        int n = 1 + Random.Next(5), classes = 2 + Random.Next(4), used = 1 + Random.Next(classes), height = 1 + Random.Next(6), width = 1 + Random.Next(6), pixels = height * width;
        bool one = classes == 2 && Random.Next(2) == 0;
        byte[] mask = [.. Enumerable.Range(0, n * pixels).Select(i => i > 0 && Random.Next(8) == 0 ? SampleSet.Ignored : (byte)Random.Next(used))];
        float[][] outputs = [.. Enumerable.Range(0, n).Select(_ => Row((one ? 1 : classes) * pixels, -1))];
        var set = new SampleSet { Shape = new Shape(1, height, width), Count = n, Bytes = new byte[n * pixels], Mask = mask, AnswerShape = new Shape(height, width) };
        var evaluator = new Evaluator(one ? new BinaryCrossEntropyConfig() : new DiceConfig(), set, classes);
        foreach (float[] sample in outputs)
            evaluator.Add(sample, sample.Length);
        int[][] labels = [.. mask.Chunk(pixels).Select(m => m.Select(v => v == SampleSet.Ignored ? -1 : v).ToArray())];
        return (new { kind = "masks", outputs = Exact(outputs), labels, classes }, evaluator.Report()!);
    }

    // Images as targets, or the sample itself, of bytes that the network sees scaled.
    private static (object, EvaluationReport) Maps()
    {
        int n = 1 + Random.Next(4), size = 2 * 3 * 4;
        bool itself = Random.Next(2) == 0;
        double[] scale = itself ? [0.25, 0.5] : [1, 1], centre = itself ? [3, 100] : [0, 0];
        byte[] bytes = [.. Enumerable.Range(0, n * size).Select(_ => (byte)Random.Next(256))];
        float[] targets = [.. bytes.Select((b, i) => (float)((b - centre[i / 12 % 2]) * scale[i / 12 % 2]))];
        float[] outputs = [.. targets.Select(t => t + (Random.Next(-8, 9) / 4f))];
        var set = new SampleSet
        {
            Shape = new Shape(2, 3, 4),
            Count = n,
            Bytes = bytes,
            TargetIsInput = itself,
            Targets = itself ? null : targets,
            TargetSize = size,
            AnswerShape = new Shape(2, 3, 4),
        };
        var evaluator = new Evaluator(new NumberLoss<MeanSquaredError>(), set, 0, new Normalization(scale, centre));
        evaluator.Add(outputs, size);
        return (new { kind = "maps", outputs = Exact([outputs])[0], targets = Exact([targets])[0], scale = scale.SelectMany(s => Enumerable.Repeat(s, 12)).ToArray(), range = itself ? 255.0 : targets.Max() - targets.Min() }, evaluator.Report()!);
    }

    // A float's shortest decimals are not the float.
    private static double[][] Exact(float[][] rows) => Array.ConvertAll(rows, r => Array.ConvertAll(r, v => (double)v));

    // Probabilities of three classes that are equal by formula differ in their last bits: ties are rows that are equal as a whole.
    private static void Scatter(float[][] rows)
    {
        for (int i = 0; i < rows.Length; i++)
            rows[i] = i > 0 && Random.Next(3) == 0 ? rows[Random.Next(i)] : [.. rows[i].Select(v => v + (float)Random.NextDouble())];
    }

    // Halves, so that there are ties; the right class a little ahead.
    private static float[] Row(int size, int label) =>
        [.. Enumerable.Range(0, size).Select(c => (Random.Next(-6, 7) / 2f) + (c == label || (size == 1 && label == 1) ? 1 : 0))];

    private static EvaluationReport Judge(LossConfig loss, int[] labels, int classes, float[][] outputs)
    {
        var evaluator = new Evaluator(loss, Set(labels.Length, labels, null), classes);
        foreach (float[] row in outputs) // a batch a sample
            evaluator.Add(row, row.Length);
        return evaluator.Report()!;
    }

    private static SampleSet Set(int count, int[]? labels, float[]? targets) => new()
    {
        Shape = new Shape(1),
        Count = count,
        Reals = new float[count],
        Labels = labels,
        Targets = targets,
        TargetSize = targets is null ? 0 : targets.Length / count,
    };
}
