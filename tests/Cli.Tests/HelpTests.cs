namespace GpuGrad.Cli.Tests;

/// <summary>Asking for help, and command lines that are wrong.</summary>
public sealed class HelpTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Help_names_every_verb()
    {
        string help = gpugrad.Run("--help").Done().Output;
        foreach (string verb in new[] { "train", "resume", "eval", "predict", "summary", "config", "schema", "data", "devices", "step", "export", "board", "serve" })
            Assert.Contains($"  {verb} ", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_of_a_verb_names_its_options_and_values()
    {
        string help = gpugrad.Run("train", "--help").Done().Output;
        foreach (string word in new[] { "CONFIG", "--out", "--set", "--device", "--threads", "--json" })
            Assert.Contains(word, help, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_is_one_line() =>
        Assert.StartsWith("gpugrad 0.", Assert.Single(gpugrad.Run("--version").Done().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "no verb; known are train, resume")]
    [InlineData("tain", "unknown verb 'tain'; did you mean 'train'?")]
    [InlineData("train", "CONFIG is missing; see 'gpugrad train --help'")]
    [InlineData("train a.yaml --devic cpu", "unknown option '--devic'; did you mean 'device'?")]
    [InlineData("train a.yaml --bogus", "unknown option '--bogus'; known are out, weights, until, live, apply-advice, set, device, threads, json")]
    [InlineData("train a.yaml -x", "unknown option '-x'")]
    [InlineData("train a.yaml b.yaml", "'b.yaml' is an extra argument")]
    [InlineData("train a.yaml --threads many", "--threads has a value of the wrong kind")]
    [InlineData("train a.yaml --out", "--out has no value")]
    [InlineData("train a.yaml --out --json", "--out has no value")]
    [InlineData("train a.yaml --out x --out y", "--out is given twice")]
    [InlineData("train a.yaml --set", "--set has no value")]
    [InlineData("devices --set seed=1", "--set works only with verbs that take a CONFIG")]
    [InlineData("devices cpu", "'cpu' is an extra argument")]
    [InlineData("export run", "--out is missing")]
    [InlineData("predict run", "RUN or INPUT is missing")]
    [InlineData("data", "ACTION is missing")]
    [InlineData("data lst", "data lst; did you mean 'list'?")]
    [InlineData("data show", "data show needs a config")]
    [InlineData("data fetch", "data fetch needs a name")]
    [InlineData("data fetch fashion-mnits", "data fetch:1:1: no data set is called 'fashion-mnits'; did you mean 'fashion-mnist'?")]
    [InlineData("eval run --split tset", "--split tset; expected test, validation or train")]
    [InlineData("train a.yaml", "a.yaml: no such file; give the path of a YAML config")]
    [InlineData("resume nowhere", "nowhere: no run here; expected a folder")]
    public void A_wrong_command_line_is_one_line_and_exit_code_2(string arguments, string expected) =>
        Assert.StartsWith(expected, gpugrad.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Refused(ExitCode.Usage), StringComparison.Ordinal);

    [Theory]
    [InlineData("cuda")]
    [InlineData("cuda:7")]
    [InlineData("opencl:7")]
    [InlineData("gpu")]
    public void A_missing_device_is_one_line_that_lists_the_others(string device)
    {
        Assert.SkipWhen(gpugrad.Run("devices").Output.Contains(device, StringComparison.Ordinal), $"this machine has {device}");
        string line = gpugrad.Run("train", Path.Combine(Gpugrad.Configs, "digits.yaml"), "--device", device).Refused(ExitCode.Device);
        Assert.Contains($"'{device}'", line, StringComparison.Ordinal);
        Assert.Contains("cpu, ", line, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(gpugrad.Folder));
    }
}
