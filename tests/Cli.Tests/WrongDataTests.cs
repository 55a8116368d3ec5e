using System.IO.Compression;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Cli.Tests;

/// <summary>Data that are missing or broken end with exit code 3 and one line.</summary>
public sealed class WrongDataTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public WrongDataTests()
    {
        NpzWriter.Save(gpugrad["good.npz"], npz =>
        {
            npz.Add("x", [4, 3], new float[12]);
            npz.Add("y", [4], (int[])[0, 1, 0, 1]);
        });
        byte[] good = File.ReadAllBytes(gpugrad["good.npz"]);
        File.WriteAllBytes(gpugrad["cut.npz"], good[..^20]);
        good[70] ^= 255;
        File.WriteAllBytes(gpugrad["flipped.npz"], good);
        NpzWriter.Save(gpugrad["other.npz"], npz => npz.Add("x", [4, 3], new float[12]));
        NpzWriter.Save(gpugrad["uneven.npz"], npz =>
        {
            npz.Add("x", [4, 3], new float[12]);
            npz.Add("y", [3], (int[])[0, 1, 0]);
        });
        NpzWriter.Save(gpugrad["nan.npz"], npz =>
        {
            npz.Add("x", [4, 3], (float[])[0, float.NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            npz.Add("y", [4], (int[])[0, 1, 0, 1]);
        });
        gpugrad.Write("good.csv", "a,b,label\n1,2,0\n3,4,1\n5,6,0\n");
        gpugrad.Write("ragged.csv", "a,b,label\n1,2,0\n3,4\n");
        gpugrad.Write("word.csv", "a,b,label\n1,2,0\n3,four,1\n");
        gpugrad.Write("empty.csv", "");
        gpugrad.Write("pictures/cat/one.png", "not a picture");
        Directory.CreateDirectory(gpugrad["nothing"]);
        using GZipStream zip = new(File.Create(gpugrad["x.gz"]), CompressionLevel.Fastest);
        zip.Write([0, 0, 8, 3, 0, 0, 0, 9]);
    }

    public void Dispose() => gpugrad.Dispose();

    [Theory]
    [InlineData("{npz: nowhere.npz}", "nowhere.npz: no such file")]
    [InlineData("{npz: cut.npz}", "cut.npz:")]
    [InlineData("{npz: flipped.npz}", "flipped.npz")]
    [InlineData("{npz: other.npz}", "other.npz: no array 'y'")]
    [InlineData("{npz: uneven.npz}", "uneven.npz")]
    [InlineData("{npz: nan.npz}", "nan.npz")]
    [InlineData("{npz: good.csv}", "good.csv:")]
    [InlineData("{npz: nothing}", "nothing")]
    [InlineData("{csv: nowhere.csv}", "nowhere.csv: no such file")]
    [InlineData("{csv: ragged.csv}", "ragged.csv:3:")]
    [InlineData("{csv: word.csv}", "word.csv:3:3:")]
    [InlineData("{csv: empty.csv}", "empty.csv:")]
    [InlineData("{csv: {path: good.csv, label: colour}}", "good.csv:1:1:")]
    [InlineData("{images: pictures}", "one.png:")]
    [InlineData("{images: nowhere}", "nowhere")]
    [InlineData("{images: nothing}", "nothing")]
    [InlineData("{idx: {images: x.gz, labels: x.gz}}", "x.gz (inflated):8:")]
    public void Missing_or_broken_data_is_one_line_and_exit_code_3(string dataset, string expected)
    {
        gpugrad.Write("test.yaml", $"data: {{dataset: {dataset}, batch: 2}}\nmodel: [flatten, {{dense: 2}}]\nloss: softmax-cross-entropy\ntrain: {{optimizer: {{sgd: {{lr: 0.1}}}}}}\ndevice: cpu\n");
        Answer answer = gpugrad.Run("train", "test.yaml");
        Assert.Contains(expected, answer.Refused(ExitCode.Data), StringComparison.Ordinal);
        Assert.False(Directory.Exists(gpugrad["runs"]), "a run folder was made");
    }

    [Theory]
    [InlineData("{mnist: nothing}")]
    [InlineData("{cifar10: nothing}")]
    public void A_folder_without_its_files_is_one_line_too(string dataset)
    {
        gpugrad.Write("test.yaml", $"data: {{dataset: {dataset}}}\nmodel: [flatten, {{dense: 10}}]\nloss: softmax-cross-entropy\ntrain: {{optimizer: {{sgd: {{lr: 0.1}}}}}}\ndevice: cpu\n");
        Assert.Contains("nothing", gpugrad.Run("train", "test.yaml").Refused(ExitCode.Data), StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_weights_and_batches_of_a_step_are_one_line()
    {
        gpugrad.Write("test.yaml", "data: {shape: [3], classes: 2}\nmodel: [{dense: 2}]\nloss: softmax-cross-entropy\ntrain: {optimizer: {sgd: {lr: 0.1}}}\n");
        Assert.Contains("uneven.npz", gpugrad.Run("step", "test.yaml", "--batch", "uneven.npz").Refused(ExitCode.Data), StringComparison.Ordinal);
        Assert.Contains("nowhere.npz: no such file", gpugrad.Run("step", "test.yaml", "--batch", "nowhere.npz").Refused(ExitCode.Data), StringComparison.Ordinal);
        Assert.Contains("good.csv", gpugrad.Run("step", "test.yaml", "--weights", "good.csv").Refused(ExitCode.Data), StringComparison.Ordinal);
        Assert.Contains("nowhere.safetensors", gpugrad.Run("step", "test.yaml", "--weights", "nowhere.safetensors").Refused(ExitCode.Data), StringComparison.Ordinal);
        gpugrad.Run("step", "test.yaml", "--batch", "good.npz", "--json").Json();
    }
}
