using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Digits with leading zeros are codes: postal codes, 007. They are not numbers, and none is another.</summary>
public sealed class CodeColumnTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Categories_of_digits_keep_their_text()
    {
        Assert.Equal(["001", "01", "1"], Only(Train("x,y\n1,a\n01,b\n001,a\n", "label: y, columns: {x: category}")).Categories!);
        Assert.Equal(["0", "00"], Only(Train("x,y\n0,a\n00,b\n", "label: y, columns: {x: category}")).Categories!);
    }

    [Fact]
    public void Codes_are_categories_and_a_note_says_so()
    {
        string rows = string.Concat(Enumerable.Range(0, 30).Select(i => $"{new[] { "01067", "10115", "80331" }[i % 3]},{"ab"[i % 2]}\n"));
        TrainingData data = Train("zip,y\n" + rows, "label: y");
        Assert.Equal(["01067", "10115", "80331"], Only(data).Categories!);
        Assert.EndsWith("column 'zip' holds codes such as '01067', with leading zeros, and is read as a category; 'columns' can make it a number", Assert.Single(data.Notes), StringComparison.Ordinal);
        TrainingData numbers = Train("zip,y\n" + rows, "label: y, columns: {zip: number}");
        Assert.Equal(ColumnType.Number, Only(numbers).Type);
        Assert.Equal(1067, numbers.Train[0]);
        Assert.Empty(numbers.Notes);
    }

    [Fact]
    public void A_code_that_comes_late_or_in_single_quotes_counts_too()
    {
        string rows = string.Concat(Enumerable.Range(0, 30).Select(i => $"{(i == 29 ? "'007'" : 10 + (i % 3))},{"ab"[i % 2]}\n"));
        Assert.Equal(["007", "10", "11", "12"], Only(Train("x,y\n" + rows, "label: y")).Categories!);
    }

    [Theory]
    [InlineData("01\n2.5\n3")]
    [InlineData("01\n-2\n3")]
    [InlineData("0\n10\n3")]
    [InlineData("0.5\n00\n3")]
    public void Measurements_with_leading_zeros_are_numbers(string cells) =>
        Assert.Equal(ColumnType.Number, Only(Train("x,y\n" + string.Concat(cells.Split('\n').Select((c, i) => $"{c},{"ab"[i % 2]}\n")), "label: y")).Type);

    [Fact]
    public void Codes_of_which_hardly_any_occurs_twice_are_left_out_and_named()
    {
        string rows = string.Concat(Enumerable.Range(0, 60).Select(i => $"{i:0000},{i % 7},{"ab"[i % 2]}\n"));
        Assert.EndsWith(
            "column 'code' is left out: 60 different codes with leading zeros, such as '0000', in 60 rows; 'columns' can make it a category or a number",
            Assert.Single(Train("code,x,y\n" + rows, "label: y").Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_that_are_codes_keep_their_zeros()
    {
        RunConfig config = Config("x,y\n1,007\n2,008\n3,010\n4,007\n", "label: y");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        Assert.Equal(["007", "008", "010"], data.ClassNames!);
        SampleSet read = new InputPipeline(config, FittedInput.Of(data)).Read(folder.Write("new.csv", "x,y\n1,010\n2,007\n"), answers: true);
        Assert.Equal([2, 0], read.Labels!);
    }

    [Fact]
    public void Another_file_has_the_same_codes()
    {
        RunConfig config = Config("c,y\n1,a\n01,b\n1,b\n", "label: y, columns: {c: category}");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        var notes = new List<string>();
        SampleSet read = new InputPipeline(config, FittedInput.Of(data), notes.Add).Read(folder.Write("new.csv", "c\n01\n1\n001\n"));
        Assert.Equal([1, 0, 0, 0, 1, 0, 0, 0, 1], Enumerable.Range(0, 9).Select(i => read[i]));
        Assert.Contains("'001'", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_look_at_the_table_says_why_a_column_of_digits_is_no_number()
    {
        string rows = string.Concat(Enumerable.Range(0, 40).Select(i => $"{new[] { "01067", "10115", "80331" }[i % 3]},{i:000},{"ab"[i % 2]}\n"));
        TableProfile table = TableProfile.Of(folder.Write("t.csv", "zip,nr,y\n" + rows));
        Assert.Equal([ColumnType.Category, ColumnType.Text, ColumnType.Category], table.Columns.Select(c => c.Type!.Value));
        Assert.Equal(["leading zeros, as in '01067': codes rather than numbers"], table.Columns[0].Suspicions);
        Assert.False(table.Columns[0].IsBetterIgnored);
        Assert.Equal(["leading zeros, as in '000': codes rather than numbers", "a different code in every row: an identifier"], table.Columns[1].Suspicions);
    }

    private static ColumnFit Only(TrainingData data) => Assert.Single(data.Columns!.Columns, c => c.Role == ColumnRole.Feature).Fit!;

    private TrainingData Train(string table, string keys) => TrainingData.Load(Config(table, keys), new DataContext(folder.Path, 1));

    private RunConfig Config(string table, string keys)
    {
        folder.Write("train.csv", table);
        return ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{dataset: {{csv: {{path: train.csv, {keys}}}}}}}, model: [{{dense: 3}}]}}", "c.yaml"), "the config");
    }
}
