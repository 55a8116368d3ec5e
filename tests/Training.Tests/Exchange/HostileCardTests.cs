using GpuGrad.Training.Exchange;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Exchange;

/// <summary>A weights file from somebody else: its metadata are believed only as far as they fit together and fit the tensors.</summary>
public sealed class HostileCardTests
{
    private const string Config = "data: {shape: [2], classes: 2, batch: 4}\nmodel: [{dense: 3}, relu, {dense: 2}]\n";

    [Theory]
    [InlineData("gpugrad.config", "[1]")]
    [InlineData("gpugrad.config", "abc")]
    [InlineData("gpugrad.config", "")]
    [InlineData("gpugrad.config", "data: {shape: [2], classes: 2}\nmodel: [{dense: 0}]\n")]
    [InlineData("gpugrad.config", "data: {shape: [2], classes: 2}\nmodel: [{dense: 3}, relu, {dense: 3}]\n")]
    [InlineData("gpugrad.config", "data: {shape: [2], classes: 2}\nmodel: [{dense: 2000000000}, {dense: 2}]\n")]
    [InlineData("gpugrad.shape", "[3,0]")]
    [InlineData("gpugrad.shape", "[]")]
    [InlineData("gpugrad.shape", "null")]
    [InlineData("gpugrad.shape", "[2]")]
    [InlineData("gpugrad.shape", "[2,-1,3]")]
    [InlineData("gpugrad.shape", "[-2,2,0]")]
    [InlineData("gpugrad.shape", "[2,1e400,0]")]
    [InlineData("gpugrad.shape", "[2,2147483648,0]")]
    [InlineData("gpugrad.shape", "[2,2,7]")]
    [InlineData("gpugrad.scale", "null")]
    [InlineData("gpugrad.scale", "[]")]
    [InlineData("gpugrad.scale", "[1]")]
    [InlineData("gpugrad.scale", "[1,1e400]")]
    [InlineData("gpugrad.scale", "[1,null]")]
    [InlineData("gpugrad.scale", "{}")]
    [InlineData("gpugrad.classes", "[\"a\"]")]
    [InlineData("gpugrad.classes", "[]")]
    [InlineData("gpugrad.classes", "[null,\"b\"]")]
    [InlineData("gpugrad.classes", "[\"a\",\"b\",\"c\"]")]
    [InlineData("gpugrad.classes", "\"ab\"")]
    [InlineData("gpugrad.classes", "[\"\\ud800\",\"b\"]")]
    public void Metadata_that_do_not_fit_are_refused_as_damaged_data_in_one_line(string key, string value)
    {
        using var folder = new Storage.TestFolder();
        Write(folder["x.safetensors"], key, value);
        var e = Assert.ThrowsAny<GpuGradException>(() => TrainedModel.Open(folder["x.safetensors"]).Dispose());
        Assert.Equal(Fault.Data, e.Fault);
        Assert.StartsWith(folder["x.safetensors"], e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void The_same_file_as_it_was_written_is_read_and_one_without_metadata_is_not()
    {
        using var folder = new Storage.TestFolder();
        Write(folder["x.safetensors"], "gpugrad.classes", "[\"a\",\"b\"]");
        using (TrainedModel trained = TrainedModel.Open(folder["x.safetensors"]))
            Assert.Equal(["a", "b"], trained.Card.ClassNames);
        SafetensorsWriter.Write(folder["y.safetensors"], Tensors);
        Assert.Equal(Fault.Data, Assert.ThrowsAny<GpuGradException>(() => TrainedModel.Open(folder["y.safetensors"])).Fault);
    }

    private static TensorToWrite[] Tensors =>
    [
        TensorToWrite.Of("0.weight", [3, 2], new float[6]), TensorToWrite.Of("0.bias", [3], new float[3]),
        TensorToWrite.Of("2.weight", [2, 3], new float[6]), TensorToWrite.Of("2.bias", [2], new float[2]),
    ];

    private static void Write(string path, string key, string value)
    {
        var metadata = new Dictionary<string, string>
        {
            ["gpugrad.config"] = Config,
            ["gpugrad.shape"] = "[2,2,0]",
            ["gpugrad.scale"] = "[1,1]",
            ["gpugrad.shift"] = "[0,0]",
        };
        metadata[key] = value;
        SafetensorsWriter.Write(path, Tensors, metadata);
    }
}
