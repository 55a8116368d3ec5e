namespace GpuGrad.Cli.Tests;

/// <summary>What is printed never decides what is done: streams that are full, closed or broken lose text and nothing else.</summary>
public sealed class StreamTests : IDisposable
{
    private const string Config = """
        data: {dataset: {blobs: {train: 60, test: 30}}, batch: 20}
        model: [{dense: 3}]
        device: cpu
        train: {epochs: 2, optimizer: {sgd: {lr: 0.01}}}
        """;

    private readonly Gpugrad gpugrad = new();

    public StreamTests() => gpugrad.Write("test.yaml", Config);

    public void Dispose() => gpugrad.Dispose();

    [Theory]
    [InlineData(">/dev/full")]
    [InlineData("2>/dev/full")]
    [InlineData(">/dev/full 2>&1")]
    [InlineData(">&-")]
    [InlineData("2>&-")]
    [InlineData("<&- >&- 2>&-")]
    [InlineData(">/dev/full", "--json")]
    [InlineData(">&-", "--json")]
    [InlineData("</dev/null 1</dev/null")]
    public void A_training_with_closed_output_ends_as_usual(string redirection, params string[] more)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no /dev/full, and streams are not closed by number");
        gpugrad.RunRedirected(redirection, ["train", "test.yaml", "--out", "run", .. more]).Done();
        Assert.True(File.Exists(gpugrad["run/weights.safetensors"]));
        Assert.Contains("\"finished\"", File.ReadAllText(gpugrad["run/summary.json"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(">/dev/full")]
    [InlineData("2>/dev/full")]
    [InlineData(">&- 2>&-")]
    public void Exit_codes_do_not_depend_on_whether_output_is_read(string redirection)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no /dev/full, and streams are not closed by number");
        Assert.Equal(ExitCode.Done, gpugrad.RunRedirected(redirection, "summary", "test.yaml").Code);
        Assert.Equal(ExitCode.Done, gpugrad.RunRedirected(redirection, "--help").Code);
        Assert.Equal(ExitCode.Usage, gpugrad.RunRedirected(redirection, "summary", "nowhere.yaml", "--json").Code);
        Assert.Equal(ExitCode.TargetMissed, gpugrad.RunRedirected(redirection, "train", "test.yaml", "--out", "run", "--set", "target.test-accuracy=1", "--set", "train.optimizer.sgd.lr=0").Code);
    }

    [Fact]
    public void Output_lost_to_a_full_disk_is_reported_on_standard_error()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no /dev/full");
        string line = Assert.Single(gpugrad.RunRedirected(">/dev/full", "summary", "test.yaml").Done().Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("gpugrad: standard output is incomplete: ", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_closed_pipe_ends_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no shell");
        gpugrad.RunRedirected("| true; exit 0", "train", "test.yaml", "--out", "run").Done();
        Assert.True(File.Exists(gpugrad["run/weights.safetensors"]));
    }

    [Theory]
    [InlineData("<&-", "closed")]
    [InlineData("<.", "directory")]
    [InlineData("0>/dev/null", "denied")]
    [InlineData("</dev/null", "no rows")]
    public void An_empty_standard_input_is_reported_instead_of_waited_for(string redirection, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no shell");
        gpugrad.Run("train", "test.yaml", "--out", "run").Done();
        string line = gpugrad.RunRedirected(redirection, "predict", "run", "-").Refused(ExitCode.Data);
        Assert.StartsWith("standard input: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.StartsWith("standard input: ", gpugrad.RunRedirected(redirection, "eval", "run", "--data", "-").Refused(ExitCode.Data), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_rows_from_standard_input_names_it_and_the_row()
    {
        gpugrad.Run("train", "test.yaml", "--out", "run").Done();
        Assert.StartsWith("standard input:2:3: 'x' in column 1;", gpugrad.RunWithInput("1,2\n3,x\n", "predict", "run", "-").Refused(ExitCode.Data), StringComparison.Ordinal);
        Assert.StartsWith("standard input:2: the network's output is not finite", gpugrad.RunWithInput("1,2\n3e38,-3e38\n", "predict", "run", "-").Refused(ExitCode.NonFinite), StringComparison.Ordinal);
    }
}
