using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>Batch norm over the samples of all ranks is that of one process.</summary>
public sealed class SynchronisedNormTests : RanksInThreads
{
    [Fact]
    public void Statistics_of_batch_norms_are_the_mean_of_those_of_the_ranks()
    {
        RunConfig config = Config("softmax-cross-entropy", "batch: 12", "optimizer: {sgd: {lr: 0}}", "[batchnorm, {dense: 3}]");
        Trained alone = Train("cpu", config, null);
        Trained[] ranks = ThreadRanks.Run(2, r => Train("cpu", config, r));
        Assert.Equal(ranks[0].Means, ranks[1].Means);
        Assert.Equal(ranks[0].Variances, ranks[1].Variances);
        // Halves are as long: the mean of their means is that of the whole batch. Variances are those within the halves.
        Assert.Null(Tolerance.Agreement.Explain("running means", alone.Means, ranks[0].Means));
        Assert.All(ranks[0].Variances.Zip(alone.Variances), v => Assert.InRange(v.First / v.Second, 0.5, 1.5));
    }

    [Theory]
    [InlineData("softmax-cross-entropy", "batch: 12", "optimizer: {sgd: {lr: 0.2, momentum: 0.9}}", "")]
    [InlineData("{softmax-cross-entropy: {class-weights: [0, 3, 1]}}", "batch: 6", "optimizer: {sgd: {lr: 0.1}}, accumulate: 3, penalty: {l2: 0.01}", ", affine: false")]
    [InlineData("{softmax-cross-entropy: {class-weights: [7, 0.5, 1]}}", "batch: 11", "optimizer: {sgd: {lr: 0.1, momentum: 0.9}}, clip: {norm: 0.5}", ", momentum: 0.4")]
    public void Synchronised_batch_norm_is_that_of_one_process(string loss, string data, string train, string norm)
    {
        string model = $"[{{dense: {{units: 6, init: {{normal: {{std: 0.3}}}}}}}}, {{batchnorm: {{sync: true{norm}}}}}, tanh, {{dense: {{units: 3, init: {{normal: {{std: 0.3}}}}}}}}]";
        RunConfig config = Config(loss, data, train, model);
        foreach (string id in new[] { "cpu", "reference" })
        {
            Trained alone = Train(id, config, null);
            foreach (int size in new[] { 2, 3, 5 })
            {
                Trained[] ranks = ThreadRanks.Run(size, r => Train(id, config, r));
                Assert.All(ranks, r => Assert.Equal(ranks[0].Weights, r.Weights)); // running statistics among them
                Assert.Null(Tolerance.Agreement.Explain($"weights of {size} ranks on {id}", alone.Weights, ranks[0].Weights));
                Assert.Null(Tolerance.Agreement.Explain($"losses of {size} ranks on {id}", alone.Losses, ranks[0].Losses));
                Assert.Null(Tolerance.Agreement.Explain($"running means of {size} ranks on {id}", alone.Means, ranks[0].Means));
                Assert.Null(Tolerance.Agreement.Explain($"running variances of {size} ranks on {id}", alone.Variances, ranks[0].Variances));
            }
        }
    }

    [Fact]
    public void Synchronised_batch_norm_of_convolutions_is_that_of_one_process_and_without_sync_it_is_not()
    {
        string Model(bool sync) => $"[{{conv: {{filters: 3, kernel: 3}}}}, {{batchnorm: {{sync: {(sync ? "true" : "false")}}}}}, relu, {{conv: {{filters: 4, kernel: 3}}}}, {{batchnorm: {{sync: {(sync ? "true" : "false")}}}}}, relu, flatten, {{dense: 10}}]";
        RunConfig config = Digits(Model(sync: true)), without = Digits(Model(sync: false));
        Trained alone = Train("cpu", config, null);
        Trained ranks = ThreadRanks.Run(3, r => Train("cpu", config, r))[0], apart = ThreadRanks.Run(3, r => Train("cpu", without, r))[0];
        Assert.All(alone.Losses.Zip(ranks.Losses), l => Assert.Equal(l.First, l.Second, 1e-5));
        Assert.Null(Tolerance.Agreement.Explain("running variances", alone.Variances, ranks.Variances));
        Assert.Contains(alone.Losses.Zip(apart.Losses), l => Math.Abs(l.First - l.Second) > 1e-3);
    }

    // The loss of the whole batch as the ranks have it, at weights a little to either side, against what a step of them moved the weight by.
    [Fact]
    public void Gradients_over_ranks_equal_central_differences_of_their_loss()
    {
        const string Model = "[{dense: {units: 4, init: {normal: {std: 0.5}}}}, {batchnorm: {sync: true}}, tanh, {dense: {units: 3, init: {normal: {std: 0.5}}}}]";
        RunConfig Rate(string lr) => Config("{softmax-cross-entropy: {class-weights: [2, 0.5, 1]}}", "batch: 46", $"optimizer: {{sgd: {{lr: {lr}}}}}, epochs: 1", Model);
        const double Step = 1e-5;
        (double[] before, _) = OneStep(Rate("0"), null);
        (double[] after, _) = OneStep(Rate("1"), null);
        for (int i = 0; i < before.Length; i++)
        {
            (_, double up) = OneStep(Rate("0"), (i, Step));
            (_, double down) = OneStep(Rate("0"), (i, -Step));
            double numeric = (up - down) / (2 * Step), exact = before[i] - after[i];
            Assert.True(Math.Abs(numeric - exact) <= 1e-5 * (1 + Math.Abs(exact)), $"weight {i}: {numeric} and {exact}");
        }
    }

    [Fact]
    public void Synchronised_batch_norm_refuses_a_batch_of_one_value_and_takes_one_for_each_rank()
    {
        const string Model = "[{dense: 4}, {batchnorm: {sync: true}}, {dense: 3}]";
        RunConfig config = Config("softmax-cross-entropy", "batch: 3", "optimizer: {sgd: {lr: 0.1}}", Model); // 46 = 15 · 3 + 1
        Assert.Contains("more than one value a channel", Assert.ThrowsAny<GpuGradException>(() => ThreadRanks.Run(3, r => Train("cpu", config, r))).Message, StringComparison.Ordinal);
        RunConfig dropping = Config("softmax-cross-entropy", "batch: 3, drop-last: true", "optimizer: {sgd: {lr: 0.1}}", Model);
        Trained alone = Train("cpu", dropping, null), ranks = ThreadRanks.Run(3, r => Train("cpu", dropping, r))[0];
        Assert.Null(Tolerance.Agreement.Explain("losses", alone.Losses, ranks.Losses));
    }

    private static (double[] Trained, double Loss) OneStep(RunConfig config, (int Index, double By)? moved) => ThreadRanks.Run(3, r =>
    {
        using Device device = DeviceCatalog.Open("reference", 1);
        var losses = new Losses();
        using var trainer = new Trainer(config, Load(config), device, losses, r);
        Parameter[] trained = [.. trainer.Network.Parameters.Where(p => p.Trained)];
        int first = 0;
        foreach (Parameter p in trained)
        {
            double[] values = trainer.Model.Read(p);
            if (moved is { } m && m.Index >= first && m.Index < first + values.Length)
            {
                values[m.Index - first] += m.By;
                trainer.Model.Write(p, values);
            }
            first += values.Length;
        }
        trainer.Run();
        return (trained.SelectMany(p => trainer.Model.Read(p)).ToArray(), losses.All[0]);
    })[0];

    private RunConfig Digits(string model)
    {
        File.WriteAllText(folder["digits.yaml"], $"""
            data: {"{"}dataset: {"{"}digits: {"{"}train: 90, test: 30{"}}"}, batch: 20{"}"}
            model: {model}
            train: {"{"}epochs: 1, optimizer: {"{"}sgd: {"{"}lr: 0.05{"}}"}{"}"}
            """);
        return RunConfigFile.Load(folder["digits.yaml"]).Config;
    }
}
