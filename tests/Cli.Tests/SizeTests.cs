using System.Globalization;
using System.Text.RegularExpressions;

namespace GpuGrad.Cli.Tests;

/// <summary>Sizes beyond what can be counted or held: exit code 5 with a batch that fits, or a refusal; never a wrapped number.</summary>
public sealed class SizeTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Theory]
    [InlineData("step", "[flatten, {dense: 10}]", 100_000)]
    [InlineData("bench", "[flatten, {dense: 10}]", 100_000)]
    [InlineData("summary", "[flatten, {dense: 10}]", 100_000)]
    [InlineData("step", "[{conv: {filters: 64, kernel: 3, padding: same}}, relu, global-avgpool, {dense: 10}]", 60_000)]
    [InlineData("bench", "[{conv: {filters: 64, kernel: 3, padding: same}}, relu, global-avgpool, {dense: 10}]", 2_000_000_000)]
    [InlineData("summary", "[{conv: {filters: 64, kernel: 3, padding: same}}, relu, global-avgpool, {dense: 10}]", 2_147_483_647)]
    public void A_batch_that_is_too_large_is_refused_with_one_that_fits(string verb, string model, int batch)
    {
        gpugrad.Write("test.yaml", $"data: {{shape: [3, 224, 224], classes: 10, batch: {batch.ToString(CultureInfo.InvariantCulture)}}}\nmodel: {model}\ndevice: cpu\n");
        string line = gpugrad.Run(verb, "test.yaml").Refused(ExitCode.Memory);
        Match fits = Regex.Match(line, "--set data.batch=([0-9]+)$");
        Assert.True(fits.Success && int.Parse(fits.Groups[1].Value, CultureInfo.InvariantCulture) < batch, line);
        if (verb == "summary")
            gpugrad.Run(verb, "test.yaml", "--no-audit", "--set", $"data.batch={fits.Groups[1].Value}").Done();
    }

    [Theory]
    [InlineData("[{dense: 2147483647}, {dense: 2147483647}, {dense: 2}]")]
    [InlineData("[{dense: 2000000000}, {dense: 2}]")]
    [InlineData("[{reshape: [2147483647, 2147483647]}, {dense: 2}]")]
    [InlineData("[{reshape: [1, 2, 4]}, {conv: {filters: 2147483647, kernel: 1}}, flatten, {dense: 2}]")]
    [InlineData("[{reshape: [1, 2, 4]}, {conv: {filters: 2, kernel: 2147483647, padding: 2147483647}}, flatten, {dense: 2}]")]
    [InlineData("[{reshape: [1, 2, 4]}, {conv: {filters: 2, kernel: 2, dilation: 2147483647}}, flatten, {dense: 2}]")]
    [InlineData("[{reshape: [1, 2, 4]}, {conv: {filters: 2, kernel: 1, stride: 2147483647}}, flatten, {dense: 2147483647}]")]
    [InlineData("[{reshape: [1, 2, 4]}, {maxpool: {size: 2147483647, padding: 1073741823}}, flatten, {dense: 2}]")]
    [InlineData("[{reshape: [1, 2, 4]}, {conv-transpose: {filters: 2, kernel: 2147483647, stride: 2147483647}}, flatten, {dense: 2}]")]
    [InlineData("[{repeat: {times: 2147483647, layers: [relu]}}, {dense: 2}]")]
    public void Sizes_of_layers_that_overflow_are_refused(string model)
    {
        gpugrad.Write("test.yaml", $"data: {{shape: [8], classes: 2, batch: 4}}\nmodel: {model}\ndevice: cpu\n");
        foreach (string verb in new[] { "summary", "step" })
        {
            Answer answer = gpugrad.Run(verb, "test.yaml");
            Assert.True(answer.Code is ExitCode.Usage or ExitCode.Memory, answer.ToString());
            answer.Refused(answer.Code);
        }
    }

    [Theory]
    [InlineData("shape: [2147483647, 2147483647, 2147483647]")]
    [InlineData("shape: [2147483647, 2]")]
    [InlineData("shape: [2147483647], batch: 2147483647")]
    [InlineData("dataset: {blobs: {train: 2147483647, test: 2147483647}}")]
    [InlineData("dataset: {random: {shape: [65536, 65536], classes: 2, train: 65536, test: 1}}")]
    [InlineData("dataset: {digits: {train: 2147483647, test: 1}}")]
    public void Sizes_of_data_that_overflow_are_refused(string data)
    {
        gpugrad.Write("test.yaml", $"data: {{{data}, classes: 2}}\nmodel: [flatten, {{dense: 2}}]\ndevice: cpu\n".Replace(data.Contains("dataset", StringComparison.Ordinal) ? ", classes: 2" : "\0", "", StringComparison.Ordinal));
        foreach (string verb in new[] { "summary", "step", "train" })
        {
            Answer answer = gpugrad.Run(verb == "train" ? [verb, "test.yaml", "--out", "run"] : [verb, "test.yaml"]);
            bool counts = verb == "summary" && answer.Code == ExitCode.Done;
            Assert.True(counts || answer.Code is ExitCode.Usage or ExitCode.Memory, answer.ToString());
            Assert.DoesNotMatch(@"(^|[\s\[:])-[0-9]", answer.Output);
        }
    }

    [Theory]
    [InlineData("matmul", "2147483647x2147483647x2147483647")]
    [InlineData("conv", "128x32x28x28x32x2147483647")]
    [InlineData("maxpool", "2147483647x2147483647x2x2")]
    [InlineData("relu", "2147483647x3")]
    [InlineData("softmax-cross-entropy", "2147483647x2147483647")]
    public void Shapes_of_ops_that_overflow_are_refused(string op, string shape)
    {
        Answer answer = gpugrad.Run("bench", "--op", op, "--shape", shape, "--brief", "--seconds", "0.1");
        Assert.True(answer.Code is ExitCode.Usage or ExitCode.Memory, answer.ToString());
        answer.Refused(answer.Code);
    }
}
