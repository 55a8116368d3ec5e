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

    [Fact]
    public void Ranks_are_forecast_from_a_single_process_too()
    {
        using var program = new Gpugrad();
        string config = program.Write("net.yaml", "data: {shape: [6], classes: 3, batch: 4}\nmodel: [{dense: 5}, relu, batchnorm, {dense: 3}]\n");
        string[] arguments = ["bench", config, "--ranks", "--link", "20,0.5", "--device", "cpu", "--threads", "1", "--seconds", "0.01"];
        JsonNode json = program.Run([.. arguments, "--json"]).Json();
        // 6·5 and 5, 5 and 5, 5·3 and 3 floats, each parameter beginning a cache line.
        Assert.Equal((1, 4, 4 * (32 + 16 + 16 + 16 + 16 + 16)), ((int)json["ranks"]!, (int)json["batch"]!, (int)json["gradient_bytes"]!));
        JsonNode alone = Assert.Single(json["scaling"]!.AsArray())!;
        Assert.Equal((1, 4, 1.0, 0.0), ((int)alone["ranks"]!, (int)alone["samples_per_rank"]!, (double)alone["efficiency"]!, (double)alone["exposed_ms"]!));
        JsonNode[] forecast = [.. json["forecast"]!.AsArray().Select(f => f!)];
        Assert.Equal(["Ethernet 10 Gbit/s", "InfiniBand HDR 200 Gbit/s", "NVLink 4", "20 µs, 0.5 GB/s"], forecast.Select(f => (string)f["network"]!).Distinct());
        Assert.Equal([8, 16, 32, 64, 128, 256, 512, 1024], forecast.Where(f => (string)f["network"]! == "NVLink 4").Select(f => (int)f["ranks"]!));
        Assert.All(forecast, f => Assert.Equal((double)f["step_ms"]!, (double)alone["compute_ms"]! + (double)f["exposed_ms"]!, 1e-9));
        Assert.All(forecast, f => Assert.True((double)f["best_efficiency"]! >= (double)f["efficiency"]!));
        string[] lines = program.Run(arguments).Done().Output.Split('\n');
        Assert.Single(lines, l => l.StartsWith("ranks  samples each", StringComparison.Ordinal));
        Assert.Equal(8, lines.Count(l => l.StartsWith("InfiniBand HDR 200 Gbit/s ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("expected one of CONFIG, --op NAME and --machine", "bench")]
    [InlineData("expected one of CONFIG, --op NAME and --machine", "bench", "--op", "relu", "--machine")]
    [InlineData("--shape works only with --op", "bench", "--machine", "--shape", "3x3")]
    [InlineData("no op is called 'matmull'", "bench", "--op", "matmull")]
    [InlineData("--shape 3x3; expected MxKxN", "bench", "--op", "matmul", "--shape", "3x3")]
    [InlineData("--link works only with bench CONFIG --ranks", "bench", "net.yaml", "--link", "1,1")]
    [InlineData("--ranks works only with bench CONFIG", "bench", "--machine", "--ranks")]
    [InlineData("--brief works only with bench without --ranks", "bench", "net.yaml", "--ranks", "--brief")]
    [InlineData("--link fast; expected a latency in µs and a bandwidth in GB/s, e.g. 20,3", "bench", "net.yaml", "--ranks", "--link", "fast")]
    [InlineData("--link 1,0; expected a latency", "bench", "net.yaml", "--ranks", "--link", "1,0")]
    [InlineData("--set works only with verbs that take a CONFIG", "bench", "--machine", "--set", "a=b")]
    public void What_cannot_be_timed_is_refused_in_one_line(string expected, params string[] arguments)
    {
        using var program = new Gpugrad();
        Assert.Contains(expected, program.Run(arguments).Refused(ExitCode.Usage), StringComparison.Ordinal);
    }
}
