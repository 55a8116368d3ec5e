using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Starters;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Pictures with a mask each, out of folders.</summary>
public sealed class MaskFolderTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Black_and_white_masks_beside_the_pictures_are_two_classes_and_a_note_says_which()
    {
        Pictures("images", [0, 255, 255, 0], [255, 255, 0, 0], "masks");
        TrainingData data = Load("");
        Assert.Equal((2, new Shape(2, 2)), (data.Shape.Classes, data.Shape.Answer!.Value));
        Assert.Equal([0, 1, 1, 0, 1, 1, 0, 0], data.Train.Mask);
        Assert.Equal(["0", "255"], data.ClassNames);
        Assert.Contains("masks: 0 is class 0, 255 is class 1", data.Notes);
    }

    [Fact]
    public void Small_values_are_the_classes_themselves_even_where_one_does_not_occur()
    {
        Pictures("images", [0, 3, 1, 0], [1, 1, 0, 3], "masks");
        TrainingData data = Load("");
        Assert.Equal(4, data.Shape.Classes);
        Assert.Equal([0, 3, 1, 0, 1, 1, 0, 3], data.Train.Mask);
    }

    [Fact]
    public void The_value_that_the_loss_ignores_is_no_class()
    {
        Pictures("images", [0, 255, 1, 0], [1, 1, 0, 255], "masks");
        TrainingData data = Load("", "{softmax-cross-entropy: {ignore-index: 255}}");
        Assert.Equal(2, data.Shape.Classes);
        Assert.Equal([0, SampleSet.Ignored, 1, 0, 1, 1, 0, SampleSet.Ignored], data.Train.Mask);
    }

    [Fact]
    public void Masks_may_lie_among_the_pictures_under_a_pattern()
    {
        Picture("all/a.png", [10, 20, 30, 40]);
        Picture("all/a_mask.png", [0, 255, 255, 255]);
        Picture("all/b.png", [50, 60, 70, 80]);
        Picture("all/b_mask.png", [255, 0, 0, 0]);
        TrainingData data = Load("path: all, masks: '{name}_mask.png', ");
        Assert.Equal([10, 20, 30, 40, 50, 60, 70, 80], data.Train.Bytes);
        Assert.Equal([0, 1, 1, 1, 1, 0, 0, 0], data.Train.Mask);
    }

    [Fact]
    public void Blurred_masks_are_parted_at_a_threshold()
    {
        Pictures("images", [3, 250, 130, 127], [255, 128, 0, 9], "masks");
        Assert.Equal([0, 1, 1, 0, 1, 1, 0, 0], Load("mask-threshold: 128, ").Train.Mask);
    }

    [Fact]
    public void A_scaled_picture_has_its_mask_scaled_by_the_nearest_pixel()
    {
        Pictures("images", [0, 255, 255, 0], [0, 0, 0, 255], "masks");
        SampleSet train = Load("resize: 4, ").Train;
        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0], train.Mask![..16]);
    }

    [Fact]
    public void A_picture_without_a_mask_is_refused_with_the_name_it_should_have()
    {
        Pictures("images", [0, 255, 255, 0], [0, 0, 0, 255], "masks");
        File.Delete(Path.Combine(folder.Path, "masks", "b.png"));
        GpuGradException e = Assert.Throws<GpuGradException>(() => Load(""));
        Assert.Equal(Fault.Data, e.Fault);
        Assert.Contains("b.png: a picture without a mask", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mask_of_another_size_than_its_picture_is_refused()
    {
        Pictures("images", [0, 255, 255, 0], [0, 0, 0, 255], "masks");
        folder.Write("masks/b.png", Png([0, 255], 2));
        GpuGradException e = Assert.Throws<GpuGradException>(() => Load(""));
        Assert.Contains("a mask of 2 × 1 pixels", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_pictures_with_masks_are_read_by_the_values_that_training_learned()
    {
        Pictures("images", [0, 255, 255, 0], [255, 255, 0, 0], "masks");
        (LoadedConfig loaded, TrainingData data) = (Config(""), Load(""));
        Pictures("other/images", [255, 255, 255, 255], [255, 255, 255, 255], "other/masks");
        var card = ModelCard.FromMetadata("card", ModelCard.Of(loaded, data).ToMetadata());
        SampleSet other = new InputPipeline(loaded.Config, card.Input).Read(Path.Combine(folder.Path, "other"), answers: true);
        Assert.Equal(new byte[] { 1, 1, 1, 1, 1, 1, 1, 1 }, other.Mask);
    }

    [Fact]
    public void Parts_beside_each_other_hold_pictures_and_masks_each()
    {
        foreach (string part in new[] { "train", "val", "test" })
            Pictures($"set/{part}/images", [0, 255, 255, 0], part == "val" ? [255, 255, 255, 255] : [0, 0, 0, 255], $"set/{part}/masks");
        TrainingData data = Load("path: set");
        Assert.Equal((2, 2, 2), (data.Train.Count, data.Validation!.Count, data.Test!.Count));
        Assert.Equal([0, 1, 1, 0, 0, 0, 0, 1], data.Train.Mask);
        Assert.Equal([0, 1, 1, 0, 1, 1, 1, 1], data.Validation.Mask);
        Assert.Equal([10, 20, 30, 40, 50, 60, 70, 80], data.Test.Bytes);
        // A first config, whose epochs are judged by those validation pictures.
        Starter starter = Starter.Of(Path.Combine(folder.Path, "set"), null, folder.Path);
        Assert.DoesNotContain("validation: 0", starter.Yaml, StringComparison.Ordinal);
        LoadedConfig loaded = RunConfigFile.Load(folder.Write("c.yaml", starter.Yaml), ["train.epochs=1", "device=cpu", "threads=1"]);
        Training.Networks.ModelCheck.Check(loaded.Config);
        using var device = new Kernels.Devices.Cpu.CpuDevice(1);
        TrainingData prepared = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1));
        using (var trainer = new Training.Runs.Trainer(loaded.Config, prepared, device))
            Assert.NotNull(trainer.Run().Final.Validation);
        GpuGradException e = Assert.ThrowsAny<GpuGradException>(() => new Training.Runs.Trainer(loaded.Config, prepared with { Validation = null }, device));
        Assert.Contains("there is no validation part", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Masks_are_not_taken_for_a_class_of_pictures()
    {
        Pictures("set/deep/down/image", [0, 255, 255, 0], [0, 0, 0, 255], "set/deep/down/label");
        GpuGradException e = Assert.Throws<GpuGradException>(() => Starter.Of(Path.Combine(folder.Path, "set"), null, folder.Path));
        Assert.Contains("which look like pictures and their masks; expected the path of the folder that holds the two", e.Message, StringComparison.Ordinal);
    }

    private void Pictures(string images, byte[] first, byte[] second, string masks)
    {
        Picture($"{images}/a.png", [10, 20, 30, 40]);
        Picture($"{images}/b.png", [50, 60, 70, 80]);
        Picture($"{masks}/a.png", first);
        Picture($"{masks}/b.png", second);
    }

    private void Picture(string name, byte[] pixels) => folder.Write(name, Png(pixels, 2));

    private TrainingData Load(string settings, string loss = "softmax-cross-entropy") => TrainingData.Load(Config(settings, loss).Config, new DataContext(folder.Path, 1));

    private static LoadedConfig Config(string settings, string loss = "softmax-cross-entropy") => RunConfigFile.Load(
        "test.yaml", text: $"data: {{dataset: {{images: {{{settings}{(settings.Contains("path", StringComparison.Ordinal) ? "" : "path: .")}}}}}}}\nmodel: [{{conv: {{filters: 2, kernel: 1}}}}]\nloss: {loss}\n");

    private static byte[] Png(byte[] pixels, int width) => PngWriter.Write(new Picture(width, pixels.Length / width, 1, pixels));
}
