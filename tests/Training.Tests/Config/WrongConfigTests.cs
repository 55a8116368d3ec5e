using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tests.Config;

/// <summary>Every kind of wrong config is one line with file, line, column, what was found and what was expected.</summary>
public sealed class WrongConfigTests
{
    // The lines of this config are counted from 1 in the expectations below.
    private const string Good = """
        name: test
        seed: 1
        device: cpu
        data: {shape: [1, 8, 8], classes: 3, batch: 4}
        model:
          - flatten
          - dense: {units: 5, bias: true}
          - leaky-relu: 0.1
          - dense: 3
        loss: {softmax-cross-entropy: {label-smoothing: 0.1}}
        train:
          epochs: 2
          optimizer: {sgd: {lr: 0.1, momentum: 0.9}}
          schedule: {cosine: {warmup: 2}}
          clip: {norm: 1.0}
        """;

    [Fact]
    public void The_config_that_the_others_are_made_from_is_right() => Assert.NotNull(Load(Good));

    [Theory]
    [InlineData("seed: 1", "sede: 1", "2:1: the config has no 'sede'; did you mean 'seed'?")]
    [InlineData("seed: 1", "seed: 1\nseed: 2", "3:1: 'seed' is given twice; the first is on line 2")]
    [InlineData("seed: 1", "seed: -1", "2:7: seed is '-1'; expected a whole number")]
    [InlineData("seed: 1", "seed: 1.5", "2:7: seed is '1.5'; expected a whole number")]
    [InlineData("seed: 1", "seed: 010", "2:7: seed is '010'; expected a whole number")]
    [InlineData("seed: 1", "seed: 99999999999999999999", "2:7: seed is '99999999999999999999'; expected a whole number")]
    [InlineData("epochs: 2", "epochs: 0", "12:11: epochs is 0; expected a whole number above 0")]
    [InlineData("epochs: 2", "epochs: two", "12:11: epochs is 'two'; expected a whole number")]
    [InlineData("epochs: 2", "epochs: \"2\"", "12:11: epochs is '2'; expected a whole number")]
    [InlineData("epochs: 2", "epochs: [2]", "12:11: epochs is a list; expected a whole number")]
    [InlineData("epochs: 2", "epochs: {n: 2}", "12:11: epochs is a mapping; expected a whole number")]
    [InlineData("lr: 0.1", "lr: 0,1", "13:27: sgd has no '1'; known are momentum, nesterov, lr, weight-decay")]
    [InlineData("lr: 0.1", "lr: .nan", "13:25: lr is '.nan'; expected a number")]
    [InlineData("lr: 0.1", "lr: -0.1", "13:25: lr is -0.1; expected a number of 0 or more")]
    [InlineData("lr: 0.1", "lr: 1e999", "13:25: lr is '1e999'; expected a number")]
    [InlineData("lr: 0.1", "lr: 1_000", "13:25: lr is '1_000'; expected a number")]
    [InlineData("momentum: 0.9", "momentum: 1", "13:40: momentum is 1; expected a number from 0 to below 1")]
    [InlineData("momentum: 0.9", "momentun: 0.9", "13:30: sgd has no 'momentun'; did you mean 'momentum'?")]
    [InlineData("sgd: {", "sdg: {", "13:15: no optimizer is called 'sdg'; did you mean 'sgd'?")]
    [InlineData("{sgd: {lr: 0.1, momentum: 0.9}}", "[sgd]", "13:14: a list as an optimizer; expected a name, or a name with settings")]
    [InlineData("{sgd: {lr: 0.1, momentum: 0.9}}", "{sgd: {lr: 0.1}, adam: {lr: 0.1}}", "13:31: a second name, 'adam'; expected one optimizer: 'sgd' with its settings indented below it")]
    [InlineData("bias: true", "bias: yes", "7:29: bias is 'yes'; expected true or false")]
    [InlineData("units: 5", "units: 0", "7:20: units is 0; expected a whole number above 0")]
    [InlineData("{units: 5, bias: true}", "{bias: true}", "7:12: dense lacks 'units'; expected 'units'")]
    [InlineData("- dense: {units", "- dens: {units", "7:5: no layer is called 'dens'; did you mean 'dense'?")]
    [InlineData("leaky-relu: 0.1", "leaky-relu: {slop: 0.1}", "8:18: leaky-relu has no 'slop'; did you mean 'slope'?")]
    [InlineData("leaky-relu: 0.1", "relu: 0.1", "8:11: relu is '0.1'; expected a mapping with name")]
    [InlineData("  - dense: 3", "  - dense: 4", "10:8: the network gives [4], softmax-cross-entropy expects [3], a score for each class; end the model with 'dense: 3'")]
    [InlineData("  - flatten\n", "", "6:5: dense: its input has shape [1, 8, 8]; expected [features] or [steps, features]; put 'flatten' before it")]
    [InlineData("  - flatten\n", "  - reshape: [3, -1]\n", "6:5: reshape: its input [1, 8, 8] has 64 numbers, which do not fill [3, -1]")]
    [InlineData("label-smoothing: 0.1", "label-smoothing: 1.1", "10:49: label-smoothing is 1.1; expected a number from 0 to below 1")]
    [InlineData("label-smoothing: 0.1", "class-weights: [1, 2]", "10:8: class-weights has 2 numbers; expected 3, one per class")]
    [InlineData("shape: [1, 8, 8]", "shape: 8", "4:15: shape is '8'; expected a list")]
    [InlineData("batch: 4", "batch: 0", "4:45: batch is 0; expected a whole number above 0")]
    [InlineData("clip: {norm: 1.0}", "clip: {norm: 0}", "15:16: norm is 0; expected a number above 0")]
    [InlineData("model:\n", "model: []\nother:\n", "5:8: model is an empty list; expected at least one item")]
    [InlineData("data: {", "date: {", "4:1: the config has no 'date'; did you mean 'data'?")]
    [InlineData("name: test", "name: &x test", "1:7: an anchor (&name); write the value out, or use 'extends:'")]
    [InlineData("name: test", "name: !!str test", "1:7: a tag (!name); values have no tags here")]
    [InlineData("name: test", "? [a]\n: b", "1:3: a list or mapping as a key; expected a name")]
    [InlineData("train:\n", "init-from: {weights: a.safetensors}\ntrain:\n", "11:13: init-from has no 'weights'; known are file, rename, strict")]
    [InlineData("epochs: 2", "lr: 2", "12:3: train has no 'lr'; expected train.optimizer.NAME.lr")]
    [InlineData("  epochs: 2", "  epochs: 2\n epochs: 3", "13:2: not YAML")]
    public void A_wrong_config_is_one_line_that_says_what_and_where(string right, string wrong, string expected)
    {
        Assert.Contains(right, Good, StringComparison.Ordinal);
        GpuGradException e = Assert.ThrowsAny<GpuGradException>(() => Load(Good.Replace(right, wrong, StringComparison.Ordinal)));
        Assert.Equal(Fault.Config, e.Fault);
        Assert.StartsWith("test.yaml:" + expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void A_surplus_brace_within_a_list_is_an_error_of_the_config() =>
        Assert.Matches("^test.yaml:1:[0-9]+: not YAML: [^\n]+$", Assert.Throws<ConfigException>(() => Load("model: [{conv filters: 6, kernel: 3}}, relu]")).Message);

    [Theory]
    [InlineData("data: {shape: [2], classes: 2}\nmodel: [{dense: 2}]\ntrain:\n\tepochs: 3\n", "4:1")]
    [InlineData("data: {shape: [2], classes: 2}\nmodel:\n\t- dense: 2\n", "3:1")]
    [InlineData("data:\n  shape: [2]\n  \tclasses: 2\nmodel: [{dense: 2}]\n", "3:3")]
    [InlineData("# a comment\r\ndata: {shape: [2], classes: 2}\r\nmodel:\r\n  - dense:\r\n  \t  units: 2\r\n", "5:3")]
    public void A_tab_as_indentation_is_named_with_its_place(string yaml, string place) =>
        Assert.Equal($"test.yaml:{place}: not YAML: a tab as indentation; expected spaces", Assert.Throws<ConfigException>(() => Load(yaml)).Message);

    [Fact]
    public void Tabs_within_brackets_and_between_key_and_value_are_spaces() =>
        Assert.NotNull(Load("data:\t{shape: [2],\tclasses: 2,\n\tbatch: 2}\nmodel: [{dense: 2}]\n"));

    [Fact]
    public void A_missing_section_is_named() =>
        Assert.Equal("test.yaml:1:1: the config lacks 'data'; expected 'data' and 'model'", Assert.Throws<ConfigException>(() => Load("seed: 1")).Message);

    [Fact]
    public void Nesting_of_twenty_thousand_levels_is_refused_and_does_not_overflow_the_stack() =>
        Assert.Contains("nested deeper than 64 levels", Assert.Throws<ConfigException>(() => Load(new string('[', 20_000))).Message, StringComparison.Ordinal);

    [Fact]
    public void More_than_a_mebibyte_is_refused() =>
        Assert.Contains("bytes", Assert.Throws<GpuGradException>(() => Load("a: " + new string('x', YamlReader.MostBytes))).Message, StringComparison.Ordinal);

    [Fact]
    public void More_than_ten_thousand_values_are_refused() =>
        Assert.Contains("more than 10000 values", Assert.Throws<ConfigException>(() => Load("a: [" + string.Join(",", Enumerable.Repeat("1", 11_000)) + "]")).Message, StringComparison.Ordinal);

    private static Network? Load(string yaml) =>
        ModelCheck.Check(ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "test.yaml"), "the config"));
}
