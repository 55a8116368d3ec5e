using GpuGrad.Kernels.Conformance;
using GpuGrad.Training.Config;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>Several ranks train as one process does on the whole batch.</summary>
public sealed class DataParallelTests : RanksInThreads
{
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

    // A part of the batch begins anywhere in a block of random bits: 7 and 5 units, 3 channels, 9 weights a head.
    [Theory]
    [InlineData("[{dense: 7}, {dropout: 0.5}, {dense: 3}]")]
    [InlineData("[{dense: 45}, {reshape: [3, 3, 5]}, {dropout: {rate: 0.4, channels: true}}, flatten, relu, {dropout: 0.2}, {dense: 3}]")]
    [InlineData("[{dense: 24}, {reshape: [3, 8]}, {attention: {heads: 2, dropout: 0.4}}, flatten, {dense: 3}]")]
    public void Ranks_drop_what_one_process_drops(string model)
    {
        RunConfig config = Config("softmax-cross-entropy", "batch: 11", "optimizer: {sgd: {lr: 0.1}}", model);
        foreach (string device in new[] { "cpu", "reference" })
        {
            Trained alone = Train(device, config, null);
            foreach (int size in new[] { 2, 3 })
            {
                Trained[] ranks = ThreadRanks.Run(size, r => Train(device, config, r));
                Assert.All(ranks, r => Assert.Equal(ranks[0].Weights, r.Weights));
                Assert.All(alone.Losses.Zip(ranks[0].Losses), p => Assert.Equal(p.First, p.Second, 1e-6));
            }
        }
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
    public void Buckets_cover_the_whole_gradient_from_its_end_to_its_start(int atLeast)
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
}
