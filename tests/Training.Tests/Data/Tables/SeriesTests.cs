using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Rows that follow one another in time: the last rows predict the next, and nothing of later rows is known earlier.</summary>
public sealed class SeriesTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_sample_is_the_past_of_every_column_with_the_targets_of_the_rows_that_follow()
    {
        TrainingData data = Load("a,b\n1,10\n2,20\n3,30\n4,40\n5,50\n", "targets: [b], window: {past: 2, horizon: 2}", "");
        Assert.Equal((2, 2), (data.Train.Count, data.Shape.Targets));
        Assert.Equal([2, 2], data.Shape.Shape.Sizes.ToArray());
        Assert.Equal([1, 2, 10, 20], Row(data.Train, 0));
        Assert.Equal([2, 3, 20, 30], Row(data.Train, 1));
        Assert.Equal([30, 40, 40, 50], data.Train.Targets!);
    }

    [Fact]
    public void Parts_follow_one_another_in_time_and_what_is_learned_is_learned_from_the_first()
    {
        string table = "at,v\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"2024-01-{i + 1:00},{(i < 12 ? i : 1000 + i)}\n"));
        TrainingData data = Load(table, "targets: [v], window: 3, columns: {at: {date: [day]}}", ", validation: 4, test: 4");
        Assert.Equal((9, 4, 4), (data.Train.Count, data.Validation!.Count, data.Test!.Count));
        Assert.Equal(Enumerable.Range(3, 9).Select(i => (float)i), data.Train.Targets!);
        Assert.Equal([1012, 1013, 1014, 1015], data.Validation.Targets!);
        Assert.Equal([1016, 1017, 1018, 1019], data.Test.Targets!);
        // The past of the first window to be judged stands in the training part.
        Assert.Equal([10, 11, 12, 9, 10, 11], Row(data.Validation, 0));
        Assert.True(data.Normalization.Targets!.Centre[0] < 12);
        Assert.True(data.Normalization.Centre[1] < 12);
        Assert.Equal(5.5, data.Columns!.Columns[1].Fit!.Fill![0]);
    }

    [Theory]
    [InlineData(0, new[] { 1, 0, 0, 1, 1, 0 })]
    [InlineData(1, new[] { 0, 0, 1, 1, 0 })]
    [InlineData(2, new[] { 0, 1, 1, 0 })]
    public void The_class_of_a_row_after_a_window_or_of_its_last_row_is_predicted(int horizon, int[] labels)
    {
        const string Table = "a,kind,b\n1,up,10\n2,up,20\n3,down,30\n4,down,40\n5,up,50\n6,up,60\n7,down,70\n";
        TrainingData data = Load(Table, $"label: kind, window: {{past: 2, horizon: {horizon}}}", "");
        Assert.Equal(["down", "up"], data.ClassNames!);
        Assert.Equal((2, 0), (data.Shape.Classes, data.Shape.Targets));
        // The class is no part of a sample.
        Assert.Equal([1, 2, 10, 20], Row(data.Train, 0));
        Assert.Equal(labels, data.Train.Labels!);
        Assert.Null(FittedInput.Of(data).Problem());
        // What is judged has its class in the rows that were held back.
        TrainingData parted = Load(Table, $"label: kind, window: {{past: 2, horizon: {horizon}}}", ", test: 3");
        Assert.Equal(labels.Length - parted.Test!.Count - Math.Max(0, horizon - 1), parted.Train.Count);
        Assert.Equal(labels[^parted.Test.Count..], parted.Test.Labels!);
        Assert.Equal(3 - Math.Max(0, horizon - 1), parted.Test.Count);
    }

    [Fact]
    public void Windows_over_gaps_in_time_are_counted_and_announced()
    {
        string table = "at,v\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"2024-01-{i + (i < 8 ? 1 : 6):00},{i}\n"));
        TrainingData data = Load(table, "targets: [v], window: 3", "");
        Assert.Equal(17, data.Train.Count);
        Assert.Equal(
            "the training part: 3 of 17 windows span a gap in time, the first of the series from 2024-01-08 to 2024-01-14, where rows are usually 1 day apart; they are used as if there were none",
            Assert.Single(data.Notes));
        // Months are of different lengths, and that is not a gap.
        Assert.Empty(Load("at,v\n" + string.Concat(Enumerable.Range(0, 24).Select(i => $"{2020 + (i / 12)}-{1 + (i % 12):00}-01,{i}\n")), "targets: [v], window: 3", "").Notes);
    }

    [Fact]
    public void A_gap_is_filled_in_the_past_and_no_answer()
    {
        TrainingData data = Load("v\n1\n2\nNA\n4\n5\n6\n", "targets: [v], window: 2", "");
        Assert.Equal([4, 5, 6], data.Train.Targets!);
        Assert.Equal([2, 3.6, 0, 1], Row(data.Train, 0));
        Assert.Equal([3.6, 4, 1, 0], Row(data.Train, 1));
    }

    [Fact]
    public void Another_file_gives_a_sample_for_every_row_that_has_a_past_and_one_for_the_row_to_come()
    {
        RunConfig config = Config("a,v\n1,10\n2,20\n3,30\n4,40\n5,50\n", "targets: [v], window: 2", "");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        var pipeline = new InputPipeline(config, ModelCard.FromMetadata("w", new ModelCard("", FittedInput.Of(data)).ToMetadata()).Input);
        string path = folder.Write("new.csv", "v,a\n1,7\n2,8\n3,9\n");
        SampleSet read = pipeline.Read(path);
        Assert.Equal(2, read.Count);
        Assert.Equal([8, 9, 2, 3], Row(read, 1));
        SampleSet judged = pipeline.Read(path, answers: true);
        Assert.Equal([3], judged.Targets!);
        Assert.Equal(Row(data.Train, 1), Row(pipeline.Read(folder.Write("new.csv", "a,v\n2,20\n3,30\n")), 0));
    }

    [Theory]
    [InlineData("v\n1\n2\n", "targets: [v], window: 2", Fault.Data, "the training part: 2 rows; expected enough for a window of 2 rows and the targets of the 1 after it")]
    [InlineData("at,v\n2024-01-02,1\n2024-01-01,2\n2024-01-03,3\n", "targets: [v], window: 1", Fault.Data, "train.csv:3: an earlier date in column 'at' than in the row before; expected rows in time order")]
    [InlineData("v,w\n1,2\n2,3\n", "window: 1", Fault.Config, "window without 'targets' or 'label'")]
    [InlineData("v,w\n1,2\n2,3\n", "targets: [v], window: {past: 1, horizon: 0}", Fault.Config, "window with 'horizon: 0' and 'targets'")]
    [InlineData("v,w\n1,a\n2,b\n", "label: w, label-delim: ';', window: 1", Fault.Config, "window with 'label-delim'")]
    [InlineData("v,w\n1,2\n2,3\n", "targets: [v], ignore: [v], window: 1", Fault.Data, "with two roles")]
    [InlineData("v,w\n1,a\n2,b\n3,a\n", "targets: [w], window: 1", Fault.Data, "'a' in column 'w'; expected a finite number")]
    [InlineData("v\n1\n2\n", "targets: [v], window: 0", Fault.Config, "expected a whole number from 1")]
    public void What_is_no_series_is_refused(string table, string keys, Fault fault, string says)
    {
        GpuGradException e = Assert.ThrowsAny<GpuGradException>(() => Load(table, keys, ""));
        Assert.Equal(fault, e.Fault);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    private TrainingData Load(string table, string keys, string more) => TrainingData.Load(Config(table, keys, more), new DataContext(folder.Path, 1));

    private RunConfig Config(string table, string keys, string more)
    {
        folder.Write("train.csv", table);
        return ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{dataset: {{csv: {{path: train.csv, {keys}}}}}{more}}}, model: [flatten, {{dense: 1}}], loss: mse}}", "c.yaml"), "the config");
    }

    private static double[] Row(SampleSet samples, int row)
    {
        var values = new double[samples.Shape.Count];
        samples.Read((long)row * values.Length, values);
        return values;
    }
}
