namespace GpuGrad.Cli.Tests;

/// <summary>
/// Every kind of wrong config ends <c>train</c> with exit code 2 and one line. The config names a device and data that no machine has:
/// had either been touched first, the exit code would be another.
/// </summary>
public sealed class WrongConfigTests : IDisposable
{
    private const string Good = """
        name: test
        seed: 1
        device: cuda:99
        data:
          dataset: {npz: not-there.npz}
          shape: [2, 8, 8]
          classes: 3
          batch: 4
        model:
          - conv: {filters: 4, kernel: 3, padding: same}
          - relu
          - residual: [{conv: {filters: 4, kernel: 3, padding: same}}]
          - maxpool: 2
          - flatten
          - dense: {units: 3}
        loss: softmax-cross-entropy
        train:
          epochs: 2
          optimizer: {sgd: {lr: 0.1, momentum: 0.9}}
          schedule: {cosine: {warmup: 2}}
          clip: {norm: 1.0}
        checkpoint: {every: 200, keep: 3}
        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void The_config_that_the_others_are_made_from_gets_as_far_as_the_device()
    {
        gpugrad.Write("test.yaml", Good);
        gpugrad.Run("train", "test.yaml").Refused(ExitCode.Device);
    }

    [Theory]
    // Keys and values.
    [InlineData("seed: 1", "sede: 1", "2:1: the config has no 'sede'; did you mean 'seed'?")]
    [InlineData("seed: 1", "seed: 1\nseed: 2", "3:1: 'seed' is given twice; the first is on line 2")]
    [InlineData("seed: 1", "seed: 1.5", "2:7: seed is '1.5'; expected a whole number")]
    [InlineData("seed: 1", "seed: -1", "2:7: seed is '-1'; expected a whole number")]
    [InlineData("batch: 4", "batch: 0", "8:10: batch is 0; expected a whole number above 0")]
    [InlineData("epochs: 2", "epochs: two", "18:11: epochs is 'two'; expected a whole number")]
    [InlineData("epochs: 2", "epochs: [2]", "18:11: epochs is a list; expected a whole number")]
    [InlineData("lr: 0.1", "lr: -0.1", "19:25: lr is -0.1; expected a number of 0 or more")]
    [InlineData("lr: 0.1", "lr: .nan", "19:25: lr is '.nan'; expected a number")]
    [InlineData("momentum: 0.9", "momentum: 1", "19:40: momentum is 1; expected a number from 0 to below 1")]
    [InlineData("momentum: 0.9", "momentun: 0.9", "19:30: sgd has no 'momentun'; did you mean 'momentum'?")]
    [InlineData("sgd: {", "sdg: {", "19:15: no optimizer is called 'sdg'; did you mean 'sgd'?")]
    [InlineData("cosine: {", "cosin: {", "20:14: no schedule is called 'cosin'; did you mean 'cosine'?")]
    [InlineData("norm: 1.0", "norm: 0", "21:16: norm is 0; expected a number above 0")]
    [InlineData("every: 200", "every: -1", "22:21: every is -1; expected")]
    [InlineData("npz: not-there.npz", "nqz: not-there.npz", "5:13: no data set is called 'nqz'; did you mean 'npz'?")]
    [InlineData("shape: [2, 8, 8]", "shape: 8", "6:10: shape is '8'; expected a list")]
    [InlineData("shape: [2, 8, 8]", "shape: [2, 0, 8]", "6:10: shape ")]
    [InlineData("loss: softmax-cross-entropy", "loss: softmax-cross-entrop", "16:7: no loss is called 'softmax-cross-entrop'; did you mean")]
    [InlineData("{units: 3}", "{bias: true}", "15:12: dense lacks 'units'; expected 'units'")]
    [InlineData("{units: 3}", "{units: 3, bias: yes}", "15:29: bias is 'yes'; expected true or false")]
    [InlineData("  - relu", "  - rleu", "11:5: no layer is called 'rleu'; did you mean 'relu'?")]
    [InlineData("  - relu", "  - relu: {slope: 0.1}", "11:12: relu has no 'slope'")]
    [InlineData("model:\n", "model: []\nother:\n", "9:8: model is an empty list; expected at least one item")]
    // Shapes.
    [InlineData("kernel: 3, padding: same}\n  - relu", "kernel: 2147483647}\n  - relu", "10:32: kernel is '2147483647'; expected a whole number from 1 to 1048576, or [rows, columns]")]
    [InlineData("kernel: 3, padding: same}\n  - relu", "kernel: 3, padding: 2147483647}\n  - relu", "10:44: padding is '2147483647'; expected a whole number from 0 to 1048576, [rows")]
    [InlineData("kernel: 3, padding: same}\n  - relu", "kernel: 11}\n  - relu", "10:5: conv: ")]
    [InlineData("kernel: 3, padding: same}\n  - relu", "kernel: 3, groups: 3}\n  - relu", "10:5: conv: ")]
    [InlineData("{filters: 4, kernel: 3, padding: same}}]", "{filters: 5, kernel: 3, padding: same}}]", "12:5: residual: ")]
    [InlineData("maxpool: 2", "maxpool: 9", "13:5: maxpool: ")]
    [InlineData("  - flatten\n", "", "14:5: dense: its input has shape [4, 4, 4]")]
    [InlineData("{units: 3}", "{units: 4}", "16:7: the network gives [4], softmax-cross-entropy expects [3]")]
    [InlineData("maxpool: 2", "reshape: [5, -1]", "13:5: reshape: its input [4, 8, 8] has 256 numbers, which do not fill [5, -1]")]
    // What only data or layers can tell.
    [InlineData("cosine: {warmup: 2}", "plateau: {metric: validation-loss}", "20:14: train.schedule: 'validation-loss' is asked for, but there is no validation part")]
    [InlineData("clip: {norm: 1.0}", "keep-best: validation-accuracy", "18:3: train.keep-best: 'validation-accuracy' is asked for")]
    [InlineData("clip: {norm: 1.0}", "early-stopping: {metric: validation-loss}", "21:19: train.early-stopping: 'validation-loss' is asked for")]
    [InlineData("clip: {norm: 1.0}", "groups: [{layers: [frist]}]", "21:12: train.groups: 'frist' names no parameter; there are 0.weight, 0.bias")]
    [InlineData("{filters: 4, kernel: 3, padding: same}\n  - relu", "{filters: 4, kernel: 3, padding: same}\n  - conv: {filters: 4, kernel: 3, name: a}\n  - conv: {filters: 4, kernel: 3, name: a}", "12:5: a second layer called 'a'")]
    // YAML.
    [InlineData("  epochs: 2", "  epochs: 2\n epochs: 3", "19:2: not YAML")]
    [InlineData("name: test", "name: &x test", "1:7: an anchor")]
    [InlineData("name: test", "name: !!str test", "1:7: a tag")]
    [InlineData("name: test", "extends: nowhere.yaml", "1:10: extends 'nowhere.yaml', which does not exist")]
    public void A_wrong_config_is_one_line_and_exit_code_2_before_device_and_data(string right, string wrong, string expected)
    {
        Assert.Contains(right, Good, StringComparison.Ordinal);
        gpugrad.Write("test.yaml", Good.Replace(right, wrong, StringComparison.Ordinal));
        Assert.StartsWith("test.yaml:" + expected, gpugrad.Run("train", "test.yaml").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Equal(["test.yaml"], Directory.GetFileSystemEntries(gpugrad.Folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("train.epochs=x", "--set train.epochs:1:1: epochs is 'x'; expected a whole number")]
    [InlineData("train.epoch=2", "--set train.epoch:1:1: train has no 'epoch'; did you mean 'epochs'?")]
    [InlineData("model.9.dense=3", "--set model.9.dense:1:1: '9' in 'model.9.dense'; expected an index from 0 to 5")]
    [InlineData("train", "--set:1:1: 'train'; expected KEY.KEY=VALUE, e.g. train.epochs=3")]
    [InlineData("train.optimizer={sgd: {lr: 1", "--set train.optimizer:2:1: not YAML")]
    public void A_wrong_override_is_one_line_too(string set, string expected)
    {
        gpugrad.Write("test.yaml", Good);
        foreach (string verb in new[] { "train", "config" })
            Assert.StartsWith(expected, gpugrad.Run(verb, "test.yaml", "--set", set).Refused(ExitCode.Usage), StringComparison.Ordinal);
    }
}
