using System.Text.Json;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Whatever a network was trained on, other files are read the same way; and what is not the same is refused.</summary>
public sealed class InputPipelineTests : IDisposable
{
    // The class stands in the middle, and one column is not a number.
    private const string Table = "id,height,kind,width\nu1,1.5,cat,10\nu2,2.5,dog,20\nu3,3.5,cat,30\n";
    private const string TableData = "{csv: {path: train.csv, label: kind, ignore: [id]}}";

    private readonly TempFolder folder = new();
    private readonly List<string> notes = [];

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, string> SameTables => new()
    {
        { "all columns", "id,height,kind,width\nu9,7,dog,8\nu9,9,cat,6\n" },
        { "no label and nothing ignored", "height,width\n7,8\n9,6\n" },
        { "another order", "width,kind,height\n8,dog,7\n6,cat,9\n" },
        { "a label that is not known and is not read", "width,kind,height\n8,?,7\n6,,9\n" },
        { "semicolons", "width;height\n8;7\n6;9\n" },
        { "quotes, a byte order mark and Windows' line ends", "\uFEFF\"width\",\"height\"\r\n\"8\",\"7\"\r\n\"6\",\"9\"\r\n" },
        { "tabs and blank lines", "width\theight\n\n8\t7\n\n6\t9\n" },
        { "no names, only the numbers", "7,8\n9,6\n" },
        { "no names, all columns", "u9,7,dog,8\nu9,9,cat,6\n" },
    };

    [Theory]
    [MemberData(nameof(SameTables))]
    public void Columns_are_taken_by_their_names_however_a_table_is_written(string what, string text)
    {
        Assert.NotEmpty(what);
        InputPipeline pipeline = Trained(Table, TableData);
        SampleSet samples = pipeline.Read(folder.Write("new.csv", text));
        Assert.Equal([7, 8, 9, 6], Numbers(samples));
        Assert.Null(samples.Labels);
        Assert.Equal(text.Contains("height", StringComparison.Ordinal) ? 0 : 1, notes.Count);
    }

    [Theory]
    [InlineData("x,y\n7,8\n", "new.csv:1:1: no column 'height'; expected the columns of the training data: 'height', 'width'")]
    [InlineData("width,kind\n8,cat\n", "new.csv:1:1: no column 'height'; expected the columns of the training data: 'height', 'width'")]
    [InlineData("height,height,width\n7,7,8\n", "two columns called 'height'")]
    [InlineData("7,8,9\n", "new.csv:1:1: 3 columns; expected 2, the numbers of a sample or 4, all of the training data")]
    [InlineData("height,width\n7,wide\n", "new.csv:2:3: 'wide' in column 'width'")]
    [InlineData("height,width\n7,8\0\n", "new.csv:2:3: '8?' in column 'width'")]
    [InlineData("height,width\n", "no rows below the names")]
    public void A_table_with_other_columns_or_holes_is_refused(string text, string says)
    {
        InputPipeline pipeline = Trained(Table, TableData);
        Assert.Contains(says, Refusal(() => pipeline.Read(folder.Write("new.csv", text))), StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_are_read_by_the_names_of_the_training()
    {
        InputPipeline pipeline = Trained(Table, TableData);
        SampleSet samples = pipeline.Read(folder.Write("new.csv", "kind,width,height\ndog,8,7\ncat,6,9\n"), answers: true);
        Assert.Equal([7, 8, 9, 6], Numbers(samples));
        Assert.Equal([1, 0], samples.Labels!);
        Assert.Contains("new.csv:2:1: the class 'cow'", Refusal(() => pipeline.Read(folder.Write("new.csv", "kind,width,height\ncow,8,7\n"), answers: true)), StringComparison.Ordinal);
        Assert.Contains("no column 'kind'", Refusal(() => pipeline.Read(folder.Write("new.csv", "width,height\n8,7\n"), answers: true)), StringComparison.Ordinal);

        InputPipeline regression = Trained("a,b,c,d\n1,2,3,4\n5,6,7,8\n", "{csv: {path: train.csv, targets: [d, a]}}", outputs: 2, loss: "mse");
        SampleSet targets = regression.Read(folder.Write("new.csv", "d,c,b,a\n40,30,20,10\n"), answers: true);
        Assert.Equal([20, 30], Numbers(targets));
        Assert.Equal([40, 10], targets.Targets!);
    }

    [Fact]
    public void A_table_without_names_goes_by_the_order_of_its_columns()
    {
        InputPipeline pipeline = Trained("0,5,3\n1,4,3\n0,2,2\n", "{csv: {path: train.csv, label: 0, header: false}}");
        Assert.Equal([7, 8], Numbers(pipeline.Read(folder.Write("new.csv", "7,8\n"))));
        Assert.Equal([7, 8], Numbers(pipeline.Read(folder.Write("new.csv", "1,7,8\n"))));
        Assert.Contains("4 columns", Refusal(() => pipeline.Read(folder.Write("new.csv", "1,7,8,9\n"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("depth,width,height\n1,8,7\n", "new.csv: a column that training did not have is left out: 'depth'")]
    [InlineData("id,height,kind,width,prediction,p_cat,p_dog\nu9,7,dog,8,cat,0.6,0.4\n", "new.csv: 3 columns that training did not have are left out: 'prediction', 'p_cat', 'p_dog'")]
    [InlineData("height,width,x,x\n7,8,1,2\n", "new.csv: 2 columns that training did not have are left out: 'x', 'x'")]
    public void Columns_that_training_did_not_have_are_left_out_and_named(string text, string says)
    {
        InputPipeline pipeline = Trained(Table, TableData);
        Assert.Equal([7, 8], Numbers(pipeline.Read(folder.Write("new.csv", text))));
        Assert.EndsWith(says, Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_stand_as_in_the_file_whatever_its_format()
    {
        InputPipeline pipeline = Trained(Table, TableData);
        string json = folder.Write("new.jsonl", "{\"height\": 7, \"width\": 8}\n\n{\"width\": 6, \"height\": 9, \"who\": \"a\"}\n");
        RawTable rows = pipeline.Raw(json, pipeline.Read(json))!;
        Assert.Equal((true, "height width who"), (rows.Named, string.Join(' ', rows.Names)));
        Assert.Equal(["7|8|", "9|6|a"], rows.Rows.Select(r => string.Join('|', r)));
        InputPipeline parquet = Trained("n,d,b,t,c,y\n1,2,true,2024-01-01,p,no\n2,,false,2024-01-02,q,yes\n3,4,true,2024-01-03,p,no\n", "{csv: {path: train.csv, label: y}}");
        string path = folder.Write("new.parquet", Tables.ParquetSample.Table(3));
        RawTable packed = parquet.Raw(path, parquet.Read(path))!;
        Assert.Equal("n d b t c y", string.Join(' ', packed.Names));
        Assert.Equal(["p", "q", "r"], packed.Rows.Select(r => r[4]));
    }

    [Fact]
    public void A_table_without_names_gets_none_in_a_file_of_predictions()
    {
        InputPipeline pipeline = Trained("1,2,a\n3,4,b\n5,6,a\n", "{csv: {path: train.csv, header: false}}");
        string path = folder.Write("new.csv", "7,8,a\n9,6,b\n");
        SampleSet samples = pipeline.Read(path);
        RawTable raw = pipeline.Raw(path, samples)!;
        Assert.False(raw.Named);
        LoadedConfig config = Config("{csv: {path: train.csv, header: false}}", 2, "softmax-cross-entropy");
        var file = new PredictionFile(config.Config, FittedInput.Of(TrainingData.Load(config.Config, new DataContext(folder.Path, 1))), null, 0.5);
        file.Add(path, raw, samples, [new(0, "a", [0.75, 0.25]), new(1, "b", [0.25, 0.75])]);
        string written = Path.Combine(folder.Path, "p.csv");
        file.Save(written);
        Assert.Equal(["7,8,a,a,0.75,0.25", "9,6,b,b,0.25,0.75"], File.ReadAllLines(written));
    }

    [Fact]
    public void Any_file_is_a_table_for_a_network_that_learned_from_one()
    {
        InputPipeline pipeline = Trained(Table, TableData);
        Assert.Equal([7, 8], Numbers(pipeline.Read(folder.Write("new.data", "height,width\n7,8\n"))));
    }

    public static TheoryData<string, int[]> Layouts => new()
    {
        { "{x: nhw, y: y}", [6, 4, 5] },
        { "{x: nchw, y: y}", [6, 3, 4, 5] },
        { "{x: nhwc, y: y, channels-last: true}", [6, 4, 5, 3] },
        { "{x: one, y: y}", [6] },
        { "{x: rows, y: y}", [6, 7] },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void The_archive_that_a_network_was_trained_on_is_read_again_to_the_same_numbers(string keys, int[] sizes)
    {
        foreach (bool bytes in new[] { false, true })
        {
            string x = keys[4..keys.IndexOf(',', StringComparison.Ordinal)];
            string path = Path.Combine(folder.Path, "train.npz");
            int count = sizes.Aggregate(1, (a, b) => a * b);
            NpzWriter.Save(path, w =>
            {
                if (bytes)
                    w.Add(x, sizes, [.. Enumerable.Range(0, count).Select(i => (byte)(i * 7))]);
                else
                    w.Add(x, sizes, [.. Enumerable.Range(0, count).Select(i => i / 3.0)]);
                w.Add("y", [6], [0, 1, 0, 1, 0, 1]);
            });
            TrainingData data = Prepare($"{{npz: {{path: train.npz, {keys[1..^1]}}}}}", out InputPipeline pipeline);
            SampleSet again = pipeline.Read(path);
            Assert.Equal(data.Train.Shape, again.Shape);
            Assert.Equal(Numbers(data.Train), Numbers(again));
            Assert.Equal(bytes, again.Bytes is not null);
            Assert.Equal(data.Train.Labels!, pipeline.Read(path, answers: true).Labels!);
        }
    }

    [Theory]
    [InlineData(new[] { 6, 4, 5, 3 }, 6)]
    [InlineData(new[] { 4, 5, 3 }, 1)]
    [InlineData(new[] { 3, 4, 5 }, 1)]
    [InlineData(new[] { 2, 3, 4, 5 }, 2)]
    [InlineData(new[] { 4, 5 }, 0)]
    [InlineData(new[] { 6, 4, 5 }, 0)]
    [InlineData(new[] { 6, 3, 5, 4 }, 0)]
    [InlineData(new[] { 6, 60 }, 0)]
    [InlineData(new[] { 60 }, 0)]
    public void Pictures_in_another_layout_are_taken_where_only_one_fits_and_refused_where_none_does(int[] sizes, int count)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", [2, 3, 4, 5], new float[120]);
            w.Add("y", [2], [0, 1]);
        });
        Prepare("{npz: train.npz}", out InputPipeline pipeline);
        float[] values = [.. Enumerable.Range(0, sizes.Aggregate(1, (a, b) => a * b)).Select(i => (float)i)];
        string path = Path.Combine(folder.Path, "new.npz");
        NpzWriter.Save(path, w => w.Add("x", sizes, values));
        if (count == 0)
        {
            Assert.Contains($"an array of shape {new Shape(sizes)}; expected [N, 3, 4, 5] or [N, 4, 5, 3]", Refusal(() => pipeline.Read(path)), StringComparison.Ordinal);
            return;
        }
        SampleSet samples = pipeline.Read(path);
        Assert.Equal((count, new Shape(3, 4, 5)), (samples.Count, samples.Shape));
        // The second number of the first channel is one channel further where channels come last.
        Assert.Equal(sizes[^1] == 3 ? 3 : 1, samples[1]);
    }

    [Fact]
    public void An_array_that_fits_no_layout_is_told_each_layout_once()
    {
        var x = NumberArray.Of([2, 5, 5], new float[50]);
        string Says(params int[] shape) => Refusal(() => ArrayLayout.Fit(x, "x", new FittedInput { Shape = new DataShape(new Shape(shape), 2), Normalization = Normalization.None(shape[0]) }, channelsLast: false));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 3, 3, 3], as the network was trained on", Says(3, 3, 3));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 3, 4, 4] or [N, 4, 4, 3], as the network was trained on", Says(3, 4, 4));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 1, 4, 4] or [N, 4, 4, 1] or [N, 4, 4], as the network was trained on", Says(1, 4, 4));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 7], as the network was trained on", Says(7));
    }

    [Fact]
    public void Pictures_are_scaled_and_coloured_as_in_training()
    {
        foreach (string name in new[] { "p/a/1.png", "p/b/1.png" })
            folder.Write(name, Png(8, 6, 3, 100));
        Prepare("{images: {path: p, resize: [3, 4]}}", out InputPipeline pipeline);
        SampleSet other = pipeline.Read(folder.Write("gray.png", Png(5, 9, 1, 50)));
        Assert.Equal(new Shape(3, 3, 4), other.Shape);
        Assert.All(other.Bytes!, b => Assert.Equal(50, b));
        Assert.All(pipeline.Read(folder.Write("clear.png", Png(4, 3, 4, 0))).Bytes!, b => Assert.Equal(0, b));
        SampleSet all = pipeline.Read(Path.Combine(folder.Path, "p"), answers: true);
        Assert.Equal([0, 1], all.Labels!);
        Assert.EndsWith("1.png", all.Places!.Files![1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_of_another_size_or_for_another_kind_of_network_is_refused()
    {
        foreach (string name in new[] { "p/a/1.png", "p/b/1.png" })
            folder.Write(name, Png(4, 4, 1, 100));
        Prepare("{images: p}", out InputPipeline pipeline);
        string wide = folder.Write("wide.png", Png(6, 4, 1, 1));
        Assert.Contains("wide.png: a picture of 6 × 4 pixels; expected 4 × 4 as in training", Refusal(() => pipeline.Read(wide)), StringComparison.Ordinal);
        Assert.Contains("wide.png: a picture; expected samples [N, 2]", Refusal(() => Trained(Table, TableData).Read(wide)), StringComparison.Ordinal);
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", [2, 1, 4, 6], [.. Enumerable.Range(0, 48).Select(i => i / 48f)]);
            w.Add("y", [2], [0, 1]);
        });
        Prepare("{npz: train.npz}", out InputPipeline floats);
        Assert.Contains("or they would be scaled differently", Refusal(() => floats.Read(wide)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 2, 8, 8, 3 }, true)]
    [InlineData(new[] { 2, 8, 6, 1 }, true)]
    [InlineData(new[] { 2, 3, 8, 8 }, false)]
    [InlineData(new[] { 2, 3, 8, 3 }, false)]
    [InlineData(new[] { 2, 8, 3 }, false)]
    public void Pictures_that_look_as_if_their_channels_came_last_are_remarked_on(int[] sizes, bool remarked)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", sizes, new byte[sizes.Aggregate(1, (a, b) => a * b)]);
            w.Add("y", [2], [0, 1]);
        });
        Assert.Equal(remarked, Prepare("{npz: train.npz}", out _).Notes.Any(n => n.Contains("'channels-last: true' reads", StringComparison.Ordinal)));
        Assert.Empty(Prepare("{npz: {path: train.npz, channels-last: true}}", out _).Notes);
    }

    [Fact]
    public void Numbers_that_somebody_scaled_already_are_remarked_on_where_training_had_bytes()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", [2, 2], new byte[] { 0, 255, 30, 90 });
            w.Add("y", [2], [0, 1]);
        });
        Prepare("{npz: train.npz}", out InputPipeline pipeline);
        string path = Path.Combine(folder.Path, "new.npz");
        NpzWriter.Save(path, w => w.Add("x", [1, 2], [0.1f, 0.9f]));
        pipeline.Read(path);
        Assert.Contains("every number lies between 0 and 1; training had bytes", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public void What_training_learned_travels_with_the_weights()
    {
        Trained(Table, TableData);
        LoadedConfig loaded = Config(TableData, 2, "softmax-cross-entropy");
        ModelCard card = ModelCard.Of(loaded, TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1)));
        ModelCard again = ModelCard.FromMetadata("w", card.ToMetadata());
        Assert.Equal(JsonSerializer.Serialize(card.Input.Columns!.Columns), JsonSerializer.Serialize(again.Input.Columns!.Columns));
        Assert.Equal((true, false), (again.Input.Columns.Named, again.Input.Bytes));
        Assert.Equal(card.Normalization.Centre, again.Normalization.Centre);
        Assert.Equal(card.Input.Fingerprint, again.Input.Fingerprint);
        Assert.Equal(["cat", "dog"], again.ClassNames!);
    }

    [Fact]
    public void Weights_from_before_it_travelled_still_say_how_numbers_are_scaled()
    {
        ModelCard card = ModelCard.FromMetadata("w", new Dictionary<string, string>
        {
            ["gpugrad.config"] = "",
            ["gpugrad.shape"] = "[2,3,0]",
            ["gpugrad.scale"] = "[0.5,4]",
            ["gpugrad.shift"] = "[-1,8]",
        });
        Assert.Equal([2.0, -2], card.Normalization.Centre);
        Assert.Equal([-1.0, 8], card.Normalization.Shift);
    }

    [Theory]
    [InlineData("gpugrad.scale", "[1]")]
    [InlineData("gpugrad.centre", "[1,2,3]")]
    [InlineData("gpugrad.classes", "[\"a\"]")]
    [InlineData("gpugrad.columns", "{}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"other\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":null,\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"number\",\"fill\":[1,2]}},{\"name\":\"b\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"category\"}},{\"name\":\"b\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"category\",\"categories\":[null]}}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"category\",\"categories\":[\"x\"],\"fill_category\":\"y\"}}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"date\",\"parts\":[\"year\",\"month\"],\"fill\":[1]}}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"text\",\"fill\":[1]}},{\"name\":\"b\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.target_scale", "[1]")]
    public void Metadata_that_does_not_fit_together_is_refused(string key, string value)
    {
        Trained(Table, TableData);
        LoadedConfig loaded = Config(TableData, 2, "softmax-cross-entropy");
        var metadata = ModelCard.Of(loaded, TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1))).ToMetadata().ToDictionary();
        metadata[key] = value;
        Assert.Contains("does not describe a model of GpuGrad", Refusal(() => ModelCard.FromMetadata("w", metadata)), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluating_on_changed_data_keeps_the_classes_and_columns_of_the_training()
    {
        LoadedConfig loaded = Config(TableData, 2, "softmax-cross-entropy");
        folder.Write("train.csv", Table);
        var fitted = FittedInput.Of(TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1)));
        folder.Write("train.csv", "width,id,height,kind\n8,u,7,dog\n6,u,9,dog\n");
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1) { Fitted = fitted });
        Assert.Equal([1, 1], data.Train.Labels!);
        Assert.Equal([7, 8, 9, 6], Numbers(data.Train));
        Assert.Equal(fitted.Normalization, data.Normalization);
        Assert.Contains("not the data that the network was trained on", Assert.Single(data.Notes), StringComparison.Ordinal);
    }

    private InputPipeline Trained(string table, string dataset, int outputs = 2, string loss = "softmax-cross-entropy")
    {
        folder.Write("train.csv", table);
        Prepare(dataset, out InputPipeline pipeline, outputs, loss);
        return pipeline;
    }

    private TrainingData Prepare(string dataset, out InputPipeline pipeline, int outputs = 2, string loss = "softmax-cross-entropy")
    {
        LoadedConfig loaded = Config(dataset, outputs, loss);
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1));
        pipeline = new InputPipeline(loaded.Config, FittedInput.Of(data), notes.Add);
        return data;
    }

    private LoadedConfig Config(string dataset, int outputs, string loss)
    {
        var tree = (YamlMapping)YamlReader.Read($"{{data: {{dataset: {dataset}}}, model: [flatten, {{dense: {outputs}}}], loss: {loss}}}", "c.yaml");
        return new LoadedConfig(ConfigBinder.Bind<RunConfig>(tree, "the config"), tree, folder.Path);
    }

    private static double[] Numbers(SampleSet samples)
    {
        var values = new double[samples.Count * samples.Shape.Count];
        samples.Read(0, values);
        return values;
    }

    private static string Refusal(Action action)
    {
        GpuGradException e = Assert.IsAssignableFrom<GpuGradException>(Record.Exception(action));
        Assert.Equal(Fault.Data, e.Fault);
        return e.Message;
    }

    private static byte[] Png(int width, int height, int channels, byte tone) =>
        PngWriter.Write(new Picture(width, height, channels, [.. Enumerable.Range(0, width * height * channels).Select(i => channels == 4 && i % 4 == 3 ? (byte)0 : tone)]));
}
