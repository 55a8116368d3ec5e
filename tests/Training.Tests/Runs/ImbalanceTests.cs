using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Tests.Health;

namespace GpuGrad.Training.Tests.Runs;

/// <summary>Rare classes: made to count more, or to come more often.</summary>
public sealed class ImbalanceTests
{
    // 40, 8 and 2 samples of three classes.
    private static readonly int[] Labels = [.. Enumerable.Range(0, 50).Select(i => i % 25 == 7 ? 2 : i % 6 == 1 && i < 46 ? 1 : 0)];

    private static string Yaml(string loss, string data = "", string train = "") => $$$"""
        seed: 6
        device: cpu
        data: {dataset: {npz: rare.npz}, batch: 8, test: 0.2{{{data}}}}
        model: [{dense: 3}]
        loss: {{{loss}}}
        train: {epochs: 3, optimizer: {sgd: {lr: 0.1}}{{{train}}}}
        diagnostics: {every: 0}
        """;

    private static void Files(string folder)
    {
        var random = new Random(1);
        NpzWriter.Save(Path.Combine(folder, "rare.npz"), npz =>
        {
            npz.Add("x", [50, 2], [.. Labels.SelectMany(l => new[] { (float)(l + random.NextDouble()), (float)random.NextDouble() })]);
            npz.Add("y", [50], Labels);
        });
    }

    [Theory]
    [InlineData("{softmax-cross-entropy: {class-weights: balanced}}", "softmax-cross-entropy")]
    [InlineData("{focal: {class-weights: balanced}}", "focal")]
    public void Balanced_weights_are_those_of_the_training_samples_and_stand_in_the_config_of_the_run(string loss, string name)
    {
        using var balanced = new TestRun(Yaml(loss), prepare: Files);
        int[] train = balanced.Data.Train.Labels!;
        double[] expected = [.. Enumerable.Range(0, 3).Select(c => 1 / (3 * ((double)train.Count(l => l == c) / train.Length)))];
        string numbers = string.Join(", ", expected.Select(w => w.ToString("R", System.Globalization.CultureInfo.InvariantCulture)));
        using var explicitly = new TestRun(Yaml($"{{{name}: {{class-weights: [{numbers}]}}}}"), prepare: Files);
        balanced.Run();
        explicitly.Run();
        Assert.Equal(explicitly.Weights(), balanced.Weights());
        Assert.Equal(explicitly.Folder.ReadSummary().TestLoss, balanced.Folder.ReadSummary().TestLoss);
        // Whoever evaluates other data later weighs them as training did.
        using Tools.TrainedModel trained = Tools.TrainedModel.Open(balanced.Folder.Path);
        Assert.Equal(expected, trained.Config.Loss.Parts.Select(l => l is SoftmaxCrossEntropyConfig s ? s.ClassWeights! : ((ClassLoss)l).ClassWeights!).Single());
    }

    [Theory]
    [InlineData("targets: [a, b, c]", 3)]
    [InlineData("label: a", 2)]
    public void A_balanced_positive_weight_is_negatives_over_positives_of_each_label(string answers, int outputs)
    {
        using var balanced = Labelled("balanced");
        double[] shares = balanced.Data.Train.Labels is { } labels
            ? [labels.Average(l => 1.0 - l), labels.Average()]
            : [.. Enumerable.Range(0, 3).Select(l => Enumerable.Range(0, balanced.Data.Train.Count).Average(i => (double)balanced.Data.Train.Targets![(i * 3) + l]))];
        double[] expected = [.. shares.Select(s => (1 - s) / s)];
        using var explicitly = Labelled($"[{string.Join(", ", expected.Select(w => w.ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}]");
        balanced.Run();
        explicitly.Run();
        Assert.Equal(explicitly.Weights(), balanced.Weights());
        using Tools.TrainedModel trained = Tools.TrainedModel.Open(balanced.Folder.Path);
        Assert.Equal(expected, ((BinaryCrossEntropyConfig)trained.Config.Loss).PositiveWeight);
        // One number would not do.
        using var plain = Labelled("1");
        plain.Run();
        Assert.NotEqual(plain.Weights(), balanced.Weights());

        TestRun Labelled(string weight) => new(
            $$"""
            seed: 6
            device: cpu
            data:
              dataset:
                csv:
                  path: songs.csv
                  {{answers}}
                  ignore: [{{(outputs == 2 ? "b, c" : "")}}]
              batch: 8
              test: 0.2
            model:
              - dense: {{outputs}}
            loss:
              bce-with-logits:
                positive-weight: {{weight}}
            train:
              epochs: 3
              optimizer:
                sgd: {lr: 0.1}
            diagnostics: {every: 0}
            """,
            prepare: folder => File.WriteAllText(Path.Combine(folder, "songs.csv"), "x,a,b,c\n" + string.Concat(Enumerable.Range(0, 60).Select(i => FormattableString.Invariant($"{i % 7},{(i % 7 > 4 ? 1 : 0)},{(i % 9 == 0 ? "yes" : "no")},{i % 2}\n")))));
    }

    [Theory]
    [InlineData("[1, 2]", "positive-weight has 2 numbers; expected 3, one for each class")]
    [InlineData("[1, 0, 2]", "expected a number above 0")]
    [InlineData("-1", "expected a number above 0")]
    [InlineData("heavy", "expected a number above 0, one for each label, or balanced")]
    public void Positive_weights_that_cannot_be_meant_are_refused(string weight, string says)
    {
        GpuGradException refused = Assert.ThrowsAny<GpuGradException>(() =>
            Networks.ModelCheck.Check(RunConfigFile.Load("test.yaml", text: $"data: {{shape: [2], classes: 3}}\nmodel: [{{dense: 3}}]\nloss: {{bce-with-logits: {{positive-weight: {weight}}}}}\n").Config));
        Assert.Equal(Fault.Config, refused.Fault);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Balanced_sampling_gives_every_class_the_same_number_of_samples_and_uses_all_of_them()
    {
        var data = new DataConfig { Sampling = Sampling.Balanced };
        var train = new SampleSet { Shape = new(2), Count = 50, Labels = Labels };
        var seen = new int[50];
        for (int epoch = 0; epoch < 4; epoch++)
        {
            int[] order = EpochOrder.Of(data, train, 9, epoch);
            Assert.Equal(order, EpochOrder.Of(data, train, 9, epoch));
            Assert.Equal(50, order.Length);
            int[] counts = [.. Enumerable.Range(0, 3).Select(c => order.Count(i => Labels[i] == c))];
            Assert.All(counts, n => Assert.InRange(n, 16, 17));
            // A class with fewer samples than its share gives each of them as often as the next.
            int[] rare = [.. Enumerable.Range(0, 50).Where(i => Labels[i] == 2).Select(i => order.Count(o => o == i))];
            Assert.True(rare.Max() - rare.Min() <= 1);
            foreach (int i in order)
                seen[i]++;
        }
        Assert.DoesNotContain(0, seen.Where((_, i) => Labels[i] > 0));
        Assert.NotEqual(EpochOrder.Of(data, train, 9, 0), EpochOrder.Of(data, train, 9, 1));
        Assert.NotEqual(EpochOrder.Of(data, train, 9, 0), EpochOrder.Of(data, train, 10, 0));
    }

    [Fact]
    public void Without_balanced_sampling_the_order_of_an_epoch_is_unchanged()
    {
        var train = new SampleSet { Shape = new(2), Count = 50, Labels = Labels };
        Assert.Equal(new Kernels.Random.RandomStream(3, Kernels.Random.Purpose.Shuffle, 2).Permutation(50), EpochOrder.Of(new DataConfig(), train, 3, 2));
        Assert.Equal(Enumerable.Range(0, 50), EpochOrder.Of(new DataConfig { Shuffle = false }, train, 3, 2));
    }

    [Fact]
    public void A_class_that_is_rare_is_found_with_balanced_sampling_and_with_balanced_weights()
    {
        // One in twenty, its mean 1.5 deviations beside that of the others: guessing the common class is right nearly always.
        static void Overlapping(string folder)
        {
            var random = new Kernels.Random.RandomStream(2, Kernels.Random.Purpose.Generate);
            int[] labels = [.. Enumerable.Range(0, 800).Select(i => i % 20 == 0 ? 1 : 0)];
            NpzWriter.Save(Path.Combine(folder, "rare.npz"), npz =>
            {
                npz.Add("x", [800, 2], [.. labels.SelectMany(l => new[] { (float)((1.5 * l) + random.NextNormal()), (float)random.NextNormal() })]);
                npz.Add("y", [800], labels);
            });
        }
        double Judged(string loss, string data)
        {
            using var run = new TestRun(Yaml(loss, data).Replace("dense: 3", "dense: 2", StringComparison.Ordinal).Replace("0.2", "0.5", StringComparison.Ordinal), prepare: Overlapping);
            return run.Run().Final.TestReport!["balanced_accuracy"];
        }
        double plain = Judged("softmax-cross-entropy", ""), sampled = Judged("softmax-cross-entropy", ", sampling: balanced"), weighted = Judged("{softmax-cross-entropy: {class-weights: balanced}}", "");
        Assert.True(sampled > plain + 0.1, $"{sampled} sampled, {plain} without");
        Assert.True(weighted > plain + 0.1, $"{weighted} weighted, {plain} without");
    }

    [Theory]
    [InlineData("data: {dataset: {linear: {train: 20, test: 5}}, sampling: balanced}\nmodel: [{dense: 1}]\nloss: mse\n", "data.sampling: balanced is about the class of each sample, and these have none")]
    [InlineData("data: {dataset: moons, sampling: balanced, shuffle: false}\nmodel: [{dense: 2}]\n", "data.sampling: balanced draws the samples of an epoch at random, which 'shuffle: false' rules out")]
    [InlineData("data: {dataset: moons, sampling: even}\nmodel: [{dense: 2}]\n", "sampling is 'even'; known are uniform, balanced")]
    [InlineData("data: {dataset: moons}\nmodel: [{dense: 2}]\nloss: {softmax-cross-entropy: {class-weights: even}}\n", "class-weights is 'even'; expected a number for each class, or balanced")]
    [InlineData("data: {dataset: moons}\nmodel: [{dense: 2}]\nloss: {softmax-cross-entropy: {class-weights: [1, 2, 3]}}\n", "class-weights has 3 numbers; expected 2, one per class")]
    public void What_cannot_be_balanced_is_refused(string yaml, string message)
    {
        var e = Assert.ThrowsAny<GpuGradException>(() =>
        {
            Networks.ModelCheck.Check(ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "c.yaml"), "the config"));
            new TestRun(yaml).Dispose();
        });
        Assert.Equal(Fault.Config, e.Fault);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }
}
