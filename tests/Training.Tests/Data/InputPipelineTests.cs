using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Whatever a network was trained on, other files are read the same way; and what is not the same is refused.</summary>
public sealed class InputPipelineTests : TrainedPipelines
{
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
}
