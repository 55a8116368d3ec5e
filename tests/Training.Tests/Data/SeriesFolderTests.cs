using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Series of different lengths, a file each, with a class each.</summary>
public sealed class SeriesFolderTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Series_are_padded_at_their_end_and_scaled_by_their_real_steps()
    {
        folder.Write("d/up/1.csv", "#a, b\n1,10\n3,30\n");
        folder.Write("d/down/x.csv", "2,20\n");
        TrainingData data = Load.Training("{dataset: {series: d}}", folder.Path);
        Assert.Equal("[2, 2]", data.Shape.Shape.ToString());
        Assert.Equal(["down", "up"], data.ClassNames);
        Assert.Equal([2f, 20, 0, 0, 1, 10, 3, 30], data.Train.Reals!);
        Assert.Equal([1, 2], data.Train.Lengths!);
        double deviation = Math.Sqrt(2.0 / 3);
        Assert.Equal([2, 20, 2, 20], data.Normalization.Centre);
        Assert.Equal(1 / deviation, data.Normalization.Scale[0], 1e-12);
        Assert.Equal(0.1 / deviation, data.Normalization.Scale[3], 1e-12);
        Assert.Null(FittedInput.Of(data).Problem());
    }

    [Fact]
    public void Classes_stand_in_a_table_by_name_or_number()
    {
        folder.Write("d/S_1.csv", "1\n2\n");
        folder.Write("d/S_02.csv", "3\n");
        folder.Write("d/other.csv", "4\n");
        folder.Write("d/classes.csv", "#id, class\n1,1\n2,-1\n");
        TrainingData data = Load.Training("{dataset: {series: {path: d, labels: d/classes.csv, length: 1}}}", folder.Path);
        Assert.Equal(["-1", "1"], data.ClassNames);
        Assert.Equal([0, 1], data.Train.Labels!); // S_02 before S_1
        Assert.Contains("d: 1 of 3 files have no class in", data.Notes[0], StringComparison.Ordinal);
        Assert.Contains("1 of 2 series have more than 1 steps, the longest 2; the rest is left out", data.Notes[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,2\n3\n", "1.csv:2:1: 1 columns; expected 2, as before")]
    [InlineData("1,2\n3,x\n", "1.csv:2:3: 'x'; expected a number")]
    [InlineData("a,b\n", "no rows of numbers; expected one row of numbers per step")]
    public void A_broken_series_is_refused_with_its_place(string text, string says)
    {
        folder.Write("d/a/1.csv", text);
        Assert.Contains(says, Load.Refusal("{dataset: {series: d}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_learns_from_series_of_different_lengths_and_padding_changes_no_prediction()
    {
        for (int i = 0; i < 24; i++)
            folder.Write($"d/{(i % 2 == 0 ? "high" : "low")}/{i}.csv", string.Concat(Enumerable.Repeat(i % 2 == 0 ? "5,1\n" : "1,1\n", 1 + (i % 5))));
        RunConfig config = RunConfigFile.Load("c.yaml", text: "data: {dataset: {series: d}, batch: 4}\nmodel: [{time-pool: mean}, {dense: 2}]\ntrain: {epochs: 40, optimizer: {adam: {lr: 0.1}}}\n").Config;
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        using var device = new CpuDevice(2);
        using var trainer = new Trainer(config, data, device);
        Assert.Equal(1, trainer.Run().Final.Train.Accuracy);
        var pipeline = new InputPipeline(config, FittedInput.Of(data));
        SampleSet one = pipeline.Read(Path.Combine(folder.Path, "d", "high", "0.csv"));
        Assert.Equal((1, 1), (one.Count, one.Lengths![0]));
        Assert.Equal(data.Train.Labels!, pipeline.Read(Path.Combine(folder.Path, "d"), answers: true).Labels!);
        var card = new ModelCard("", FittedInput.Of(data));
        Assert.Equal(data.Normalization.Scale, ModelCard.FromMetadata("w", card.ToMetadata()).Normalization.Scale);
    }
}
