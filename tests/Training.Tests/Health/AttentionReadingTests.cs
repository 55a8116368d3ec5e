using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.Explanations;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Tools;
using Picture = GpuGrad.Training.Data.Formats.Picture;

namespace GpuGrad.Training.Tests.Health;

/// <summary>Where attention looks, which heads are dead and which attend to all steps equally.</summary>
public sealed class AttentionReadingTests
{
    private const int Steps = 6, Width = 8, Heads = 2;

    private static string Yaml(string settings) => $$"""
        seed: 5
        data: {dataset: {random: {shape: [{{Steps}}], train: 24, test: 40, classes: 4, ids: 9} }, batch: 8}
        model: [{embedding: {rows: 9, width: {{Width}}, name: tokens} }, {attention: {heads: {{Heads}}, name: look{{settings}} } }, {time-pool: mean}, {dense: 4}]
        train: {epochs: 1, optimizer: {sgd: {lr: 0.001} } }
        diagnostics: {every: 0, init-audit: false}
        """;

    [Theory]
    [InlineData("", false, Heads)]
    [InlineData(", causal: true", true, Heads)]
    [InlineData(", kv-heads: 1", false, 1)]
    public void Maps_are_the_softmax_of_queries_and_keys(string settings, bool causal, int groups)
    {
        NetworkExplanation explanation = Explain(Yaml(settings), null);
        double[] x = explanation.Layers.Single(l => l.Path == "tokens").Values;
        double[] weight = explanation.Layers.Single(l => l.Path == "look").Weights.Single(w => w.Parameter.Name == "look.in_proj_weight").Values;
        AttentionReading reading = Assert.Single(explanation.Attention);
        Assert.Equal(("look", 1, Heads, Heads), (reading.Layer, reading.Samples, reading.Heads.Count, reading.Maps.Count));
        for (int head = 0; head < Heads; head++)
        {
            int key = Heads + (groups == 1 ? 0 : head), width = Width / Heads;
            for (int t = 0; t < Steps; t++)
            {
                double[] scores = [.. Enumerable.Range(0, causal ? t + 1 : Steps).Select(j => Math.Exp(Dot(Project(t, head), Project(j, key)) / Math.Sqrt(width)))];
                for (int j = 0; j < Steps; j++)
                    Assert.Equal(j < scores.Length ? scores[j] / scores.Sum() : 0, reading.Maps[head][t, j], 1e-12);
            }
            double[] Project(int step, int part) => [.. Enumerable.Range(part * width, width).Select(row => Enumerable.Range(0, Width).Sum(i => weight[(row * Width) + i] * x[(step * Width) + i]))];
        }
    }

    [Fact]
    public void Steps_that_are_padding_are_not_on_the_map()
    {
        NetworkExplanation explanation = Explain(Yaml(""), [4]);
        double[,] map = explanation.Attention[0].Maps[1];
        Assert.Equal((4, 4), (map.GetLength(0), map.GetLength(1)));
        for (int t = 0; t < 4; t++)
            Assert.Equal(1, Enumerable.Range(0, 4).Sum(j => map[t, j]), 1e-12);
    }

    [Fact]
    public void A_head_without_columns_is_dead_and_one_without_queries_attends_to_all_steps_equally()
    {
        IReadOnlyList<AttentionReading> reading = Trained(run =>
        {
            run.Edit("look.out_proj.weight", w => Clear(w, i => i % Width >= Width / Heads)); // the second head's columns
            run.Edit("look.in_proj_weight", w => Clear(w, i => i / Width < Width / Heads)); // the first head's queries
            run.Edit("look.in_proj_weight", w => Times(w, i => i / Width is >= Width / Heads and < 2 * Width, 20)); // so that the second looks sharply
        });
        AttentionHead first = reading[0].Heads[0], second = reading[0].Heads[1];
        Assert.Equal(32, reading[0].Samples);
        Assert.Equal((true, false, 1.0), (first.IsUniform, first.IsDead, first.Share));
        Assert.Equal(1, first.Entropy, 1e-6);
        Assert.Equal((false, true), (second.IsUniform, second.IsDead));
        Assert.InRange(second.Share, 0, 1e-6);
        Assert.InRange(second.Entropy, 0, 0.9);
        string verdict = AttentionPictures.Verdict(reading);
        Assert.Contains("Dead heads over 32 samples: look: 1:", verdict, StringComparison.Ordinal);
        Assert.Contains("equally over 32 samples: look: 0:", verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_shows_a_picture_of_every_head()
    {
        IReadOnlyList<AttentionReading> reading = Trained(_ => { });
        var drawn = new HtmlPage("heads");
        AttentionPictures.AddTo(drawn, reading);
        string page = drawn.ToString();
        Assert.Equal(Heads, page.Split("<img").Length - 1);
        Assert.Contains("look, head 1: entropy ", page, StringComparison.Ordinal);
        Assert.Contains(AttentionPictures.Verdict(reading), page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_map_is_drawn_by_the_largest_weight_of_each_block()
    {
        var map = new double[600, 600];
        (map[599, 1], map[0, 0]) = (0.5, 0.25);
        Picture picture = AttentionPictures.Draw(map);
        Assert.Equal((200, 200, 255, 128, 0), (picture.Width, picture.Height, picture.Pixels[199 * 200], picture.Pixels[0], picture.Pixels[100]));
    }

    private static IReadOnlyList<AttentionReading> Trained(Action<TestRun> edit)
    {
        using var run = new TestRun(Yaml(""), overrides: ["train.optimizer={sgd: {lr: 1e-9}}"]);
        edit(run);
        run.Run();
        run.Session.Dispose();
        using var device = new CpuDevice(1);
        using TrainedModel trained = TrainedModel.Open(run.Folder.Path);
        return AttentionReading.Of(trained, run.Data.Test!, device);
    }

    private static NetworkExplanation Explain(string yaml, int[]? lengths)
    {
        RunConfig config = RunConfigFile.Load("test.yaml", text: yaml).Config;
        var sample = new SampleSet { Shape = new Shape(Steps), Count = 1, Reals = [3, 1, 4, 1, 5, 2], Labels = [2], Lengths = lengths };
        Network network = Network.Build(config.Model, new Shape(Steps));
        return NetworkExplanation.Of(config, network, sample, Normalization.None(Steps), model => model.Initialise(config.Seed));
    }

    private static void Clear(double[] values, Func<int, bool> where) => Times(values, where, 0);

    private static void Times(double[] values, Func<int, bool> where, double factor)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] *= where(i) ? factor : 1;
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
