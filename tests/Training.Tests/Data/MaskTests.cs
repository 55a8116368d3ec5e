using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Generators;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tests.Data;

/// <summary>What is to be predicted of each pixel: masks, target images, the sample itself.</summary>
public sealed class MaskTests
{
    private const string Unet = "model: [{conv: {filters: 2, kernel: 3, padding: same}}]\n";

    [Fact]
    public void Random_changes_move_a_mask_with_its_picture_and_leave_out_what_comes_from_outside()
    {
        // A picture whose bytes are its classes plus one: black, which comes in from outside, is not one of them.
        byte[] mask = [.. Enumerable.Range(0, 3 * 6 * 8).Select(i => (byte)(i * 7 % 5))];
        var samples = new SampleSet { Shape = new Shape(1, 6, 8), Count = 3, Bytes = [.. mask.Select(c => (byte)(c + 1))], Mask = mask, AnswerShape = new Shape(6, 8) };
        (double[] x, double[] labels, _) = Fetch(samples, new Augmentation { FlipHorizontal = true, FlipVertical = true, Shift = 3, Noise = 0, EraseProbability = 0 });
        Assert.Equal([.. x.Select(v => v - 1)], labels);
        Assert.Contains(-1, labels);
    }

    [Fact]
    public void An_autoencoder_reproduces_the_sample_moved_but_before_noise_and_erasing()
    {
        byte[] bytes = [.. Enumerable.Range(0, 3 * 6 * 8).Select(i => (byte)(1 + (i * 7 % 250)))];
        var samples = new SampleSet { Shape = new Shape(1, 6, 8), Count = 3, Bytes = bytes, TargetIsInput = true, TargetSize = 48, AnswerShape = new Shape(1, 6, 8) };
        var moves = new Augmentation { FlipHorizontal = true, Shift = 2 };
        (double[] plain, _, double[] itself) = Fetch(samples, moves);
        (double[] noisy, _, double[] target) = Fetch(samples, moves with { Noise = 0.5, EraseProbability = 1 });
        Assert.Equal(plain, itself);
        Assert.Equal(plain, target);
        Assert.NotEqual(plain, noisy);
    }

    [Fact]
    public void Masks_in_an_archive_have_their_classes_and_leave_out_the_value_that_the_loss_ignores()
    {
        using var folder = new TempFolder();
        string path = Archive(folder, [0, 1, 255, 2, 0, 1, 1, 255]);
        TrainingData data = Load(path, "loss: {softmax-cross-entropy: {ignore-index: 255}}\n", classes: 3);
        Assert.Equal((3, new Shape(2, 2)), (data.Shape.Classes, data.Shape.Answer!.Value));
        Assert.Equal([0, 1, SampleSet.Ignored, 2, 0, 1, 1, SampleSet.Ignored], data.Train.Mask);
    }

    [Fact]
    public void A_value_beyond_what_a_mask_can_hold_is_refused_with_its_sample_and_the_remedy()
    {
        using var folder = new TempFolder();
        string path = Archive(folder, [0, 1, 0, 0, 0, 255, 1, 1]);
        GpuGradException e = Assert.Throws<GpuGradException>(() => Load(path, "loss: softmax-cross-entropy\n", classes: 2));
        Assert.Equal(Fault.Data, e.Fault);
        Assert.Contains("the class 255 in sample 1; expected classes from 0 to 254; pixels of no class can be left out with the loss's 'ignore-index'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("disk")]
    public void Masks_in_a_file_of_their_own_leave_out_the_value_that_the_loss_ignores(string cache)
    {
        using var folder = new TempFolder();
        folder.Write("x.npy", Npy("|u1", "(2, 1, 2, 2)", new byte[8]));
        folder.Write("y.npy", Npy("|u1", "(2, 2, 2)", [0, 1, 255, 2, 0, 1, 1, 255]));
        LoadedConfig loaded = RunConfigFile.Load("test.yaml", text: $"data: {{cache: {cache}, dataset: {{npy: {{x: x.npy, y: y.npy}}}}}}\n{Unet.Replace("filters: 2", "filters: 3", StringComparison.Ordinal)}loss: {{softmax-cross-entropy: {{ignore-index: 255}}}}\n");
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1));
        Assert.Equal([0, 1, SampleSet.Ignored, 2, 0, 1, 1, SampleSet.Ignored], data.Train.Mask);
        // An autoencoder wants none.
        loaded = RunConfigFile.Load("test.yaml", text: $"data: {{cache: {cache}, dataset: {{npy: {{x: x.npy}}}}, target: input}}\nmodel: [{{conv: {{filters: 1, kernel: 1}}}}]\nloss: mse\n");
        Assert.True(TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1)).Train.TargetIsInput);
        loaded = RunConfigFile.Load("test.yaml", text: "data: {dataset: {npy: {x: x.npy}}}\nmodel: [{conv: {filters: 1, kernel: 1}}]\nloss: mse\n");
        Assert.Contains("npy lacks 'y'", Assert.ThrowsAny<GpuGradException>(() => TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1))).Message, StringComparison.Ordinal);
    }

    private static byte[] Npy(string type, string shape, byte[] values)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. values];
    }

    [Fact]
    public void Target_images_in_an_archive_keep_their_shape()
    {
        using var folder = new TempFolder();
        string path = System.IO.Path.Combine(folder.Path, "maps.npz");
        NpzWriter.Save(path, npz =>
        {
            npz.Add("x", [2, 1, 2, 2], new float[8]);
            npz.Add("y", [2, 3, 2, 2], [.. Enumerable.Range(0, 24).Select(i => i / 2f)]);
        });
        TrainingData data = Load(path, "loss: mse\n", classes: 3);
        Assert.Equal((0, 12, new Shape(3, 2, 2)), (data.Shape.Classes, data.Shape.Targets, data.Shape.Answer!.Value));
    }

    [Fact]
    public void A_network_of_another_size_than_the_masks_is_refused_with_what_would_fit()
    {
        LoadedConfig loaded = RunConfigFile.Load("test.yaml", text: "data: {dataset: {shapes: {size: 16, train: 4, test: 0}}}\nmodel: [{conv: {filters: 4, kernel: 3}}]\n");
        GpuGradException e = Assert.ThrowsAny<GpuGradException>(() => Training.Networks.ModelCheck.Check(loaded.Config));
        Assert.Contains("the network gives [4, 14, 14], softmax-cross-entropy expects [4, 16, 16], a score for each class of each pixel", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shapes_are_the_same_for_a_seed_and_show_every_class()
    {
        var config = new ShapesConfig { Size = 24, Train = 40, Test = 0 };
        DataSet one = config.Load(new DataContext(".", 7)), two = config.Load(new DataContext(".", 7)), other = config.Load(new DataContext(".", 8));
        Assert.Equal(one.Fingerprint, two.Fingerprint);
        Assert.NotEqual(one.Fingerprint, other.Fingerprint);
        Assert.Equal([0, 1, 2, 3], one.Train.Mask!.Distinct().Order().Select(c => (int)c));
    }

    private static string Archive(TempFolder folder, int[] masks)
    {
        string path = System.IO.Path.Combine(folder.Path, "masks.npz");
        NpzWriter.Save(path, npz =>
        {
            npz.Add("x", [2, 1, 2, 2], new float[8]);
            npz.Add("y", [2, 2, 2], masks);
        });
        return path;
    }

    private static TrainingData Load(string path, string loss, int classes)
    {
        LoadedConfig loaded = RunConfigFile.Load("test.yaml", text: $"data: {{dataset: {{npz: {path}}}}}\n{Unet.Replace("filters: 2", $"filters: {classes}", StringComparison.Ordinal)}{loss}");
        return TrainingData.Load(loaded.Config, new DataContext(".", 1));
    }

    // The first batch of all samples, as a training step fetches it.
    private static (double[] X, double[] Labels, double[] Targets) Fetch(SampleSet samples, Augmentation augmentation)
    {
        using Device device = new CpuDevice(2);
        using var memory = new DeviceMemory(device);
        var source = new BatchSource("test", samples, Normalization.None(1), new Augmentations { Samples = augmentation });
        var graph = new Graph();
        Tensor clock = graph.Persistent("clock", new TensorType(new Shape(ClockLayout.Length), ElementType.Int32));
        memory.Write(clock.Placement!.Value.Slot, 0, [1, 2, 3, 0, .. new int[ClockLayout.Length - 4]]);
        Batch batch = source.Fetch(graph, samples.Count, clock);
        Tensor[] kept = [.. new[] { batch.X, batch.Labels, batch.Targets }.OfType<Tensor>().Distinct()];
        using var plan = Plan.Of(graph, memory, new PlanOptions { Keep = [.. kept] });
        source.Upload(memory);
        plan.Run();
        var labels = new int[batch.Labels?.Shape.Count ?? 0];
        if (batch.Labels is not null)
            plan.Read(batch.Labels, labels);
        return (plan.Read(batch.X), Array.ConvertAll(labels, l => (double)l), batch.Targets is null ? [] : plan.Read(batch.Targets));
    }
}
