using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Tests.Data;

public sealed class DataConfigTests
{
    public static TheoryData<string> Names => [.. DatasetCatalog.All.Select(c => c.Name)];

    [Theory]
    [InlineData("{dataset: digits, validation: 0}", "c.yaml:1:31: validation is '0'; expected a part such as 0.1")]
    [InlineData("{dataset: digits, validation: 1.0}", "validation is '1.0'")]
    [InlineData("{dataset: digits, validation: -5}", "validation is '-5'")]
    [InlineData("{dataset: digits, validation: all}", "validation is 'all'")]
    [InlineData("{dataset: digits, limit: 0}", "limit is 0; expected a whole number above 0")]
    [InlineData("{dataset: digits, normalize: unity}", "did you mean 'unit'?")]
    [InlineData("{dataset: digits, augment: [{flip: sideways}]}", "known are horizontal, vertical")]
    [InlineData("{dataset: digits, augment: [{shift: 0}]}", "expected a whole number from 1 to 4096")]
    [InlineData("{dataset: digits, augment: [{rotate: 181}]}", "expected a number from 0 to 180")]
    [InlineData("{dataset: digits, augment: [{rotate: 0}]}", "expected a number above 0")]
    [InlineData("{dataset: digits, augment: [{erase: {probability: 1.5}}]}", "expected a number from 0 to 1")]
    [InlineData("{dataset: digits, augment: [{noise: -1}]}", "expected a number above 0")]
    [InlineData("{dataset: digits, augment: [{blur: 1}]}", "no augmentation is called 'blur'")]
    [InlineData("{dataset: digits, augment: [flip, flip]}", "augment is a list with flip twice")]
    [InlineData("{dataset: digits, augment: [{shift: 2}, {crop: 4}]}", "'crop' and 'shift' move a picture in the same way")]
    [InlineData("{dataset: digits, augment: flip}", "expected a list")]
    [InlineData("{dataset: digit}", "did you mean 'digits'?")]
    [InlineData("{dataset: {digits: {train: 0}}}", "expected a whole number above 0")]
    [InlineData("{dataset: {digits: {samples: 5}}}", "digits has no 'samples'")]
    [InlineData("{dataset: {digits: {distortion: 9}}}", "expected a number from 0 to 3")]
    [InlineData("{dataset: {random: {shape: []}}}", "an empty list")]
    [InlineData("{dataset: {random: {shape: [3, 0]}}}", "expected a whole number above 0")]
    [InlineData("{dataset: {images: {path: x, resize: [1, 2, 3]}}}", "or [height, width]")]
    [InlineData("{dataset: {images: {path: x, resize: 9000}}}", "a side in pixels")]
    [InlineData("{dataset: {csv: {path: x, separator: ';'}}}", "separator")]
    [InlineData("{dataset: csv}", "csv lacks 'path'")]
    [InlineData("{dataset: {mnist: ''}}", "an empty text")]
    public void A_wrong_setting_is_refused_where_it_stands(string yaml, string says)
    {
        ConfigException e = Assert.Throws<ConfigException>(() => Load.Config(yaml));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.StartsWith("c.yaml:1:", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_of_augmentations_becomes_one()
    {
        DataConfig config = Load.Config("{dataset: digits, augment: [flip, {flip: vertical}, {crop: 3}, {rotate: 12.5}, {erase: {probability: 0.25, area: 0.1}}, noise]}");
        Assert.Equal(
            new Augmentation { FlipHorizontal = true, FlipVertical = true, Shift = 3, Rotate = 12.5, EraseProbability = 0.25, EraseArea = 0.1, Noise = 0.1, Fill = Outside.Reflect },
            config.Augmentation!.Samples);
        Assert.Null(Load.Config("{dataset: digits}").Augmentation);
    }

    [Fact]
    public void Pixels_cannot_be_moved_where_there_are_none()
    {
        Assert.Contains("c.yaml:1:31: augment: flip for samples of shape [2]", Load.Refusal("{dataset: spirals, augment: [{flip: horizontal}]}", fault: Fault.Config), StringComparison.Ordinal);
        Assert.NotNull(Load.Training("{dataset: spirals, augment: [noise]}").Augmentation);
    }

    [Fact]
    public void Defaults_are_those_of_the_documentation()
    {
        DataConfig config = Load.Config("{dataset: digits}");
        Assert.Equal((32, true, false, Normalize.Standard), (config.Batch, config.Shuffle, config.DropLast, config.Normalize));
        Assert.Equal((null, null, null), (config.Validation, config.Test, config.Limit));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_source_can_be_named(string name)
    {
        // What needs a file says so, and only so.
        Exception? e = Hostile.Record(() => Load.Config($"{{dataset: {name}}}"));
        Assert.True(e is null || (e is ConfigException && e.Message.Contains($"{name} lacks '", StringComparison.Ordinal)), e?.Message);
        Assert.All(DatasetCatalog.All, c => Assert.NotEmpty(c.Summary));
    }

    [Fact]
    public void Shapes_that_are_known_need_no_file()
    {
        Assert.Equal("[1, 28, 28] 10", Known("fashion-mnist"));
        Assert.Equal("[1, 28, 28] 10", Known("{mnist: nowhere}"));
        Assert.Equal("[3, 32, 32] 10", Known("{cifar10: nowhere}"));
        Assert.Equal("[3, 32, 32] 100", Known("{cifar100: nowhere}"));
        Assert.Equal("[3, 32, 32] 20", Known("{cifar100: {path: nowhere, labels: coarse}}"));
        Assert.Equal("[2] 5", Known("{spirals: {classes: 5}}"));
        Assert.Null(Load.Config("{dataset: {csv: nowhere}}").KnownShape);
        static string Known(string source) => Load.Config($"{{dataset: {source}}}").KnownShape is DataShape s ? $"{s.Shape} {s.Classes}" : "";
    }
}
