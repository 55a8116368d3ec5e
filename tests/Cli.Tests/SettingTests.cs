namespace GpuGrad.Cli.Tests;

/// <summary>Contradictory settings are refused, and settings without effect are warned of, in one line with the place.</summary>
public sealed class SettingTests : IDisposable
{
    private const string Good = """
        data: {dataset: {blobs: {train: 60, test: 30}}, batch: 20}
        model:
          - dense: 4
          - relu
          - dense: 3
        device: cpu
        train: {epochs: 2, optimizer: {sgd: {lr: 0.01, momentum: 0.9}}}
        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Theory]
    [InlineData("momentum: 0.9", "nesterov: true", "7:32: nesterov needs momentum, which is 0")]
    [InlineData("sgd: {lr: 0.01, momentum: 0.9}", "nesterov: {momentum: 0}", "7:32: nesterov needs momentum, which is 0")]
    [InlineData("batch: 20", "batch: 20, shape: [3, 8, 8]", "1:7: data.shape is [3, 8, 8], the data set has [2]")]
    [InlineData("batch: 20", "batch: 20, classes: 4", "1:7: data.classes is 4, the data set has 3")]
    [InlineData("batch: 20", "batch: 20, targets: 1", "1:7: data.targets is 1, the data set has 0")]
    [InlineData("epochs: 2", "epochs: 2, clip: {}", "7:8: train.clip limits nothing")]
    [InlineData("device: cpu", "device: cpu\nloss: {softmax-cross-entropy: {class-weights: [0, 0, 0]}}", "7:8: class-weights are all 0")]
    public void Contradictory_settings_are_refused(string right, string wrong, string expected)
    {
        gpugrad.Write("test.yaml", Good.Replace(right, wrong, StringComparison.Ordinal));
        foreach (string verb in new[] { "train", "config", "summary" })
            Assert.StartsWith("test.yaml:" + expected, gpugrad.Run(verb, "test.yaml").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Equal(["test.yaml"], Directory.GetFileSystemEntries(gpugrad.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void A_shape_that_differs_from_the_file_is_refused_when_the_file_is_read()
    {
        gpugrad.Write("data.csv", "a,b,label\n1,2,x\n3,4,y\n5,6,x\n");
        gpugrad.Write("test.yaml", "data: {dataset: {csv: data.csv}, shape: [3], classes: 2, batch: 2}\nmodel: [{dense: 2}]\ndevice: cpu\n");
        Assert.StartsWith("test.yaml:1:7: data.shape is [3], the data set has [2]", gpugrad.Run("train", "test.yaml", "--out", "run").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.False(Directory.Exists(gpugrad["run"]));
    }

    [Theory]
    [InlineData("target: {test-accuracy: 0.5}", "a,b,label\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n", "label", "the data has none")]
    [InlineData("target: {test-loss: 0.5}", "a,b,c\n1,2,0.5\n3,4,1.5\n5,6,2.5\n7,8,1.5\n", "{targets: [c]}", "the data has none")]
    [InlineData("target: {test-accuracy: 0.5}", "a,b,c\n1,2,0.5\n3,4,1.5\n5,6,2.5\n7,8,1.5\n", "{targets: [c]}, test: 1", "the data has no classes")]
    public void A_target_that_the_data_cannot_show_is_refused_before_training(string target, string csv, string kind, string expected)
    {
        gpugrad.Write("data.csv", csv);
        bool classes = kind == "label";
        string dataset = classes ? "{csv: data.csv}" : "{csv: {path: data.csv, " + kind[1..].Split('}')[0] + "}}";
        gpugrad.Write("test.yaml", $"data: {{dataset: {dataset}, batch: 2{(kind.Contains("test", StringComparison.Ordinal) ? ", test: 1" : "")}}}\nmodel: [{{dense: {(classes ? 2 : 1)}}}]\nloss: {(classes ? "softmax-cross-entropy" : "mse")}\n{target}\ndevice: cpu\n");
        string line = gpugrad.Run("train", "test.yaml", "--out", "run").Refused(ExitCode.Usage);
        Assert.StartsWith("test.yaml:4:9: target asks for", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("  - dense: 3", "  - dense: 3\n  - softmax", "6:5: softmax before softmax-cross-entropy")]
    [InlineData("  - dense: 3", "  - dense: 3\n  - log-softmax", "6:5: log-softmax before softmax-cross-entropy")]
    [InlineData("  - dense: 3", "  - dense: 3\n  - sigmoid\nloss: bce-with-logits", "6:5: sigmoid before bce-with-logits")]
    [InlineData("epochs: 2", "epochs: 2, schedule: {cosine: {warmup: 6}}", "7:31: train.schedule: a warm-up of 6 steps is not over when the run is, after 6 steps")]
    [InlineData("epochs: 2", "epochs: 2, schedule: {step: 2}", "7:31: train.schedule: step first changes the learning rate after 2 epochs")]
    [InlineData("epochs: 2", "epochs: 2, schedule: {multi-step: [3, 5]}", "7:31: train.schedule: multi-step first changes the learning rate after 3 epochs")]
    [InlineData("epochs: 2", "epochs: 2, schedule: plateau", "7:30: train.schedule: plateau first changes the learning rate after 10 epochs")]
    [InlineData("epochs: 2", "epochs: 2, early-stopping: 2", "7:36: train.early-stopping waits for 2 epochs")]
    [InlineData("epochs: 2", "epochs: 2, penalty: {l2: 0}", "7:8: train.penalty has neither l1 nor l2")]
    [InlineData("epochs: 2", "epochs: 2, groups: [{layers: [0]}]", "7:29: train.groups: a group with neither lr-factor nor weight-decay")]
    [InlineData("epochs: 2", "epochs: 2, groups: [{layers: [0], lr-factor: 2}, {layers: [0.bias], lr-factor: 3}]", "7:58: train.groups: every parameter that this group names is in a group before it")]
    [InlineData("epochs: 2", "epochs: 2, accumulate: 4", "7:8: train.accumulate is 4, but an epoch has 3 batches")]
    [InlineData("epochs: 2", "epochs: 2, schedule: {exponential: 1}", "7:31: train.schedule: a factor of 1 never changes the learning rate")]
    [InlineData("epochs: 2", "epochs: 2, schedule: {step: {every: 1, by: 1}}", "7:31: train.schedule: a factor of 1 never changes the learning rate")]
    [InlineData("epochs: 2", "epochs: 2, schedule: {plateau: {patience: 0, min: 1}}", "7:31: train.schedule: a factor of 1 never changes the learning rate")]
    [InlineData("batch: 20", "batch: 20, limit: 61", "1:7: data.limit is 61, the data set has 60 training samples: all are used")]
    [InlineData("batch: 20", "batch: 70, drop-last: true", "1:7: data.drop-last: 60 training samples are less than one batch of 70")]
    public void A_setting_without_effect_is_warned_of_once(string right, string idle, string expected)
    {
        Assert.Contains(right, Good, StringComparison.Ordinal);
        gpugrad.Write("test.yaml", Good.Replace(right, idle, StringComparison.Ordinal));
        Answer answer = gpugrad.Run("train", "test.yaml", "--out", "run").Done();
        Assert.Single(answer.Errors.Split('\n'), l => l.Contains(expected, StringComparison.Ordinal) && l.Contains("test.yaml:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("device: cpu", "device: cpu\ndiagnostics: {every: 7}", "diagnostics.every is 7, and the run has 6 steps")]
    [InlineData("device: cpu", "device: cpu\ndiagnostics: {every: 0, budget: 0.02}", "diagnostics.budget has no effect: diagnostics.every is 0")]
    public void A_setting_without_effect_or_position_is_warned_of_too(string right, string idle, string expected)
    {
        gpugrad.Write("test.yaml", Good.Replace(right, idle, StringComparison.Ordinal));
        Assert.Single(gpugrad.Run("train", "test.yaml", "--out", "run").Done().Errors.Split('\n'), l => l.StartsWith(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("batch: 20", "batch: 20, drop-last: true")]
    [InlineData("batch: 20", "batch: 1000")]
    [InlineData("batch: 20", "batch: 20, limit: 60")]
    [InlineData("epochs: 2", "epochs: 2, ema: 0")]
    [InlineData("epochs: 2", "epochs: 2, log-every: 1000")]
    [InlineData("epochs: 2", "epochs: 2, schedule: {cosine: {warmup: 0}}")]
    [InlineData("- relu", "- dropout: 0")]
    [InlineData("device: cpu", "device: cpu\ncheckpoint: {every: 1000}")]
    [InlineData("device: cpu", "device: cpu\nloss: {softmax-cross-entropy: {label-smoothing: 0, class-weights: [2, 2, 2]}}")]
    public void Harmless_settings_without_effect_give_no_warning(string right, string idle)
    {
        Assert.Contains(right, Good, StringComparison.Ordinal);
        gpugrad.Write("test.yaml", Good.Replace(right, idle, StringComparison.Ordinal));
        Assert.Equal("", gpugrad.Run("train", "test.yaml", "--out", "run", "--set", "diagnostics={every: 0, init-audit: false}").Done().Errors);
        Assert.True(File.Exists(gpugrad["run/weights.safetensors"]));
        Assert.NotEmpty(Directory.GetFiles(gpugrad["run/checkpoints"]));
    }

    [Fact]
    public void A_schedule_that_raises_the_learning_rate_far_is_warned_of()
    {
        gpugrad.Write("test.yaml", Good.Replace("epochs: 2", "epochs: 2, schedule: {exponential: 20}", StringComparison.Ordinal));
        Assert.Contains("test.yaml:7:31: train.schedule raises the learning rate to 0.2, 20 times the optimizer's", gpugrad.Run("train", "test.yaml", "--out", "run").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_config_whose_settings_all_matter_gives_no_warnings()
    {
        gpugrad.Write("test.yaml", Good);
        Assert.Equal("", gpugrad.Run("train", "test.yaml", "--out", "run", "--set", "diagnostics={every: 0, init-audit: false}").Done().Errors);
        foreach (string config in Directory.GetFiles(Gpugrad.Configs, "*.yaml", SearchOption.AllDirectories).Where(c => !File.ReadLines(c).First().StartsWith("# A sweep,", StringComparison.Ordinal)))
            Assert.Equal("", gpugrad.Run("config", config).Done().Errors);
    }

    [Theory]
    [InlineData("--sample works only with a CONFIG", "explain", "x*y", "--at", "x=1,y=2", "--sample", "0")]
    [InlineData("--weights works only with a CONFIG", "explain", "x*y", "--at", "x=1,y=2", "--weights=w.safetensors")]
    [InlineData("--at works only with an expression", "explain", "test.yaml", "--at", "x=1")]
    [InlineData("--at works only with an expression or a CONFIG", "explain", "G001", "--at", "x=1")]
    [InlineData("--op works only with doctor without a CONFIG", "doctor", "test.yaml", "--op", "conv")]
    [InlineData("--samples works only with doctor CONFIG", "doctor", "--samples", "3")]
    [InlineData("--count works only with data show", "data", "list", "--count", "5")]
    [InlineData("data list digits; expected", "data", "list", "digits")]
    [InlineData("--weights works only with a landscape without --run", "landscape", "test.yaml", "--run", "run", "--weights", "w.safetensors")]
    [InlineData("--rows works only with bench CONFIG", "bench", "--op", "relu", "--rows", "3")]
    public void An_option_that_changes_nothing_is_refused(string expected, params string[] arguments)
    {
        gpugrad.Write("test.yaml", Good);
        Assert.StartsWith(expected, gpugrad.Run(arguments).Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--top -1; expected a whole number above 0", "predict", "run", "a.csv", "--top", "-1")]
    [InlineData("--top 0; expected a whole number above 0", "predict", "run", "a.csv", "--top", "0")]
    [InlineData("--rows -5; expected a whole number of 0 or more", "bench", "test.yaml", "--rows", "-5")]
    [InlineData("--seconds 0; expected a number above 0 and at most 3600", "bench", "test.yaml", "--seconds", "0")]
    [InlineData("--samples -2; expected a whole number of 0 or more", "gradcheck", "test.yaml", "--samples", "-2")]
    [InlineData("--jitter 1.5; expected a number from 0 to 1", "gradcheck", "test.yaml", "--jitter", "1.5")]
    [InlineData("--count 0; expected a whole number above 0", "data", "show", "test.yaml", "--count", "0")]
    [InlineData("--steps 19; expected a whole number from 20 to 100000", "lr-find", "test.yaml", "--steps", "19")]
    [InlineData("--from 1 --to 0.1; expected --to above --from", "lr-find", "test.yaml", "--from", "1", "--to", "0.1")]
    [InlineData("--reach NaN; expected a number above 0", "landscape", "test.yaml", "--reach", "NaN")]
    [InlineData("--points 2; expected a whole number from 3 to 101", "landscape", "test.yaml", "--points", "2")]
    [InlineData("--cases -1; expected a whole number above 0", "doctor", "--cases", "-1")]
    [InlineData("--samples 0; expected a whole number above 0", "doctor", "test.yaml", "--samples", "0")]
    [InlineData("--budget 0; expected a number above 0 and at most 1000000000", "race", "test.yaml", "--budget", "0")]
    [InlineData("--threads 1025; expected a whole number from 0 to 1024", "summary", "test.yaml", "--threads", "1025")]
    public void A_number_out_of_an_options_range_is_refused_with_the_range(string expected, params string[] arguments)
    {
        gpugrad.Write("test.yaml", Good);
        Assert.Equal(expected, gpugrad.Run(arguments).Refused(ExitCode.Usage));
    }
}
