using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Samples with any number of labels: a list in a cell, a column each, tables of pictures, folders of labels.</summary>
public sealed class MultiLabelTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_cell_holds_a_list_of_labels_and_an_empty_one_holds_none()
    {
        TrainingData data = Train("x,tags\n1,drama; comedy\n2,\n3,comedy\n4,drama;drama\n", "label: tags, label-delim: ';'");
        Assert.Equal(["comedy", "drama"], data.TargetNames!);
        Assert.Equal([1, 1, 0, 0, 1, 0, 0, 1], data.Train.Targets!);
        Assert.Equal((0, 2, 2), (data.Shape.Classes, data.Shape.Targets, data.Train.TargetSize));
        Assert.Null(data.Train.Labels);
    }

    [Theory]
    [InlineData("1,\"['b', 'a']\"\n2,[]\n3,\"[\"\"a\"\"]\"\n")]
    [InlineData("1,\"{b, a}\"\n2,{}\n3,{a}\n")]
    [InlineData("1,\"b,a\"\n2,\n3,'a'\n")]
    public void Lists_are_read_as_Python_and_JSON_write_them(string rows) =>
        Assert.Equal([1, 1, 0, 0, 1, 0], Train("x,tags\n" + rows, "label: tags, label-delim: ','").Train.Targets!);

    [Fact]
    public void Labels_of_JSON_Lines_are_arrays()
    {
        folder.Write("train.jsonl", "{\"x\": 1, \"tags\": [\"b\", \"a\"]}\n{\"x\": 2, \"tags\": []}\n{\"x\": 3, \"tags\": [\"a\"]}\n");
        TrainingData data = Load.Training("{dataset: {jsonl: {path: train.jsonl, label: tags, label-delim: ','}}}", folder.Path);
        Assert.Equal([1, 1, 0, 0, 1, 0], data.Train.Targets!);
    }

    [Fact]
    public void Labels_that_training_has_not_seen_are_counted_and_named()
    {
        RunConfig config = Config("x,tags\n1,a b\n2,b\n3,c\n", "label: tags, label-delim: ' '");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        FittedInput fitted = ModelCard.FromMetadata("w", new ModelCard("", FittedInput.Of(data)).ToMetadata()).Input;
        Assert.Equal(["a", "b", "c"], fitted.TargetNames!);
        var notes = new List<string>();
        SampleSet read = new InputPipeline(config, fitted, notes.Add).Read(folder.Write("new.csv", "x,tags\n5,b z\n6,c a\n7,z\n"), answers: true);
        Assert.Equal([0, 1, 0, 1, 0, 1, 0, 0, 0], read.Targets!);
        Assert.EndsWith("new.csv: 2 samples have labels that training has not seen and that cannot be predicted: 'z'", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x,tags\n1,a\n2,?\n", "label: tags, label-delim: ';'", Fault.Data, "train.csv:3:3: '?', missing labels, in column 'tags'")]
    [InlineData("x,tags\n1,\n2,\n", "label: tags, label-delim: ';'", Fault.Data, "no label in column 'tags' of any row")]
    [InlineData("x,tags\n1,a\n2,b\n", "label-delim: ';'", Fault.Config, "'label-delim' without 'label'")]
    [InlineData("x,a\n1,yes\n2,3\n", "targets: [a]", Fault.Data, "train.csv:3:3: '3' in column 'a', whose other values are true or false")]
    [InlineData("x,a\n1,3\n2,yes\n", "targets: [a]", Fault.Data, "train.csv:3:3: 'yes' in column 'a'; expected a finite number")]
    public void What_is_no_list_of_labels_is_refused_with_its_place(string table, string keys, Fault fault, string says)
    {
        folder.Write("train.csv", table);
        Assert.Contains(says, Load.Refusal($"{{dataset: {{csv: {{path: train.csv, {keys}}}}}}}", folder.Path, fault), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_whose_labels_are_missing_can_be_left_out() =>
        Assert.Equal([1, 0], Train("x,tags\n1,a\n2,?\n3,\n", "label: tags, label-delim: ';', missing-target: drop").Train.Targets!);

    [Fact]
    public void Columns_of_truth_values_are_targets()
    {
        TrainingData data = Train("x,a,b,c\n1,yes,True,1\n2,no,False,0\n3,yes,0,1\n", "targets: [a, b, c]");
        Assert.Equal(["a", "b", "c"], data.TargetNames!);
        Assert.Equal([1, 1, 1, 0, 0, 0, 1, 0, 1], data.Train.Targets!);
    }

    [Fact]
    public void A_table_says_what_pictures_show()
    {
        foreach (string name in new[] { "1.png", "2.png", "sub/3.png", "4.png" })
            Picture("p/" + name);
        folder.Write("labels.csv", "image,labels\n1.png,sea|sky\n2,\nsub/3.png,sky\n9.png,sea\n");
        DataSet data = Load.Set("{dataset: {images: {path: p, labels: labels.csv, label-delim: '|'}}}", folder.Path);
        Assert.Equal(["sea", "sky"], data.TargetNames!);
        Assert.Equal([1, 1, 0, 0, 0, 1], data.Train.Targets!);
        Assert.Equal(["1.png", "2.png", "3.png"], data.Train.Places!.Files!.Select(f => Path.GetFileName(f)));
        Assert.Contains(data.Notes, n => n.Contains("1 of 4 pictures have no row in", StringComparison.Ordinal) && n.EndsWith("e.g. '4.png'", StringComparison.Ordinal));
        Assert.Contains(data.Notes, n => n.EndsWith("labels.csv: 1 of 4 names are those of no picture, e.g. '9.png'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_table_of_pictures_may_have_a_column_for_each_label_or_a_class_or_a_label_in_each_row()
    {
        foreach (string name in new[] { "1", "2", "3" })
            Picture($"p/{name}.png");
        folder.Write("columns.csv", "id,sky,sea\n1,1,0\n2,0,0\n3,1,1\n");
        DataSet columns = Load.Set("{dataset: {images: {path: p, labels: columns.csv}}}", folder.Path);
        Assert.Equal(["sea", "sky"], columns.TargetNames!);
        Assert.Equal([0, 1, 0, 0, 1, 1], columns.Train.Targets!);
        folder.Write("classes.csv", "1.png,cat\n2.png,dog\n3.png,cat\n");
        DataSet classes = Load.Set("{dataset: {images: {path: p, labels: classes.csv}}}", folder.Path);
        Assert.Equal(["cat", "dog"], classes.ClassNames!);
        Assert.Equal([0, 1, 0], classes.Train.Labels!);
        folder.Write("long.csv", "file,label\n1.png,cat\n1.png,dog\n2.png,dog\n3.png,\n");
        Assert.Equal([1, 1, 0, 1, 0, 0], Load.Set("{dataset: {images: {path: p, labels: long.csv, multi-label: true}}}", folder.Path).Train.Targets!);
        Assert.Contains("long.csv:3:1: a second row for '1.png'", Load.Refusal("{dataset: {images: {path: p, labels: long.csv}}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_in_several_folders_has_the_label_of_each()
    {
        foreach (string name in new[] { "sea/1.png", "sky/1.png", "sky/2.png", "sun/3.png", "sea/3.png" })
            Picture("p/" + name);
        DataSet data = Load.Set("{dataset: {images: {path: p, multi-label: true}}}", folder.Path);
        Assert.Equal(["sea", "sky", "sun"], data.TargetNames!);
        Assert.Equal([1, 1, 0, 1, 0, 1, 0, 1, 0], data.Train.Targets!);
        Assert.Equal(["1.png", "3.png", "2.png"], data.Train.Places!.Files!.Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public void Other_pictures_get_their_labels_from_a_table_of_the_same_name()
    {
        Picture("p/1.png");
        Picture("p/2.png");
        folder.Write("labels.csv", "1.png,a;b\n2.png,c\n");
        RunConfig config = RunConfigFile.Load("test.yaml", text: "data: {dataset: {images: {path: p, labels: labels.csv, label-delim: ';'}}}\nmodel: [flatten, {dense: 3}]\nloss: bce-with-logits\n").Config;
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        Picture("q/7.png");
        folder.Write("q/labels.csv", "7.png,c;a;new\n");
        var notes = new List<string>();
        var pipeline = new InputPipeline(config, FittedInput.Of(data), notes.Add);
        Assert.Equal([1, 0, 1], pipeline.Read(Path.Combine(folder.Path, "q"), answers: true).Targets!);
        Assert.Contains(notes, n => n.Contains("cannot be predicted: 'new'", StringComparison.Ordinal));
        Picture("r/s/8.png");
        Assert.Contains("no table 'labels.csv' in it or beside it", Assert.ThrowsAny<GpuGradException>(() => pipeline.Read(Path.Combine(folder.Path, "r/s"), answers: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kinds_of_generated_shapes_are_those_of_their_masks()
    {
        DataSet masks = Load.Set("{dataset: {shapes: {size: 16, train: 40, test: 4}}}"), labels = Load.Set("{dataset: {shapes: {size: 16, train: 40, test: 4, target: labels}}}");
        Assert.Equal(masks.Train.Bytes!, labels.Train.Bytes!);
        Assert.Equal(["disc", "square", "triangle"], labels.TargetNames!);
        for (int i = 0; i < 40; i++)
        {
            for (int kind = 1; kind <= 3; kind++)
                Assert.Equal(masks.Train.Mask.AsSpan(i * 256, 256).Contains((byte)kind) ? 1f : 0, labels.Train.Targets![(i * 3) + kind - 1]);
        }
    }

    [Fact]
    public void A_file_of_predictions_joins_the_labels_as_the_training_data_did()
    {
        RunConfig config = Config("x,tags\n1,a|b\n2,b\n", "label: tags, label-delim: '|'");
        FittedInput fitted = FittedInput.Of(TrainingData.Load(config, new DataContext(folder.Path, 1)));
        var file = new PredictionFile(config, fitted, null, 0.5);
        var samples = new SampleSet { Shape = new(1), Count = 2, Reals = [1, 2] };
        file.Add("new.csv", new RawTable(["x"], [["1"], ["2"]]), samples, [new(null, null, [0.75, 0.875]), new(null, null, [0.25, 0.125])]);
        string path = Path.Combine(folder.Path, "out.csv");
        file.Save(path);
        Assert.Equal(["x,prediction,p_a,p_b", "1,a|b,0.75,0.875", "2,,0.25,0.125"], File.ReadAllLines(path));
    }

    private void Picture(string name) => folder.Write(name, PngWriter.Write(new Picture(4, 4, 1, [.. Enumerable.Range(0, 16).Select(i => (byte)(i * 9))])));

    private TrainingData Train(string table, string keys)
    {
        folder.Write("train.csv", table);
        return Load.Training($"{{dataset: {{csv: {{path: train.csv, {keys}}}}}}}", folder.Path);
    }

    private RunConfig Config(string table, string keys)
    {
        folder.Write("train.csv", table);
        return ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{dataset: {{csv: {{path: train.csv, {keys}}}}}}}, model: [{{dense: 3}}], loss: bce-with-logits}}", "c.yaml"), "the config");
    }
}
