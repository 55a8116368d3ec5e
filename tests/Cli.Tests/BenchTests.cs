using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

public sealed class BenchTests
{
    [Fact]
    public void A_step_is_answered_with_times_speed_and_a_row_for_every_op()
    {
        using var program = new Gpugrad();
        string config = program.Write("net.yaml", "data: {shape: [6], classes: 3, batch: 4}\nmodel: [{dense: 5}, relu, {dense: 3}]\n");
        JsonNode json = program.Run("bench", config, "--device", "cpu", "--threads", "1", "--seconds", "0.01", "--json").Json();
        double median = json["step_ms"]!["median"]!.GetValue<double>();
        Assert.InRange(median, json["step_ms"]!["min"]!.GetValue<double>(), json["step_ms"]!["max"]!.GetValue<double>());
        Assert.Equal(4000 / median, json["samples_per_second"]!.GetValue<double>(), 6);
        Assert.Equal(json["step_flops"]!.GetValue<double>() / median / 1e6, json["gflops"]!.GetValue<double>(), 6);
        string[] products = [.. json["ops"]!.AsArray().Where(o => o!["op"]!.GetValue<string>() == "MatMul").Select(o => $"{o!["layer"]} {o["phase"]}").Order()];
        Assert.Equal(["0 backward", "0 forward", "2 backward", "2 forward"], products);
        Assert.All(json["ops"]!.AsArray(), o => Assert.True(o!["ms"]!.GetValue<double>() >= 0));
    }

    [Theory]
    [InlineData("expected one of CONFIG, --op NAME and --machine", "bench")]
    [InlineData("expected one of CONFIG, --op NAME and --machine", "bench", "--op", "relu", "--machine")]
    [InlineData("--shape goes with --op", "bench", "--machine", "--shape", "3x3")]
    [InlineData("no op is called 'matmull'", "bench", "--op", "matmull")]
    [InlineData("--shape 3x3; expected MxKxN", "bench", "--op", "matmul", "--shape", "3x3")]
    [InlineData("--set goes with verbs that take a CONFIG", "bench", "--machine", "--set", "a=b")]
    public void What_cannot_be_timed_is_refused_in_one_line(string expected, params string[] arguments)
    {
        using var program = new Gpugrad();
        Assert.Contains(expected, program.Run(arguments).Refused(ExitCode.Usage), StringComparison.Ordinal);
    }
}
