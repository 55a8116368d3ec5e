using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>Several ranks train as one process does on the whole batch.</summary>
public sealed class DataParallelTests : IDisposable
{
    private const string Dense = "[{dense: {units: 6, init: {normal: {std: 0.3}}}}, tanh, {dense: {units: 3, init: {normal: {std: 0.3}}}}]";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("softmax-cross-entropy", "batch: 24", "optimizer: {sgd: {lr: 0.2, momentum: 0.9}}")]
    [InlineData("{softmax-cross-entropy: {class-weights: [7, 0.5, 1]}}", "batch: 10", "optimizer: {sgd: {lr: 0.1}}, clip: {norm: 0.05}")]
    [InlineData("{softmax-cross-entropy: {class-weights: [0, 0, 1]}}", "batch: 7", "optimizer: adam")]
    [InlineData("mse", "batch: 5", "optimizer: {adamw: {lr: 0.01}}, accumulate: 3, penalty: {l2: 0.01}")]
    [InlineData("hinge", "batch: 16, drop-last: true", "optimizer: {sgd: {lr: 0.1}}, ema: 0.9, keep-best: test-loss, schedule: one-cycle")]
    public void Any_number_of_ranks_learns_what_one_process_learns(string loss, string data, string train)
    {
        RunConfig config = Config(loss, data, train);
        Trained alone = Train("cpu", config, null);
        foreach (int size in new[] { 2, 3, 5 })
        {
            Trained[] ranks = ThreadRanks.Run(size, r => Train("cpu", config, r));
            // The same bits on every rank; those of one process but for the order in which floats are added.
            Assert.All(ranks, r => Assert.Equal(ranks[0].Weights, r.Weights));
            Assert.All(ranks, r => Assert.Equal(ranks[0].Losses, r.Losses));
            Assert.Null(Tolerance.Agreement.Explain($"weights of {size} ranks", alone.Weights, ranks[0].Weights));
            Assert.Null(Tolerance.Agreement.Explain($"losses of {size} ranks", alone.Losses, ranks[0].Losses));
            Assert.All(ranks, r => Assert.Equal((alone.Report.Train.Samples, alone.Report.Train.Accuracy), (r.Report.Train.Samples, r.Report.Train.Accuracy)));
            Assert.All(ranks, r => Assert.Equal(alone.Report.Train.Loss, r.Report.Train.Loss, 1e-6));
        }
    }

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

    [Fact]
    public void Ranks_drop_other_units_each_and_still_agree()
    {
        RunConfig config = Config("softmax-cross-entropy", "batch: 20", "optimizer: {sgd: {lr: 0.1}}", "[{dense: 16}, {dropout: 0.5}, {dense: 3}]");
        Trained[] ranks = ThreadRanks.Run(2, r => Train("cpu", config, r));
        Assert.Equal(ranks[0].Weights, ranks[1].Weights);
        Trained[] again = ThreadRanks.Run(2, r => Train("cpu", config, r));
        Assert.Equal(ranks[0].Weights, again[0].Weights);
    }

    [Fact]
    public void A_request_to_stop_one_rank_stops_all_after_the_same_step_and_another_number_of_ranks_goes_on()
    {
        RunConfig config = Config("mse", "batch: 10", "optimizer: {sgd: {lr: 0.05}}, epochs: 3");
        Trained alone = Train("cpu", config, null);
        var halves = ThreadRanks.Run(3, r =>
        {
            using Device device = DeviceCatalog.Open("cpu", 1);
            using var stop = new CancellationTokenSource();
            using var trainer = new Trainer(config, Load(config), device, new At(7, stop, r.Rank == 1), r);
            RunResult result = trainer.Run(stop.Token);
            var state = new byte[trainer.Model.Memory.Durable.Sum(s => trainer.Model.DeviceMemory[s].Bytes)];
            Copy(trainer, state, read: true);
            return (result.Status, trainer.State, Bytes: state);
        });
        Assert.All(halves, h => Assert.Equal((RunStatus.Stopped, 8L), (h.Status, h.State.Step)));
        double[][] weights = ThreadRanks.Run(2, r =>
        {
            using Device device = DeviceCatalog.Open("cpu", 1);
            using var trainer = new Trainer(config, Load(config), device, null, r);
            // Rank 0 alone has the checkpoint.
            if (r.Rank == 0)
            {
                trainer.State = halves[0].State;
                Copy(trainer, halves[0].Bytes, read: false);
            }
            EpochReport report = trainer.Run().Final;
            Assert.Equal(46, report.Train.Samples);
            Assert.Equal(alone.Report.Train.Loss, report.Train.Loss, 1e-5);
            return Weights(trainer);
        });
        Assert.Null(Tolerance.Agreement.Explain("weights", alone.Weights, weights[1]));
    }

    [Fact]
    public void Four_ranks_then_two_then_three_train_each_sample_once_an_epoch_wherever_they_were_stopped()
    {
        // Sample i is the i-th unit vector and its answer 1: a weight moves when its sample comes, and the rate, halved each epoch, tells how often it came in which.
        const int Samples = 60, Batch = 10, Epochs = 3;
        float[] x = new float[Samples * Samples];
        for (int i = 0; i < Samples; i++)
            x[(i * Samples) + i] = 1;
        NpzWriter.Save(folder["units.npz"], w =>
        {
            w.Add("x", [Samples, Samples], x);
            w.Add("y", [Samples, 1], Enumerable.Repeat(1f, Samples).ToArray());
        });
        File.WriteAllText(folder["units.yaml"], $"""
            data: {"{"}dataset: {"{"}npz: {folder["units.npz"]}{"}"}, batch: {Batch}, normalize: none{"}"}
            model: [{"{"}dense: {"{"}units: 1, bias: false, init: zeros{"}}"}]
            loss: mse
            train: {"{"}epochs: {Epochs}, optimizer: {"{"}sgd: {"{"}lr: 1.0{"}}"}, schedule: {"{"}step: {"{"}every: 1, by: 0.5{"}}}"}
            """);
        RunConfig config = RunConfigFile.Load(folder["units.yaml"]).Config;
        (RunState State, byte[] Bytes, double[] Weights)? saved = null;
        // In the middle of the first epoch of 6 steps, of the second, and at the end.
        foreach ((int size, long until) in new[] { (4, 3L), (2, 9L), (3, 18L) })
        {
            saved = ThreadRanks.Run(size, r =>
            {
                using Device device = DeviceCatalog.Open("cpu", 1);
                using var stop = new CancellationTokenSource();
                using var trainer = new Trainer(config, Load(config), device, new At(until - 1, stop, r.Rank == size - 1), r);
                if (saved is { } last && r.Rank == 0)
                {
                    trainer.State = last.State;
                    Copy(trainer, last.Bytes, read: false);
                }
                trainer.Run(stop.Token);
                Assert.Equal(until, trainer.State.Step);
                var state = new byte[trainer.Model.Memory.Durable.Sum(s => trainer.Model.DeviceMemory[s].Bytes)];
                Copy(trainer, state, read: true);
                return (trainer.State, state, Weights(trainer));
            })[0];
        }
        double left = 1;
        for (int epoch = 0; epoch < Epochs; epoch++)
            left *= 1 - (2 * Math.Pow(0.5, epoch) / Batch);
        Assert.Null(Tolerance.Agreement.Explain("weights", [.. Enumerable.Repeat(1 - left, Samples)], saved!.Value.Weights));
    }

    [Fact]
    public void A_gradient_of_several_buckets_is_added_up_during_the_backward_pass()
    {
        // 603 · 603 floats are more than a bucket.
        RunConfig config = Config("softmax-cross-entropy", "batch: 17", "optimizer: {sgd: {lr: 0.02}}", "[{dense: 603}, tanh, {dense: 603}, tanh, {dense: 603}, tanh, {dense: 3}]");
        Trained alone = Train("cpu", config, null);
        Trained[] ranks = ThreadRanks.Run(3, r => Train("cpu", config, r));
        Assert.All(ranks, r => Assert.Equal(ranks[0].Weights, r.Weights));
        Assert.Null(Tolerance.Agreement.Explain("weights", alone.Weights, ranks[0].Weights));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(100000)]
    public void Buckets_are_the_whole_gradient_from_its_end_to_its_beginning(int atLeast)
    {
        Kernels.Tensors.Shape[] shapes = [new(3, 5), new(7), new(1), new(40, 2), new(2)];
        Parameter[] parameters = [.. shapes.Select((s, i) => new Parameter($"p{i}", "layer", s) { Init = new GpuGrad.Training.Initializers.ConstantInit() })];
        var layout = new ParameterLayout(parameters, p => p.Name == "p1" ? 1 : 0);
        (int Begin, int Length)[] buckets = [.. GradientBuckets.Divide(layout, (int)layout.TrainedLength, atLeast)];
        Assert.Equal(layout.TrainedLength, buckets[0].Begin + buckets[0].Length);
        Assert.Equal(0, buckets[^1].Begin);
        Assert.All(buckets.Skip(1).Zip(buckets), b => Assert.Equal(b.Second.Begin, b.First.Begin + b.First.Length));
        Assert.All(buckets[..^1], b => Assert.True(b.Length >= atLeast));
        Assert.Equal(atLeast == 1 ? 5 : atLeast == 100000 ? 1 : buckets.Length, buckets.Length);
    }

    [Theory]
    [InlineData("softmax-cross-entropy", "[{dense: 8}, tanh, {dense: 3}]")]
    [InlineData("{softmax-cross-entropy: {class-weights: [2, 0.5, 1]}}", "[{dense: 3}]")]
    public void Ranks_share_out_the_evaluation_and_have_all_figures_of_one_process(string loss, string model)
    {
        // Batches of 7: 20 test samples are three of them, for two, three and five ranks.
        RunConfig config = Config(loss, "batch: 7", "optimizer: {sgd: {lr: 0}}, epochs: 1", model);
        Trained alone = Train("cpu", config, null);
        foreach (int size in new[] { 2, 3, 5 })
        {
            foreach (Trained rank in ThreadRanks.Run(size, r => Train("cpu", config, r)))
            {
                Assert.Equal(alone.Report.Test!.Value.Loss, rank.Report.Test!.Value.Loss, 1e-6);
                Assert.Equal((alone.Report.Test!.Value.Accuracy, alone.Report.Test!.Value.Samples), (rank.Report.Test!.Value.Accuracy, rank.Report.Test!.Value.Samples));
                Assert.NotEmpty(alone.Report.TestReport!.Values);
                Assert.Equal(alone.Report.TestReport!.Values, rank.Report.TestReport!.Values);
            }
        }
    }

    [Fact]
    public void Fewer_samples_than_ranks_are_refused()
    {
        RunConfig config = Config("mse", "batch: 2", "optimizer: {sgd: {lr: 0.05}}");
        Assert.Contains("a batch of 2 samples for 3 ranks", Assert.ThrowsAny<GpuGradException>(() => ThreadRanks.Run(3, r => Train("cpu", config, r))).Message, StringComparison.Ordinal);
    }

    private static void Copy(Trainer trainer, byte[] state, bool read)
    {
        int at = 0;
        foreach (DeviceBuffer buffer in trainer.Model.Memory.Durable.Select(s => trainer.Model.DeviceMemory[s]))
        {
            if (read)
                buffer.Read(0, state.AsSpan(at, (int)buffer.Bytes));
            else
                buffer.Write(0, state.AsSpan(at, (int)buffer.Bytes));
            at += (int)buffer.Bytes;
        }
    }

    private static TrainingData Load(RunConfig config) => TrainingData.Load(config, new DataContext(".", config.Seed));

    private static double[] Weights(Trainer trainer) => [.. trainer.Network.Parameters.SelectMany((Parameter p) => trainer.Model.Read(p))];

    private static Trained Train(string id, RunConfig config, ICollectives? ranks)
    {
        using Device device = DeviceCatalog.Open(id, 1);
        var losses = new Losses();
        using var trainer = new Trainer(config, Load(config), device, losses, ranks);
        EpochReport report = trainer.Run().Final;
        double[] Read(string name) => [.. trainer.Network.Parameters.Where(p => p.Name.EndsWith(name, StringComparison.Ordinal)).SelectMany(p => trainer.Model.Read(p))];
        return new Trained(report, Weights(trainer), [.. losses.All], Read("running_mean"), Read("running_var"));
    }

    private RunConfig Config(string loss, string data, string train, string model = Dense)
    {
        string epochs = train.Contains("epochs", StringComparison.Ordinal) ? "" : "epochs: 2, ";
        File.WriteAllText(folder["ranks.yaml"], $"""
            data: {"{"}dataset: {"{"}blobs: {"{"}train: 46, test: 20{"}}"}, {data}{"}"}
            model: {model}
            loss: {loss}
            train: {"{"}{epochs}{train}{"}"}
            """);
        return RunConfigFile.Load(folder["ranks.yaml"]).Config;
    }

    private RunConfig Digits(string model)
    {
        File.WriteAllText(folder["digits.yaml"], $"""
            data: {"{"}dataset: {"{"}digits: {"{"}train: 90, test: 30{"}}"}, batch: 20{"}"}
            model: {model}
            train: {"{"}epochs: 1, optimizer: {"{"}sgd: {"{"}lr: 0.05{"}}"}{"}"}
            """);
        return RunConfigFile.Load(folder["digits.yaml"]).Config;
    }

    private sealed record Trained(EpochReport Report, double[] Weights, double[] Losses, double[] Means, double[] Variances);

    private sealed class Losses : IRunObserver
    {
        public List<double> All { get; } = [];

        public void OnStep(Trainer trainer, in StepReport report) => All.Add(report.Loss);
    }

    private sealed class At(long step, CancellationTokenSource stop, bool me) : IRunObserver
    {
        public void OnStep(Trainer trainer, in StepReport report)
        {
            if (me && report.Step == step)
                stop.Cancel();
        }
    }
}
