using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics;
using GpuGrad.Training.Diagnostics.Atlas;
using GpuGrad.Training.Diagnostics.GradientChecks;
using GpuGrad.Training.Diagnostics.Landscapes;
using GpuGrad.Training.Diagnostics.Races;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Seeds;

/// <summary>What the texts say of layers and networks, computed by the program's own ops and networks.</summary>
public sealed class SeedNetworkTests
{
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Rows_3_and_4_the_convolution_and_the_pooling_op_give_the_texts_numbers(string device)
    {
        (double sum, double[][] gradients) = SumOf(device, new Conv2D(new ConvGeometry()), (new Shape(1, 1, 1, 6), [1, 2, 3, 1, 1, 1]), (new Shape(1, 1, 1, 3), [1, 2, 3]));
        Assert.Equal(39, sum, 1e-6);
        Assert.Equal([7.0, 7, 6], gradients[1]);
        (sum, gradients) = SumOf(device, new MaxPool2D(new PoolGeometry((1, 3)) { Stride = (1, 1) }, Ties.Split), (new Shape(1, 1, 1, 6), [1, 2, 3, 1, 1, 1]));
        Assert.Equal(10, sum, 1e-6);
        Assert.Null(Tolerance.Forward.Explain("dx", [0, 0, 3, 1 / 3.0, 1 / 3.0, 1 / 3.0], gradients[0]));
    }

    [Fact]
    public void Row_5_every_activation_has_a_picture_with_its_derivative()
    {
        var charts = ActivationAtlas.Functions().ToDictionary(c => c.Title);
        foreach ((string name, double reach) in new[] { ("sigmoid", 3.0), ("tanh", 3.0), ("relu", 1.5) })
        {
            Assert.Equal(reach, charts[name].X.Max);
            Assert.Equal(["f(x)", "f′(x)"], charts[name].Series.Select(s => s.Name));
        }
        Assert.Equal(0.25, charts["sigmoid"].Series[1].Y.Max(), 1e-12);
        Assert.Equal(1, charts["tanh"].Series[1].Y.Max(), 1e-12);
        Assert.All(charts["relu"].Series[1].Y, slope => Assert.True(slope is 0 or 1));
    }

    [Fact]
    public void Row_7_the_network_gives_the_texts_gradient()
    {
        using LossProbe probe = Probe("2", "1", "[{dense: {units: 2, bias: false}}, sigmoid, {dense: {units: 1, bias: false}}, sigmoid]", [0.1f, 0.2f], [1]);
        Set(probe, "0.weight", new[,] { { 0.3, 0.4 }, { 0.5, 0.6 } });
        Set(probe, "2.weight", new[,] { { 0.7 }, { 0.8 } });
        probe.Differentiate();
        // Ours is [out, in], the text's [in, out]: W1[1][1] is the same place in both. The samples are floats: 8 digits.
        Assert.Equal(-0.0026226947, Gradient(probe, "0.weight")[3], 1e-9);
    }

    [Fact]
    public void Row_8_the_network_gives_the_texts_three_matrices()
    {
        using LossProbe probe = Probe("3", "2", "[{dense: {units: 3, bias: false}}, relu, {dense: {units: 2, bias: false}}, relu, {dense: {units: 2, bias: false}}, sigmoid]", [0.9f, 0.2f, 0.7f], [0.3f, 0.7f]);
        Set(probe, "0.weight", new[,] { { 0.3, 0.9, 0.5 }, { 0.8, 0.1, 0.5 }, { 0.8, 0.2, 0.7 } });
        Set(probe, "2.weight", new[,] { { 0.7, 0.5 }, { 0.1, 0.5 }, { 0.6, 0.1 } });
        Set(probe, "4.weight", new[,] { { 0.2, 0.3 }, { 0.3, 0.4 } });
        probe.Differentiate();
        AssertTransposed(new[,] { { 0.11214822, 0.00065075 }, { 0.08597502, 0.00049888 } }, Gradient(probe, "4.weight"));
        AssertTransposed(new[,] { { 0.01584061, 0.02373813 }, { 0.0155206, 0.02325858 }, { 0.01664064, 0.02493703 } }, Gradient(probe, "2.weight"));
        AssertTransposed(new[,] { { 0.02087045, 0.01223012, 0.01079834 }, { 0.00463788, 0.0027178, 0.00239963 }, { 0.01623257, 0.00951231, 0.00839871 } }, Gradient(probe, "0.weight"));
    }

    // Sum over D of c·D has dD = c: then dW must be c·Xᵀ and dX Wᵀ·c. Also row 9, with W in X's place.
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Rows_9_and_22_the_gradient_of_a_product_is_the_product_with_the_other_transposed(string device)
    {
        var random = new RandomStream(5, Purpose.Explore);
        double[] w = Normals(random, 50), x = Normals(random, 30), c = Normals(random, 15);
        double[][] gradients = SumOf(device, new MatMul(), c, (new Shape(5, 10), w), (new Shape(10, 3), x)).Gradients;
        double[] dw = new double[50], dx = new double[30];
        for (int i = 0; i < 5; i++)
        {
            for (int k = 0; k < 10; k++)
            {
                for (int j = 0; j < 3; j++)
                {
                    dw[(i * 10) + k] += c[(i * 3) + j] * x[(k * 3) + j];
                    dx[(k * 3) + j] += w[(i * 10) + k] * c[(i * 3) + j];
                }
            }
        }
        Assert.Null(Tolerance.Forward.Explain("dW", dw, gradients[0]));
        Assert.Null(Tolerance.Forward.Explain("dX", dx, gradients[1]));
    }

    // Headings only in the text. One layer: dW = Xᵀ·Δ with Δ = (ŷ - y)·ŷ(1 - ŷ), mean over the samples. Two layers: Δ₁ = Δ₂·W₂ᵀ ∘ h(1 - h).
    [Fact]
    public void Row_11_many_inputs_and_two_layers_in_matrix_form()
    {
        float[] x = [0.5f, -1, 0.25f, 2, 1, -0.75f, -0.5f, 0.125f], y = [1, 0, 0.5f, 1];
        using LossProbe probe = Probe("2", "1", "[{dense: {units: 3, bias: false}}, sigmoid, {dense: {units: 1, bias: false}}, sigmoid]", x, y);
        double[] w1 = [0.3, -0.2, 0.5, 0.7, -0.4, 0.1], w2 = [0.6, -0.3, 0.8];
        probe.Write(probe.Movables[0], 0, w1);
        probe.Write(probe.Movables[1], 0, w2);
        probe.Differentiate();
        double[] d1 = new double[6], d2 = new double[3];
        for (int n = 0; n < 4; n++)
        {
            double[] h = [.. Enumerable.Range(0, 3).Select(u => Sigmoid((w1[2 * u] * x[2 * n]) + (w1[(2 * u) + 1] * x[(2 * n) + 1])))];
            double p = Sigmoid(h.Select((v, u) => v * w2[u]).Sum()), delta = (p - y[n]) * p * (1 - p) / 4;
            for (int u = 0; u < 3; u++)
            {
                d2[u] += delta * h[u];
                d1[2 * u] += delta * w2[u] * h[u] * (1 - h[u]) * x[2 * n];
                d1[(2 * u) + 1] += delta * w2[u] * h[u] * (1 - h[u]) * x[(2 * n) + 1];
            }
        }
        Assert.Null(Tolerance.Golden.Explain("dW1", d1, Gradient(probe, "0.weight")));
        Assert.Null(Tolerance.Golden.Explain("dW2", d2, Gradient(probe, "2.weight")));
    }

    [Fact]
    public void Rows_13_and_16_following_the_gradient_beats_searching_and_mini_batches_beat_the_full_batch()
    {
        RunConfig config = Config("data: {dataset: {spirals: {classes: 3}}, batch: 16}\nmodel: [{dense: 16}, tanh, {dense: 3}]\n");
        var data = TrainingData.Load(config, new DataContext(".", 1));
        using Device device = DeviceCatalog.Open("cpu", 1);
        IReadOnlyList<RaceResult> results = new Race(config, ModelCheck.Check(config, data.Shape), device, data.Train.Pick([.. Enumerable.Range(0, 128)]), data.Normalization, new RaceOptions { Budget = 90 }).Run();
        Dictionary<string, RaceResult> by = results.ToDictionary(r => r.Name);
        Assert.Equal(8, results.Count);
        // Each spent its budget: no more than one step above it.
        Assert.All(results, r => Assert.InRange(r.Spent[^1], 90, 90 + 3));
        Assert.All(results, r => Assert.Equal(r.Losses[0], results[0].Losses[0], 1e-6));
        Assert.True(by["random local search"].Losses[^1] < by["random search"].Losses[0]);
        Assert.True(by["gradient, batch 16"].Losses[^1] < by["random search"].Losses[^1]);
        Assert.True(by["gradient, batch 16"].Losses[^1] < by["random local search"].Losses[^1]);
        Assert.True(by["gradient, batch 16"].Losses[^1] < by["gradient, all samples"].Losses[^1]);
        // 99 parameters: one numeric gradient of a batch of 16 costs 100·16 samples, one computed backward 3·16.
        Assert.Equal((long)Math.Floor(90 * 128 / (100.0 * 16)), by["numeric gradient, batch 16"].Updates);
        Assert.Equal((long)Math.Ceiling(90 * 128 / (3.0 * 16)), by["gradient, batch 16"].Updates);
    }

    [Fact]
    public void Row_15_small_steps_along_the_negative_gradient_keep_its_promise()
    {
        using LossProbe probe = Svm();
        var landscape = new Landscape(probe);
        IReadOnlyList<StepRow> steps = landscape.Steps();
        Assert.Equal([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10], steps.Select(s => s.Step));
        Assert.All(steps.Take(2), s => Assert.True(s.Loss < landscape.Loss));
        Assert.Equal(steps[0].Predicted, steps[0].Loss, 1e-9);
        Assert.True(steps[^1].Loss > steps[^1].Predicted);
    }

    // 64·4096 outputs by 64·4096 inputs in floats: 256 GiB. What a step really takes fits into a laptop.
    [Fact]
    public void Row_17_gradients_are_computed_without_the_jacobian()
    {
        double jacobian = 4.0 * 64 * 4096 * 64 * 4096;
        Assert.Equal(256, jacobian / (1L << 30), 1e-9);
        RunConfig config = Config("data: {shape: [4096], targets: 4096, batch: 64}\nmodel: [{dense: {units: 4096, bias: false}}]\nloss: mse\n");
        NetworkSummary summary = NetworkSummary.Of(config, ModelCheck.Check(config)!);
        Assert.True(summary.StateBytes + summary.ArenaBytes < jacobian / 1000, $"{summary.StateBytes} + {summary.ArenaBytes}");
    }

    // The hinge loss of a linear classifier is made of straight pieces: no bend but at the kinks.
    [Fact]
    public void Row_23_a_slice_of_the_svm_loss_is_straight_between_its_kinks()
    {
        using LossProbe probe = Svm();
        var landscape = new Landscape(probe);
        LandscapeSlice slice = landscape.Along("random", landscape.RandomDirection(0), -3, 3, 601);
        double step = slice.Places[1] - slice.Places[0];
        int straight = 0, bent = 0;
        for (int i = 1; i < slice.Places.Length - 1; i++)
        {
            double bend = Math.Abs(slice.Losses[i - 1] - (2 * slice.Losses[i]) + slice.Losses[i + 1]);
            bool kink = slice.Kinks.Any(k => Math.Abs(k - slice.Places[i]) < step);
            if (!kink)
                Assert.True(bend < 1e-12, $"{slice.Places[i]}: {bend}");
            straight += kink ? 0 : 1;
            bent += bend > 1e-9 ? 1 : 0;
        }
        Assert.True(straight > 400 && bent > 5, $"{straight} straight, {bent} bent");
        Assert.True(slice.Kinks.Count > 5);
        // Zooming in, it becomes a line: the gradient says what a small move does.
        LandscapeSlice near = landscape.Along("near", landscape.Downhill(), 0, 1e-6, 3);
        Assert.Equal(landscape.Loss, near.Losses[0], 1e-15);
        Assert.Empty(near.Kinks);
    }

    [Fact]
    public void Row_24_a_centred_difference_with_1e_4_agrees_with_backprop()
    {
        RunConfig config = Config("data: {shape: [4], classes: 3, batch: 8}\nmodel: [{dense: 6}, tanh, {dense: 3}]\n");
        Network network = ModelCheck.Check(config)!;
        using var check = new GradientCheck(config, network, StepBatch.Random(network, config.Data.KnownShape!, 8, 1), Normalization.None(4), new GradientCheckOptions { Samples = null });
        Assert.True(check.Run().Passed);
        Assert.True(check.StepSizes().Single(s => s.Step == 1e-4).Central < 1e-7);
    }

    [Fact]
    public void Rows_26_27_and_28_saturation_vanishing_and_careful_initialisation_show_in_the_atlas()
    {
        string deep = string.Join(", ", Enumerable.Repeat("{dense: 16}, sigmoid", 12));
        IReadOnlyList<AtlasEntry> sigmoids = Atlas($"[{deep}, {{dense: 3}}]");
        Assert.Equal(12, sigmoids.Count);
        Assert.All(sigmoids, e => Assert.True(e.Gain <= 1 / 16.0));
        Assert.True(sigmoids[0].ProductToLoss <= Math.Pow(1 / 16.0, 12));
        Assert.Equal(sigmoids.Aggregate(1.0, (p, e) => p * e.Gain), sigmoids[0].ProductToLoss, 1e-20);

        AtlasEntry careful = Assert.Single(Atlas("[{dense: 32}, tanh, {dense: 3}]"));
        AtlasEntry careless = Assert.Single(Atlas("[{dense: {units: 32, init: {normal: {std: 10}}}}, tanh, {dense: 3}]"));
        Assert.True(careful.Flat < 0.1, $"{careful.Flat}");
        Assert.True(careless.Flat > 0.7, $"{careless.Flat}");
    }

    private static IReadOnlyList<AtlasEntry> Atlas(string model)
    {
        RunConfig config = Config($"data: {{shape: [8], classes: 3, batch: 32}}\nmodel: {model}\n");
        Network network = ModelCheck.Check(config)!;
        using var device = new ReferenceDevice();
        return ActivationAtlas.Of(config, network, device, StepBatch.Random(network, config.Data.KnownShape!, 32, 1), Normalization.None(8), m => m.Initialise(1));
    }

    private static LossProbe Svm()
    {
        RunConfig config = Config("data: {shape: [5], classes: 4, batch: 16}\nmodel: [{dense: 4}]\nloss: hinge\n");
        Network network = ModelCheck.Check(config)!;
        var probe = new LossProbe(config, network, new ReferenceDevice(), StepBatch.Random(network, config.Data.KnownShape!, 16, 1), Normalization.None(5));
        probe.Model.Initialise(1);
        return probe;
    }

    private static LossProbe Probe(string features, string targets, string model, float[] x, float[] y)
    {
        RunConfig config = Config($"data: {{shape: [{features}], targets: {targets}}}\nmodel: {model}\nloss: squared-error\n");
        Network network = ModelCheck.Check(config)!;
        var samples = new SampleSet { Shape = network.Input, Count = x.Length / network.Input.Count, Reals = x, Targets = y, TargetSize = network.Output.Count };
        return new LossProbe(config, network, new ReferenceDevice(), samples, Normalization.None(network.Input.Count));
    }

    private static RunConfig Config(string yaml) => ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(yaml, "test"), "the config");

    // The texts write y = x·W, with W [in, out]; the networks keep [out, in].
    private static void Set(LossProbe probe, string name, double[,] weights)
    {
        (int inputs, int outputs) = (weights.GetLength(0), weights.GetLength(1));
        probe.Write(probe.Movables.Single(m => m.Name == name), 0, [.. Enumerable.Range(0, inputs * outputs).Select(i => weights[i % inputs, i / inputs])]);
    }

    private static void AssertTransposed(double[,] expected, double[] actual)
    {
        int inputs = expected.GetLength(0);
        for (int i = 0; i < actual.Length; i++)
            Assert.Equal(expected[i % inputs, i / inputs], actual[i], 1e-8);
    }

    private static double[] Gradient(LossProbe probe, string name) => probe.Gradient(probe.Movables.Single(m => m.Name == name));

    private static double Sigmoid(double v) => 1 / (1 + Math.Exp(-v));

    private static double[] Normals(RandomStream random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextNormal())];

    private static (double Sum, double[][] Gradients) SumOf(string device, Op op, params (Shape Shape, double[] Values)[] inputs) => SumOf(device, op, null, inputs);

    // The weighted sum of an op's first output (weights 1 when null), and its gradients in the inputs.
    private static (double Sum, double[][] Gradients) SumOf(string id, Op op, double[]? weights, params (Shape Shape, double[] Values)[] inputs)
    {
        using Device device = DeviceCatalog.Open(id, 1);
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        Tensor[] tensors = [.. inputs.Select((p, i) => graph.Persistent($"input{i}", new TensorType(p.Shape)))];
        for (int i = 0; i < inputs.Length; i++)
            memory.Write(tensors[i].Placement!.Value.Slot, 0, inputs[i].Values);
        Tensor y = graph.AddAll(op, tensors)[0];
        Tensor column = graph.Persistent("weights", new TensorType(new Shape(y.Shape.Count, 1)));
        memory.Write(column.Placement!.Value.Slot, 0, weights ?? [.. Enumerable.Repeat(1.0, y.Shape.Count)]);
        Tensor sum = graph.Reshape(graph.Add(new MatMul(), graph.Reshape(y, new Shape(1, y.Shape.Count)), column), Shape.Scalar);
        graph.Phase = Phase.Backward;
        IReadOnlyList<Tensor?> gradients = graph.Differentiate(sum, tensors);
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [sum, .. gradients.OfType<Tensor>()] });
        plan.Run();
        return (plan.Read(sum)[0], [.. gradients.Select(g => plan.Read(g!))]);
    }
}
