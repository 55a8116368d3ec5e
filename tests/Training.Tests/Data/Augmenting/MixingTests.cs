using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;


namespace GpuGrad.Training.Tests.Data.Augmenting;

/// <summary>Samples that are mixed with each other, and what becomes of their labels.</summary>
public sealed class MixingTests
{
    private static readonly float[] Scores = [0.5f, -1.2f, 2, 1.5f, 0.3f, -0.7f, 0.1f, 0.2f, 0.3f, -2, 1, 0.4f];

    [Theory]
    [InlineData(0.2)]
    [InlineData(1.0)]
    [InlineData(4.0)]
    public void Shares_follow_the_beta_distribution(double alpha)
    {
        var random = new RandomStream(5, Purpose.Explore);
        double[] shares = [.. Enumerable.Range(0, 20000).Select(_ => BatchMixing.Beta(random, alpha))];
        Assert.All(shares, s => Assert.InRange(s, 0, 1));
        Assert.Equal(0.5, shares.Average(), 0.01);
        Assert.Equal(1 / (4 * ((2 * alpha) + 1)), shares.Average(s => (s - 0.5) * (s - 0.5)), 0.004);
    }

    [Fact]
    public void A_rectangle_lies_within_the_picture_and_its_area_is_the_partners_share()
    {
        var mixing = new BatchMixing(Cutmix: new CutmixConfig());
        BatchMix[] drawn = [.. Enumerable.Range(0, 500).Select(i => mixing.Draw(1, i, 20, 30))];
        Assert.All(drawn, m =>
        {
            Assert.True(m.Top + m.Height <= 20 && m.Left + m.Width <= 30, $"{m}");
            Assert.Equal(1 - (m.Height * m.Width / 600.0), m.Share / (double)BatchMix.Whole, 1e-6);
        });
        Assert.InRange(drawn.Average(m => m.Share / (double)BatchMix.Whole), 0.6, 0.75); // a half, less what is cut off at the edges
        Assert.Equal(drawn[7], mixing.Draw(1, 7, 20, 30));
    }

    [Fact]
    public void Both_ways_take_turns_and_the_probability_is_that_of_a_batch()
    {
        var mixing = new BatchMixing(new MixupConfig { Alpha = 1, Probability = 0.5 }, new CutmixConfig { Probability = 1 });
        BatchMix[] drawn = [.. Enumerable.Range(0, 2000).Select(i => mixing.Draw(3, i, 64, 64))];
        Assert.InRange(drawn.Count(m => m.Height > 0), 930, 1070);
        Assert.InRange(drawn.Count(m => m.Height == 0 && m.Share < BatchMix.Whole), 430, 570);
    }

    // From torch.nn.functional.cross_entropy with probabilities as targets, 0.7 of the label and 0.3 of the next sample's.
    [Theory]
    [InlineData("softmax-cross-entropy", 0.7850679342876596)]
    [InlineData("{softmax-cross-entropy: {label-smoothing: 0.1}}", 0.8578179333041831)]
    [InlineData("{softmax-cross-entropy: {class-weights: [1, 2, 0.5]}}", 0.8712304674044549)]
    public void The_loss_is_that_of_soft_targets(string loss, double expected)
    {
        (double value, double[] gradient) = Step(loss, new BatchMix((int)Math.Round(0.7 * BatchMix.Whole), 0, 0, 0, 0));
        Assert.Equal(expected, value, 1e-6);
        if (loss == "softmax-cross-entropy")
            Assert.Equal(-0.16694375161666317, gradient[7], 1e-6);
        else if (loss.Contains("smoothing", StringComparison.Ordinal))
            Assert.Equal(-0.1502770849499965, gradient[7], 1e-6);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("reference")]
    public void Numbers_to_predict_are_mixed_as_the_samples_are(string device)
    {
        BatchMix quarter = new(BatchMix.Whole / 4, 0, 0, 0, 0);
        SampleSet samples = new() { Shape = new Kernels.Tensors.Shape(2), Count = 3, Reals = [0, 4, 8, 12, 16, 20], Targets = [1, 5, 9], TargetSize = 1 };
        (double[] x, double[] targets) = Fetch(device, samples, quarter);
        Assert.Equal([6, 10, 14, 18, 4, 8], x);
        Assert.Equal([4, 8, 3], targets);
    }

    [Theory]
    [InlineData("dataset: digits, augment: [{mixup: 0.2}], target: input", "mixup mixes samples")]
    [InlineData("dataset: shapes, augment: [cutmix]", "cutmix mixes samples that have one class or a row of numbers each, these have a class for each pixel")]
    [InlineData("dataset: spirals, augment: [cutmix]", "cutmix for samples of shape [2]; expected pictures")]
    [InlineData("dataset: digits, augment: [mixup], batch: 1", "'batch: 1' has one")]
    [InlineData("dataset: digits, augment: [{color-jitter: {hue: 0.1}}]", "color-jitter of hue for gray pictures, which have none")]
    [InlineData("dataset: digits, augment: [{color-jitter: {saturation: 0.1}}]", "color-jitter of saturation for gray pictures, which have none")]
    [InlineData("dataset: digits, augment: [{color-jitter: {brightness: 0, contrast: 0, saturation: 0}}]", "color-jitter changes nothing")]
    [InlineData("dataset: {random: {shape: [2, 8, 8]}}, augment: [rand-augment]", "rand-augment for pictures of 2 channels")]
    [InlineData("dataset: spirals, augment: [random-resized-crop]", "random-resized-crop for samples of shape [2]")]
    [InlineData("dataset: digits, normalize: unit, augment: [{crop: {padding: 2, fill: mean}}]", "takes the means that 'normalize: standard' measures")]
    [InlineData("dataset: digits, augment: [{crop: {padding: 2, fill: mean}}, {rotate: {degrees: 2, fill: black}}]", "a list with different fills")]
    [InlineData("dataset: digits, augment: [mixup, {mixup: 1}]", "a list with mixup twice")]
    [InlineData("dataset: digits, augment: [{random-resized-crop: {scale: [0.5, 0.1]}}]", "expected [smallest, largest]")]
    [InlineData("dataset: digits, augment: [{crop: {padding: 2, fill: white}}]", "white")]
    public void What_makes_no_sense_is_refused_in_one_line(string data, string says)
    {
        string refusal = Load.Refusal($"{{{data}}}", fault: Fault.Config);
        Assert.Contains(says, refusal, StringComparison.Ordinal);
        Assert.StartsWith("c.yaml:1:", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_are_those_of_bytes()
    {
        DataConfig config = Load.Config("{augment: [color-jitter]}");
        var shape = new DataShape(new Kernels.Tensors.Shape(3, 8, 8), 10);
        AugmentConfig.Check(config, shape, bytes: true);
        Exception? refusal = Hostile.Record(() => AugmentConfig.Check(config, shape, bytes: false));
        Assert.Contains("color-jitter changes colours from 0 to 255, the data has other numbers", Assert.IsType<ConfigException>(refusal).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cutmix_is_refused_for_regression_targets()
    {
        string Refusal(string loss) => Assert.IsType<ConfigException>(Hostile.Record(() => AugmentConfig.CheckTargets(
            Run($"data: {{shape: [1, 4, 4], targets: 2, augment: [cutmix]}}, model: [flatten, {{dense: 2}}], loss: {loss}"), new DataShape(new Kernels.Tensors.Shape(1, 4, 4), 0, 2)))).Message;
        Assert.Contains("the data has numbers to predict; use mixup", Refusal("mse"), StringComparison.Ordinal);
        AugmentConfig.CheckTargets(
            Run("data: {shape: [1, 4, 4], targets: 2, augment: [cutmix]}, model: [flatten, {dense: 2}], loss: bce-with-logits"), new DataShape(new Kernels.Tensors.Shape(1, 4, 4), 0, 2));
    }

    private static RunConfig Run(string yaml) => ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{{yaml}}}", "c.yaml"), "config");

    // A network of an embedding-like identity: its scores are the parameters, a row for each sample, whose input is one-hot and stays so.
    private static (double Loss, double[] Gradient) Step(string loss, BatchMix mix)
    {
        RunConfig config = Run($"data: {{shape: [4], classes: 3, batch: 4, augment: [mixup]}}, model: [{{dense: {{units: 3, bias: false}}}}], loss: {loss}, train: {{optimizer: {{sgd: {{lr: 1}}}}}}");
        var network = Network.Build(config.Model, config.Data.KnownShape!.Shape);
        using var device = new CpuDevice(1);
        using var model = new Model(config, network, device);
        // What is mixed of one-hot rows are weights of two rows of scores; here the samples are such that what is mixed is the row wanted.
        SampleSet samples = new() { Shape = new Kernels.Tensors.Shape(4), Count = 4, Reals = Unmixed(0.7), Labels = [2, 0, 1, 1] };
        var source = new BatchSource("train", samples, Normalization.None(4), config.Data.Augmentation);
        Parameter weight = network.Parameters[0];
        model.Write(weight, [.. Enumerable.Range(0, 12).Select(i => (double)Scores[(i % 4 * 3) + (i / 4)])]);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [], 4);
        model.SetStep(1, 0, 0, 0, 1);
        model.SetClock(1, 0, 0, mix);
        BoundGraph bound = model.Training(4);
        bound.Plan.Run();
        double[] after = model.Read(weight);
        return (bound.Loss, [.. Enumerable.Range(0, 12).Select(i => Scores[i] - after[(i % 3 * 4) + (i / 3)])]);
    }

    // Rows r with share·r[n] + (1 - share)·r[n + 1] = the unit rows: sums of powers of -(1 - share)/share around the circle of four.
    private static float[] Unmixed(double share)
    {
        double ratio = -(1 - share) / share, factor = 1 / (share * (1 - Math.Pow(ratio, 4)));
        var rows = new float[16];
        for (int n = 0; n < 4; n++)
        {
            for (int k = 0; k < 4; k++)
                rows[(n * 4) + ((n + k) % 4)] = (float)(factor * Math.Pow(ratio, k));
        }
        return rows;
    }

    private static (double[] X, double[] Targets) Fetch(string device, SampleSet samples, BatchMix mix)
    {
        using Kernels.Devices.Device on = device == "cpu" ? new CpuDevice(2) : new ReferenceDevice();
        using var memory = new Kernels.Devices.DeviceMemory(on);
        var graph = new Kernels.Graphs.Graph();
        var source = new BatchSource("test", samples, Normalization.None(samples.Shape[0]), new Augmentations { Mixing = new BatchMixing(new MixupConfig()) });
        Kernels.Tensors.Tensor clock = graph.Persistent("clock", new Kernels.Tensors.TensorType(new Kernels.Tensors.Shape(ClockLayout.Length), Kernels.Tensors.ElementType.Int32));
        Batch batch = source.Fetch(graph, samples.Count, clock);
        source.Upload(memory);
        var words = new int[ClockLayout.Length];
        mix.WriteTo(words);
        memory.Write(clock.Placement!.Value.Slot, 0, words);
        using Kernels.Plans.Plan plan = Kernels.Plans.Plan.Of(graph, memory, new Kernels.Plans.PlanOptions { Keep = [batch.X, batch.Targets!] });
        plan.Run();
        return (plan.Read(batch.X), plan.Read(batch.Targets!));
    }
}
