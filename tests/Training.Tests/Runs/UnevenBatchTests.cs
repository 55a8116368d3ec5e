using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Runs;

/// <summary>How samples are cut into batches decides neither what is reported nor, where gradients are accumulated, what is learned.</summary>
public sealed class UnevenBatchTests : IDisposable
{
    private const int Samples = 46;
    private const string Weighted = "{softmax-cross-entropy: {class-weights: [7, 0.5, 1]}}";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string loss in new[] { "softmax-cross-entropy", Weighted, "{softmax-cross-entropy: {class-weights: [0, 0.5, 1]}}", "{softmax-cross-entropy: {class-weights: [3, 0.5, 1], label-smoothing: 0.1}}", "hinge", "mse", "{bce-with-logits: {positive-weight: 3}}" })
            {
                cases.Add("reference", loss);
                cases.Add("cpu", loss);
            }
            cases.Add("emulated", Weighted);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_are_those_over_the_whole_set_for_any_batch_size(string device, string loss)
    {
        (EpochReport whole, _) = Train(device, loss, "batch: 46", "optimizer: {sgd: {lr: 0}}");
        foreach (int batch in device == "emulated" ? [20] : new[] { 1, 5, 45 })
        {
            (EpochReport parts, _) = Train(device, loss, $"batch: {batch}", "optimizer: {sgd: {lr: 0}}");
            Assert.Null(Of(device).Explain("train and test loss", [whole.Train.Loss, whole.Test!.Value.Loss], [parts.Train.Loss, parts.Test!.Value.Loss]));
            Assert.Equal(whole.Train.Accuracy, parts.Train.Accuracy);
            Assert.Equal(Samples, parts.Train.Samples);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Accumulated_batches_are_one_large_batch_however_many_samples_the_last_ones_have(string device, string loss)
    {
        // 46 samples: 24 and 22 a step; the second step is 8 and 8 and 6, or 5 and 5 and 5 and 5 and 2.
        (_, double[] large) = Train(device, loss, "batch: 24", "optimizer: {sgd: {lr: 0.1}}");
        (_, double[] three) = Train(device, loss, "batch: 8", "accumulate: 3, optimizer: {sgd: {lr: 0.1}}");
        (_, double[] clipped) = Train(device, loss, "batch: 24", "optimizer: {sgd: {lr: 0.1}}, clip: {norm: 0.01}");
        (_, double[] clippedParts) = Train(device, loss, "batch: 8", "accumulate: 3, optimizer: {sgd: {lr: 0.1}}, clip: {norm: 0.01}");
        Assert.Null(Of(device).Explain("weights", large, three));
        Assert.Null(Of(device).Explain("weights", clipped, clippedParts));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_loss_of_a_step_is_that_of_all_its_batches(string device, string loss)
    {
        var (large, parts) = (new StepLosses(), new StepLosses());
        Train(device, Config(loss, "batch: 24", "optimizer: {sgd: {lr: 0.1}}, penalty: {l2: 0.01}, log-every: 1"), large);
        Train(device, Config(loss, "batch: 8", "accumulate: 3, optimizer: {sgd: {lr: 0.1}}, penalty: {l2: 0.01}, log-every: 1"), parts);
        Assert.Equal(2, large.All.Count);
        Assert.Null(Of(device).Explain("losses of the steps", [.. large.All], [.. parts.All]));
        // 24 samples and 22: 8, 8, 8 and 8, 8, 6.
        Assert.Equal([8, 8, 8, 8, 8, 6], parts.Batches);
    }

    [Fact]
    public void The_last_step_of_an_epoch_may_have_fewer_and_smaller_batches()
    {
        (_, double[] large) = Train("reference", "mse", "batch: 20", "optimizer: {sgd: {lr: 0.1}}");
        (_, double[] parts) = Train("reference", "mse", "batch: 5", "accumulate: 4, optimizer: {sgd: {lr: 0.1}}");
        Assert.Null(Tolerance.Golden.Explain("weights", large, parts));
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("emulated")]
    public void The_mean_of_losses_near_the_end_of_the_floats_is_finite(string device)
    {
        (EpochReport report, _) = Train(device, "{hinge: 1e38}", "batch: 1", "optimizer: {sgd: {lr: 0}}");
        Assert.Equal(2e38, report.Train.Loss, 1e32);
        Assert.Equal(2e38, report.Test!.Value.Loss, 1e32);
    }

    [Theory]
    [InlineData("21", "5", true, null)]
    [InlineData("20", "5", false, null)]
    [InlineData("21", "5", false, "drop-last: true")]
    [InlineData("21", "20", false, "drop-last: true")]
    [InlineData("1", "5", false, "drop-last: true")]
    public void Batch_norm_refuses_a_last_batch_of_one_unless_it_is_dropped(string samples, string batch, bool dropLast, string? expected)
    {
        RunConfig config = Config("softmax-cross-entropy", $"batch: {batch}, drop-last: {(dropLast ? "true" : "false")}", "optimizer: {sgd: {lr: 0.1}}", samples, "[{dense: 4}, batchnorm, {dense: 3}]");
        if (samples != "20" && expected is not null)
            Assert.Contains(expected, Assert.ThrowsAny<GpuGradException>(() => Train("cpu", config)).Message, StringComparison.Ordinal);
        else
            Train("cpu", config);
    }

    private static Tolerance Of(string device) => device == "reference" ? Tolerance.Golden : Tolerance.Agreement;

    private (EpochReport Report, double[] Weights) Train(string device, string loss, string data, string train) => Train(device, Config(loss, data, train));

    private static (EpochReport Report, double[] Weights) Train(string id, RunConfig config, IRunObserver? observer = null)
    {
        using Device device = DeviceCatalog.Open(id, 1);
        TrainingData data = TrainingData.Load(config, new DataContext(".", config.Seed));
        using var trainer = new Trainer(config, data, device, observer);
        EpochReport report = trainer.Run().Final;
        return (report, [.. trainer.Network.Parameters.SelectMany((Parameter p) => trainer.Model.Read(p))]);
    }

    private RunConfig Config(string loss, string data, string train, string samples = "46", string model = "[{dense: {units: 4, init: {normal: {std: 0.3}}}}, tanh, {dense: {units: 3, init: {normal: {std: 0.3}}}}]")
    {
        File.WriteAllText(folder["uneven.yaml"], $"""
            data: {"{"}dataset: {"{"}blobs: {"{"}train: {samples}, test: 46{"}}"}, shuffle: false, {data}{"}"}
            model: {model}
            loss: {loss}
            train: {"{"}epochs: 1, {train}{"}"}
            diagnostics: {"{"}every: 0{"}"}
            """);
        return RunConfigFile.Load(folder["uneven.yaml"]).Config;
    }

    private sealed class StepLosses : IRunObserver
    {
        public List<double> All { get; } = [];

        public List<int> Batches { get; } = [];

        public void OnStep(Trainer trainer, in StepReport report)
        {
            All.Add(report.Loss);
            Batches.AddRange(trainer.LastStep!.Batches.Select(b => b.Size));
        }
    }
}
