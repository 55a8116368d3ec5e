using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Starters;

namespace GpuGrad.Training.Tests.Starters;

/// <summary>How the column to predict is chosen: by name, position and values.</summary>
public sealed class StarterTargetTests : StarterFolder
{
    [Theory]
    [InlineData("a,survived,b", "survived", "by its name")]
    [InlineData("class,a,Label", "Label", "by its name")]
    [InlineData("t,a,b", "t", "the file is called so")]
    [InlineData("a,b,c", "c", "the last column")]
    public void Without_a_target_the_likely_one_is_chosen_and_reported(string names, string target, string why)
    {
        Starter starter = Table("t.csv", names, 40, i => Text($"{i % 2},{i % 5 % 2},{i % 3}"));
        Assert.Equal(target, starter.Target);
        Assert.Contains(starter.Findings, f => f.Label == "target" && f.Text.StartsWith($"{target} ({why})", StringComparison.Ordinal));
    }

    [Fact]
    public void A_last_column_of_names_is_no_target()
    {
        Starter starter = Table("t.csv", "x,kind,owner", 40, i => Text($"{i * 0.5},{"pqr"[i % 3]},owner {i}"));
        Assert.Equal("kind", starter.Target);
        Assert.Contains("owner: ignore", starter.Yaml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3000, "monitor: pr-auc")]
    [InlineData(60, "keep-best: validation-loss")] // too few to choose an epoch by
    public void A_rare_class_is_pointed_out_and_chooses_the_epoch_where_there_is_enough_of_it(int rows, string chosen)
    {
        Starter starter = Table("t.csv", "x,z,fraud", rows, i => Text($"{i % 37 * 0.3},{i % 11 * 0.7},{(i % 15 == 0 ? "yes" : "no")}"));
        Assert.Contains(chosen, starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(starter.Findings, f => f.Label == "rare class" && f.Text.Contains("accuracy means little", StringComparison.Ordinal));
        Trains(starter);
    }

    [Fact]
    public void Numbers_that_hardly_occur_twice_may_name_the_row()
    {
        Starter starter = Table("t.csv", "", 100, i => Text($"{518_000 + (i * 7919)},{i % 9},{"ab"[i % 2]}"));
        Assert.Contains(starter.Findings, f => f.Label == "note" && f.Text.Contains("hardly any number occurs twice in 'column 0'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(20, true)]
    [InlineData(21, false)]
    public void A_few_whole_numbers_are_classes_and_many_are_numbers(int values, bool areClasses) =>
        Assert.Equal(areClasses ? values : 0, Table("t.csv", "x,y", 200, i => Text($"{i * 0.5},{i % values}")).Classes);

    [Theory]
    [InlineData(";", "films.csv")]
    [InlineData("|", "films.csv")]
    [InlineData(", ", "films.tsv")]
    public void A_target_whose_cells_are_lists_of_labels_is_learned_label_by_label(string delimiter, string file)
    {
        string separator = file.EndsWith(".tsv", StringComparison.Ordinal) ? "\t" : ",";
        folder.Write(file, string.Join(separator, "length", "tags") + "\n" + string.Concat(Enumerable.Range(0, 120).Select(i =>
            Text($"{80 + (i * 7 % 60)}{separator}{string.Join(delimiter, new[] { "crime", "drama", "war" }.Where((_, l) => (i >> l) % 2 == 1))}\n"))));
        Starter starter = Of(file);
        Assert.Equal(("tags", "multi-label"), (starter.Target, starter.Task));
        Assert.Contains($"label-delim: \"{delimiter.Trim()}\"", starter.Yaml.Replace("'", "\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(("no label", "15 rows"), starter.Findings);
        TrainingData data = Trains(starter);
        Assert.Equal(["crime", "drama", "war"], data.TargetNames!);
        Assert.Equal(120, data.Train.Count + data.Validation!.Count + data.Test!.Count);
    }

    [Fact]
    public void Names_with_commas_are_no_lists_of_labels()
    {
        folder.Write("t.tsv", "x\twho\ty\n" + string.Concat(Enumerable.Range(0, 80).Select(i => Text($"{i % 9}\tName {i}, First{(i % 3 == 0 ? ", Dr" : "")}\t{"ab"[i % 2]}\n"))));
        Assert.Null(TableProfile.Of(Path.Combine(folder.Path, "t.tsv")).Columns[1].Lists);
        Assert.Equal("y", Of("t.tsv").Target);
    }

    [Fact]
    public void A_target_that_is_not_there_is_a_fault_of_the_command()
    {
        folder.Write("t.csv", "a,colour\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{i % 9}.5,{"xy"[i % 2]}\n")));
        GpuGradException wrong = Assert.Throws<GpuGradException>(() => Of("t.csv", "color"));
        Assert.Equal(Fault.Config, wrong.Fault);
        Assert.Contains("did you mean 'colour'?", wrong.Message, StringComparison.Ordinal);
        Assert.Equal("colour", Of("t.csv", "-1").Target);
    }

    [Fact]
    public void Rows_without_a_target_are_left_out_and_reported()
    {
        Starter starter = Table("t.csv", "a,y", 80, i => Text($"{i % 9},{(i % 8 == 3 ? "NA" : $"{i * 7 % 11 * 1.5}")}"));
        Assert.Contains("missing-target: drop", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(("left out", "10 rows without a value of y"), starter.Findings);
        TrainingData data = Trains(starter);
        Assert.Equal(70, data.Train.Count + data.Validation!.Count + data.Test!.Count);
        Assert.Contains(data.Notes, n => n.EndsWith("10 rows without a value to predict are left out", StringComparison.Ordinal));
    }

    [Fact]
    public void A_row_whose_number_to_predict_is_infinite_is_left_out()
    {
        Starter starter = Table("t.csv", "a,y", 80, i => Text($"{i % 9},{(i == 3 ? "-inf" : Text($"{i * 7 % 11 * 1.5}"))}"));
        Assert.Contains("missing-target: drop", starter.Yaml, StringComparison.Ordinal);
        TrainingData data = Trains(starter);
        Assert.Equal(79, data.Train.Count + data.Validation!.Count + data.Test!.Count);
    }
}
