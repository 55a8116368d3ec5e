using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Cli.Tests;

/// <summary><c>predict</c> and <c>eval</c> read data as <c>train</c> does.</summary>
public sealed class DataReadingTests : IDisposable
{
    private readonly Gpugrad gpugrad = new() { Cache = "cache" };

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void A_table_from_standard_input_is_read_by_its_names_as_from_a_file()
    {
        gpugrad.Write("train.csv", "x;kind;noise\n" + string.Concat(Enumerable.Range(0, 40).Select(i => string.Create(CultureInfo.InvariantCulture, $"{(i % 2 == 0 ? -5 : 5) + (i / 100.0)};{(i % 2 == 0 ? "no" : "yes")};100\n"))));
        gpugrad.Write("c.yaml", "data: {dataset: {csv: {path: train.csv, label: kind}}, batch: 20}\nmodel: [{dense: 2}]\ntrain: {epochs: 30, optimizer: {sgd: {lr: 0.5}}}\ndevice: cpu\n");
        gpugrad.Run("train", "c.yaml", "--out", "run").Done();
        const string Rows = "\uFEFFnoise;x\r\n100;5.5\r\n100;-4.5\r\n";
        gpugrad.Write("new.csv", Rows);
        JsonArray answers = gpugrad.RunWithInput(Rows, "predict", "run", "-", "new.csv", "--json").Json().AsArray();
        Assert.Equal(["yes", "no", "yes", "no"], answers.Select(a => (string?)a!["name"]));
        Assert.StartsWith("standard input:1:1: no column 'noise'; expected the columns of the training data", gpugrad.RunWithInput("x,y\n1,2\n", "predict", "run", "-").Refused(ExitCode.Data), StringComparison.Ordinal);
        Answer more = gpugrad.RunWithInput("x,y,noise\n5.5,2,100\n", "predict", "run", "-").Done();
        Assert.Contains("standard input: a column that training did not have is left out: 'y'", more.Errors, StringComparison.Ordinal);
        Assert.Equal(40, gpugrad.Run("predict", "run", "train.csv").Done().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        gpugrad.Write("other.csv", "kind;noise;x\nyes;100;5.5\nno;100;5.5\n");
        JsonNode figures = gpugrad.Run("eval", "run", "--data", "other.csv", "--json").Json();
        Assert.Equal((2, 0.5), ((int)figures["samples"]!, (double)figures["accuracy"]!));
        Assert.Contains("no column 'kind'", gpugrad.Run("eval", "run", "--data", "new.csv").Refused(ExitCode.Data), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_binary_answers_are_predicted_as_probabilities()
    {
        gpugrad.Write("train.csv", "x,a,b\n" + string.Concat(Enumerable.Range(0, 40).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i % 4},{i % 2},{i % 4 / 2}\n"))));
        gpugrad.Write("c.yaml", "data: {dataset: {csv: {path: train.csv, targets: [a, b]}}, batch: 20}\nmodel: [{dense: {units: 2}}]\nloss: bce-with-logits\ntrain: {epochs: 30, optimizer: {sgd: {lr: 5}}}\ndevice: cpu\n");
        gpugrad.Run("train", "c.yaml", "--out", "run").Done();
        JsonArray answers = gpugrad.RunWithInput("x\n-50\n50\n", "predict", "run", "-", "--json").Json().AsArray();
        double[] values = [.. answers.SelectMany(a => a!["values"]!.AsArray()).Select(v => (double)v!)];
        Assert.All(values, v => Assert.InRange(v, 0, 1));
        Assert.True(values[1] < 0.01 && values[3] > 0.99, string.Join(", ", values));
    }

    [Fact]
    public void An_id_that_is_no_row_of_the_embedding_is_one_line_with_row_and_column_for_train_and_predict()
    {
        gpugrad.Write("good.csv", "id,label\n0,0\n1,1\n2,0\n3,1\n");
        gpugrad.Write("bad.csv", "id,label\n0,0\n7,1\n");
        gpugrad.Write("c.yaml", "data: {dataset: {csv: good.csv}, batch: 2}\nmodel: [{embedding: {rows: 4, width: 3}}, flatten, {dense: 2}]\ntrain: {epochs: 1}\ndevice: cpu\n");
        Assert.EndsWith("bad.csv:3: 7 in column 'id'; expected a whole number from 0 to 3, a row of the embedding", gpugrad.Run("train", "c.yaml", "--out", "no", "--set", "data.dataset={csv: bad.csv}").Refused(ExitCode.Data), StringComparison.Ordinal);
        gpugrad.Run("train", "c.yaml", "--out", "run").Done();
        Assert.StartsWith("bad.csv:3: 7 in column 'id'", gpugrad.Run("predict", "run", "bad.csv").Refused(ExitCode.Data), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_with_other_contents_than_the_published_ones_is_refused()
    {
        foreach ((string part, int count) in new[] { ("train", 60), ("t10k", 10) })
        {
            Zip($"{part}-images-idx3-ubyte.gz", [count, 28, 28], new byte[count * 784]);
            Zip($"{part}-labels-idx1-ubyte.gz", [count], [.. Enumerable.Range(0, count).Select(i => (byte)(i % 10))]);
        }
        gpugrad.Write("c.yaml", "data: {dataset: fashion-mnist}\nmodel: [flatten, {dense: 10}]\ntrain: {epochs: 1}\ndevice: cpu\n");
        string refusal = gpugrad.Run("train", "c.yaml", "--out", "run").Refused(ExitCode.Data);
        Assert.Contains("cache/fashion-mnist/train-", refusal.Replace('\\', '/'), StringComparison.Ordinal);
        Assert.Contains("what was published; remove the file, and it is fetched again", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("loss:")]
    [InlineData("loss: ~")]
    [InlineData("target: null")]
    [InlineData("schedule:\ncheckpoint:")]
    public void A_key_without_a_value_does_not_spoil_the_run(string keys)
    {
        string train = keys.StartsWith("schedule", StringComparison.Ordinal) ? "train:\n  epochs: 1\n  schedule:\ncheckpoint:\n" : $"{keys}\ntrain: {{epochs: 1}}\n";
        gpugrad.Write("c.yaml", $"data: {{dataset: {{blobs: {{train: 60, test: 30}}}}, batch: 20}}\nmodel: [{{dense: 3}}]\ndevice: cpu\n{train}");
        gpugrad.Run("train", "c.yaml", "--out", "run").Done();
        gpugrad.Run("eval", "run").Done();
        gpugrad.Run("resume", "run").Done();
    }

    private void Zip(string name, int[] sizes, byte[] values)
    {
        Directory.CreateDirectory(gpugrad["cache/fashion-mnist"]);
        using var zip = new System.IO.Compression.GZipStream(File.Create(gpugrad[$"cache/fashion-mnist/{name}"]), System.IO.Compression.CompressionLevel.Fastest);
        Idx.Write(zip, sizes, values);
    }
}
