using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>What is typed by mistake is answered by what is to be typed instead, in one line.</summary>
public sealed class AdviceTests : IDisposable
{
    private const string Config = "data: {dataset: {blobs: {train: 60, test: 30}}, batch: 20}\nmodel: [{dense: 3}]\ndevice: cpu\ntrain: {epochs: 2}\n";

    private readonly Gpugrad gpugrad = new();

    public AdviceTests()
    {
        gpugrad.Write("net.yaml", Config);
        gpugrad.Write("run/config.yaml", Config);
        Directory.CreateDirectory(gpugrad["folder"]);
    }

    public void Dispose() => gpugrad.Dispose();

    [Theory]
    [InlineData("there is no alarm G099; known are G001 to G020", "explain", "G099")]
    [InlineData("there is no alarm g20; known are G001 to G020", "explain", "g20")]
    [InlineData("run: the folder of a run; expected its config and weights: gpugrad explain run/config.yaml --weights run/weights.safetensors", "explain", "run")]
    [InlineData("folder: a folder; expected an expression, a YAML config or an alarm such as G001", "explain", "folder")]
    [InlineData("run: the folder of a run; expected its config, and the run as an option: gpugrad landscape run/config.yaml --run run", "landscape", "run")]
    [InlineData("run: the folder of a run; expected a config, e.g. run/config.yaml, which it was trained with.", "train", "run")]
    [InlineData("run: the folder of a run; expected a config, e.g. run/config.yaml, which it was trained with.", "race", "run")]
    [InlineData("folder: a folder; expected the path of a YAML config.", "summary", "folder")]
    [InlineData("data fetch mnist: it is read from your own files (a folder with the four files of MNIST, with or without .gz); expected their path in a config, e.g. data: {dataset: {mnist: PATH}}", "data", "fetch", "mnist")]
    [InlineData("--set epochs:1:1: the config has no 'epochs'; expected train.epochs", "train", "net.yaml", "--set", "epochs=3")]
    [InlineData("--set data.epochs:1:1: data has no 'epochs'; expected train.epochs", "config", "net.yaml", "--set", "data.epochs=3")]
    [InlineData("--set lr:1:1: the config has no 'lr'; expected train.optimizer.NAME.lr, e.g. train.optimizer.sgd.lr", "config", "net.yaml", "--set", "lr=3")]
    [InlineData("--set batsh:1:1: the config has no 'batsh'; known are", "config", "net.yaml", "--set", "batsh=3")]
    [InlineData("--set train.optimizer.lr:1:1: 'lr' is a setting of 'sgd'; expected it below that: sgd: {lr: …}", "config", "net.yaml", "--set", "train.optimizer={sgd: {momentum: 0.9}}", "--set", "train.optimizer.lr=3")]
    [InlineData("net.yaml: a config; expected the folder of a run, which 'gpugrad train net.yaml' makes, or a .safetensors file", "eval", "net.yaml")]
    [InlineData("net.yaml: a config; expected the folder of a run, which", "predict", "net.yaml", "x.csv")]
    [InlineData("--op conv9; no op's name contains it; did you mean 'Conv2D'?", "doctor", "--device", "cpu", "--op", "conv9")]
    [InlineData("--op nosuch; no op's name contains it; kinds are elementwise, activations,", "doctor", "--device", "cpu", "--op", "nosuch")]
    public void A_typo_is_answered_with_what_to_type(string expected, params string[] arguments)
    {
        string line = gpugrad.Run(arguments).Refused(ExitCode.Usage);
        Assert.StartsWith(expected, line, StringComparison.Ordinal);
        Assert.InRange(line.Length, 0, 300);
    }

    [Fact]
    public void An_expression_may_begin_with_a_minus()
    {
        Assert.Equal(-9, (double)gpugrad.Run("explain", "-x^2", "--at", "x=3", "--json").Json()["value"]!);
        Assert.Equal(-9, (double)gpugrad.Run("explain", "--at", "x=3", "-x^2", "--json").Json()["value"]!);
        Assert.Equal(-9, (double)gpugrad.Run("explain", "--json", "--at=x=3", "--", "-x^2").Json()["value"]!);
        Assert.Equal(-2, (double)gpugrad.Run("explain", "-(1 + 1)", "--json").Json()["value"]!);
    }

    [Fact]
    public void A_key_of_another_section_is_named_with_its_place_in_the_file()
    {
        gpugrad.Write("other.yaml", Config + "epochs: 3\n");
        Assert.Equal("other.yaml:5:1: the config has no 'epochs'; expected train.epochs", gpugrad.Run("train", "other.yaml").Refused(ExitCode.Usage));
    }

    [Fact]
    public void Numbers_to_predict_without_a_loss_name_the_data_and_the_losses_that_fit()
    {
        gpugrad.Write("data.csv", "a,b,c\n1,2,0.5\n3,4,1.5\n5,6,2.5\n7,8,1.5\n");
        gpugrad.Write("csv.yaml", "data:\n  dataset: {csv: {path: data.csv, targets: [c]}}\n  batch: 2\nmodel: [{dense: 1}]\ndevice: cpu\n");
        string line = gpugrad.Run("train", "csv.yaml", "--out", "r").Refused(ExitCode.Usage);
        Assert.Equal("csv.yaml:2:13: the data has numbers to predict, 1 a sample, and no 'loss' is given; softmax-cross-entropy, the default, is for classes; expected e.g. 'loss: mse' (or mae, huber, squared-error), and for labels of 0 and 1 'loss: bce-with-logits'", line);
        Assert.Contains("the data has 1 number to predict", gpugrad.Run("train", "csv.yaml", "--out", "r", "--set", "loss=softmax-cross-entropy").Refused(ExitCode.Usage), StringComparison.Ordinal);
        gpugrad.Run("train", "csv.yaml", "--out", "r", "--set", "loss=mse").Done();
    }

    [Fact]
    public void A_missing_data_file_of_a_config_is_reported_with_its_folder_but_not_one_of_the_command_line()
    {
        gpugrad.Write("inner/c.yaml", "data: {dataset: {csv: nowhere.csv}}\nmodel: [{dense: 3}]\ndevice: cpu\n");
        string place = Path.Combine("inner", "nowhere.csv");
        Assert.EndsWith($"{place}: no such file; expected data; 'nowhere.csv' in the config is relative to {gpugrad["inner"]}", gpugrad.Run("train", "inner/c.yaml").Refused(ExitCode.Data), StringComparison.Ordinal);
        gpugrad.Run("train", "net.yaml", "--out", "trained").Done();
        Assert.Equal("nowhere.csv: no such file; expected a data file", gpugrad.Run("predict", "trained", "nowhere.csv").Refused(ExitCode.Data));
        Assert.Equal("nowhere.csv: no such file; expected a data file", gpugrad.Run("eval", "trained", "--data", "nowhere.csv").Refused(ExitCode.Data));
        Assert.Equal("folder: a folder; expected a file of samples [N, 2], as the network was trained on", gpugrad.Run("predict", "trained", "folder").Refused(ExitCode.Data));
    }

    [Fact]
    public void A_file_where_a_folder_should_be_is_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "other words");
        gpugrad.Run("train", "net.yaml", "--out", "trained").Done();
        Assert.Contains($"cannot be read: {gpugrad["net.yaml"]} is a file, expected a folder", gpugrad.Run("predict", "trained", "net.yaml/x.csv").Refused(ExitCode.Data), StringComparison.Ordinal);
        Assert.Contains($"{gpugrad["net.yaml"]} is a file, expected a folder", gpugrad.Run("train", "net.yaml", "--out", "net.yaml/run").Refused(ExitCode.Data), StringComparison.Ordinal);
        File.CreateSymbolicLink(gpugrad["loop.csv"], "loop.csv");
        Assert.Equal("loop.csv: cannot be read: a link that leads back to itself (ELOOP).", gpugrad.Run("predict", "trained", "loop.csv").Refused(ExitCode.Data));
    }

    [Fact]
    public void A_run_that_ended_before_its_first_checkpoint_is_not_waited_for()
    {
        Assert.Equal(ExitCode.NonFinite, gpugrad.Run("train", "net.yaml", "--out", "bad", "--set", "train.optimizer={sgd: {lr: 1e38}}", "--set", "model=[{dense: 8}, relu, {dense: 3}]").Code);
        string expected = "bad: the run ended (non-finite) at step 2 and left neither weights nor a checkpoint; see 'gpugrad report bad', and train again";
        Assert.Equal(expected, gpugrad.Run("eval", "bad").Refused(ExitCode.Data));
        Assert.Equal(expected, gpugrad.Run("export", "bad", "--out", "w.npz").Refused(ExitCode.Data));
        Assert.Contains(expected, gpugrad.Run("report", "bad").Done().Errors, StringComparison.Ordinal);
        Assert.Contains("no checkpoints, the run ended (non-finite) at step 2; expected", gpugrad.Run("landscape", "bad/config.yaml", "--run", "bad").Refused(ExitCode.Data), StringComparison.Ordinal);
        Assert.Equal("run: neither weights nor a checkpoint yet; wait for the first one, or if the run is no longer active: gpugrad resume run", gpugrad.Run("eval", "run").Refused(ExitCode.Data));
    }

    [Fact]
    public void A_run_that_is_finished_says_so_when_it_is_resumed_and_takes_more_epochs()
    {
        gpugrad.Run("train", "net.yaml", "--out", "done").Done();
        string weights = Convert.ToHexString(File.ReadAllBytes(gpugrad["done/weights.safetensors"]));
        string output = gpugrad.Run("resume", "done").Done().Output;
        Assert.Contains("step 6, after 2 of 2 epochs", output, StringComparison.Ordinal);
        Assert.Contains("is finished; for more epochs: gpugrad resume done --set train.epochs=4", output, StringComparison.Ordinal);
        Assert.DoesNotContain("epoch  train loss", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\n\n\n", output, StringComparison.Ordinal);
        Assert.Equal(weights, Convert.ToHexString(File.ReadAllBytes(gpugrad["done/weights.safetensors"])));
        Assert.Contains("    4 ", gpugrad.Run("resume", "done", "--set", "train.epochs=4").Done().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Resuming_an_early_stopped_run_reports_that_and_continues_as_advised()
    {
        gpugrad.Run("train", "net.yaml", "--out", "early", "--set", "train.optimizer.sgd.lr=0", "--set", "train.early-stopping=1", "--set", "train.epochs=6").Done();
        Assert.Contains("was stopped early, so there is nothing left to train", gpugrad.Run("resume", "early").Done().Output, StringComparison.Ordinal);
        gpugrad.Run("resume", "early", "--set", "train.early-stopping=null", "--allow-changes").Done();
        Assert.Equal(6, (int)JsonNode.Parse(File.ReadAllText(gpugrad["early/summary.json"]))!["epochs"]!);
    }

    [Fact]
    public void A_schedule_that_throws_the_weights_away_is_named_and_its_remedy_helps()
    {
        string[] train = ["train", "net.yaml", "--set", "model=[{dense: 8}, tanh, {dense: 3}]", "--set", "data.batch=60", "--set", "train.optimizer={adam: {lr: 0.01}}"];
        Answer broken = gpugrad.Run([.. train, "--out", "thrown", "--set", "train.schedule={exponential: 1e30}"]).Done();
        Assert.Contains("train.schedule raises the learning rate to 1E+28, 1E+30 times the optimizer's", broken.Errors, StringComparison.Ordinal);
        Assert.Contains("! G007 loss not falling, step 2: the loss on samples not trained on of this epoch is", broken.Errors, StringComparison.Ordinal);
        Assert.Contains("Try: --set train.schedule=constant", broken.Errors, StringComparison.Ordinal);
        Answer better = gpugrad.Run([.. train, "--out", "kept", "--set", "train.schedule=constant"]).Done();
        Assert.DoesNotContain("! G0", better.Errors, StringComparison.Ordinal);

        Answer infinite = gpugrad.Run("train", "net.yaml", "--out", "infinite", "--set", "train.schedule={one-cycle: {start-divisor: 1e-36}}", "--set", "model=[{dense: 8}, relu, {dense: 3}]");
        Assert.Equal(ExitCode.NonFinite, infinite.Code);
        Assert.Contains("Try: --set train.schedule=constant", infinite.Errors.Split('\n').First(l => l.Contains("Numbers grew", StringComparison.Ordinal)), StringComparison.Ordinal);
    }
}
