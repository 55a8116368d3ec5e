using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Tables as people have them: texts, gaps, dates and truth values become numbers, by what the training part alone teaches.</summary>
public sealed class TypedTableTests : TypedTables
{
    private const string Passengers = """
        name,age,class,alone,boarded,lives
        Ann,22,third,True,2024-03-01 10:00,no
        Bob,,first,False,2024-03-02 12:30,yes
        Cid,35,first,True,,yes
        Dot,?,NA,False,2024-03-04 09:15,no
        Eve,27,second,,2024-03-05 23:59,no

        """;

    [Fact]
    public void Types_are_inferred_and_encoded_as_documented()
    {
        TrainingData data = Train(Passengers, "columns: {name: ignore, boarded: {date: [day, weekday, hour]}}");
        Assert.Equal([ColumnType.Number, ColumnType.Category, ColumnType.Boolean, ColumnType.Date], Fits(data).Select(f => f.Type));
        Assert.Equal(
        [
            "age", "age is missing", "class = first", "class = second", "class = third", "class = another", "class is missing", "alone", "alone is missing",
            "boarded day", "boarded weekday", "boarded hour", "boarded is missing",
        ], Names(data));
        Assert.Equal([22, 0, 0, 0, 1, 0, 0, 1, 0, 1, 4, 10, 0], Row(data.Train, 0));
        Assert.Equal([28, 1, 1, 0, 0, 0, 0, 0, 0, 2, 5, 12, 0], Row(data.Train, 1));
        Assert.Equal([35, 0, 1, 0, 0, 0, 0, 1, 0, 3, 2.5, 13.5, 1], Row(data.Train, 2));
        Assert.Equal([28, 1, 0, 0, 0, 0, 1, 0, 0, 4, 0, 9, 0], Row(data.Train, 3));
        Assert.Equal([27, 0, 0, 1, 0, 0, 0, 0, 1, 5, 1, 23, 0], Row(data.Train, 4));
        Assert.Equal(["no", "yes"], data.ClassNames!);
        Assert.Empty(data.Notes);
    }

    [Fact]
    public void Only_numbers_and_parts_of_dates_are_scaled()
    {
        TrainingData data = Train(Passengers, "columns: {name: ignore, boarded: {date: [day]}}");
        Assert.Equal([true, false, false, false, false, false, false, false, false, true, false], data.Normalization.Scale.Zip(data.Normalization.Centre, (s, c) => s != 1 || c != 0));
    }

    [Fact]
    public void Parts_that_come_round_again_become_a_sine_and_a_cosine()
    {
        TrainingData data = Train("x,y\n2023-12-31 23:00,a\n2024-01-01 00:00,b\n2024-03-04 06:00,a\n,b\n", "columns: {x: {date: {parts: [year, month, hour], cyclic: true}}}");
        Assert.Equal(["x year", "x month sin", "x month cos", "x hour sin", "x hour cos", "x is missing"], Names(data));
        double[] new23 = Row(data.Train, 0), new0 = Row(data.Train, 1), spring = Row(data.Train, 2);
        Assert.Equal([2023, 0, 1, -0.2588190451, 0.9659258263, 0], new23.Select(v => Math.Round(v, 10)));
        Assert.Equal([2024, 0.5, 0.8660254038, 0, 1, 0], new0.Select(v => Math.Round(v, 10)));
        Assert.Equal([2024, 1, 0, 1, 0, 0], spring.Select(v => Math.Round(v, 10)));
        Assert.Equal(new[] { new23, new0, spring }.Average(r => r[2]), Row(data.Train, 3)[2], 1e-12);
        Assert.Equal([true, false, false, false, false, false], data.Normalization.Scale.Zip(data.Normalization.Centre, (s, c) => s != 1 || c != 0));
        Assert.Null(FittedInput.Of(data).Problem());
    }

    [Fact]
    public void The_parts_of_a_date_are_those_that_differ_unless_they_are_chosen()
    {
        Assert.Equal([DatePart.Day, DatePart.Weekday], Fits(Train("x,y\n2024-03-01,a\n2024-03-02,b\n", ""))[0].Parts!);
        TrainingData aged = Train("x,y\n2024-03-01,a\n2024-03-03 12:00,b\n", "columns: {x: {date: [age]}}");
        Assert.Equal([2.5, 0], new[] { aged.Train[0], aged.Train[1] });
    }

    [Fact]
    public void What_the_held_back_parts_hold_changes_nothing_that_is_learned()
    {
        string[] rows = [.. Enumerable.Range(0, 200).Select(i => $"{(i % 9 == 0 ? "" : i % 50)},{"abcdefghij"[i % 10]},2024-01-{1 + (i % 28):00},{(i % 2 == 0 ? "p" : "q")}")];
        const string Keys = "dataset: {csv: {path: train.csv, columns: {z: {date: [day, age]}}}}, validation: 0.2, test: 0.2";
        string config = $"{{{Keys}}}";
        folder.Write("train.csv", "n,c,z,y\n" + string.Join('\n', rows));
        TrainingData before = Load.Training(config, folder.Path);
        bool[] trained = new bool[rows.Length];
        // Whatever does not stand in the training part becomes extreme, unheard of, or missing.
        (TrainingData, bool[]) again = Changed(config, rows, trained);
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(before.Columns), System.Text.Json.JsonSerializer.Serialize(again.Item1.Columns));
        Assert.Equal(before.Normalization.Scale, again.Item1.Normalization.Scale);
        Assert.Equal(before.Normalization.Centre, again.Item1.Normalization.Centre);
        Assert.Equal(Row(before.Train, 5), Row(again.Item1.Train, 5));
        Assert.Contains(again.Item1.Notes, n => n.StartsWith("the validation part: ", StringComparison.Ordinal) && n.EndsWith("that training has not seen: 'unheard of'", StringComparison.Ordinal));
        Assert.Contains(again.Item1.Notes, n => n.StartsWith("the test part: ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_table_whose_columns_stand_in_another_order_gives_the_same_numbers()
    {
        RunConfig config = Config(Passengers, "columns: {name: ignore}");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        var notes = new List<string>();
        var again = new InputPipeline(config, ModelCard.FromMetadata("w", new ModelCard("", FittedInput.Of(data)).ToMetadata()).Input, notes.Add);
        string[][] cells = [.. Passengers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(','))];
        foreach (int[] order in new int[][] { [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 0, 4, 1, 5, 3] })
        {
            SampleSet read = again.Read(folder.Write("other.csv", string.Concat(cells.Select(row => string.Join(';', order.Select(i => row[i])) + "\n"))), answers: true);
            Assert.Equal(Enumerable.Range(0, data.Train.Count * data.Train.Shape.Count).Select(i => data.Train[i]), Enumerable.Range(0, read.Count * read.Shape.Count).Select(i => read[i]));
            Assert.Equal(data.Train.Labels!, read.Labels!);
        }
        Assert.Empty(notes);
    }

    [Fact]
    public void Unknown_categories_and_new_missing_values_in_another_file_are_counted()
    {
        RunConfig config = Config("n,c,y\n1,p,a\n2,q,b\n", "label: y");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        var notes = new List<string>();
        SampleSet read = new InputPipeline(config, FittedInput.Of(data), notes.Add).Read(folder.Write("new.csv", "n,c\n,r\n3,s\n4,p\n5,\n"));
        Assert.Equal([1.5, 0, 0, 1], Row(read, 0));
        Assert.Equal([3, 0, 0, 1], Row(read, 1));
        Assert.Equal([4, 1, 0, 0], Row(read, 2));
        Assert.Equal([5, 0, 0, 1], Row(read, 3));
        Assert.Equal(3, notes.Count);
        Assert.EndsWith("new.csv: 1 missing value in column 'n', which had none in training: taken as training's mean", notes[0], StringComparison.Ordinal);
        Assert.EndsWith("new.csv: 2 values of column 'c' that training has not seen: 'r', 's'", notes[1], StringComparison.Ordinal);
        Assert.EndsWith("new.csv: 1 missing value in column 'c', which had none in training: taken as a category that training has not seen", notes[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_category_that_is_a_number_is_the_same_however_it_is_written()
    {
        RunConfig config = Config("c,y\n3,a\n1.0,b\n+2,a\n", "label: y, columns: {c: category}");
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        Assert.Equal(["1", "2", "3"], Fits(data)[0].Categories!);
        SampleSet read = new InputPipeline(config, FittedInput.Of(data)).Read(folder.Write("new.csv", "c\n3.0\n2\n"));
        Assert.Equal([0, 0, 1, 0], Row(read, 0));
        Assert.Equal([0, 1, 0, 0], Row(read, 1));
    }

    [Fact]
    public void Classes_in_single_quotes_and_classes_of_a_test_file_with_full_stops_are_those_of_the_training()
    {
        Assert.Equal(["-1", "1"], Train("1,'-1'\n2,'1'\n3,'-1'\n", "").ClassNames!);
        folder.Write("test.csv", "39, Private, <=50K.\n50, Private, >50K.\n");
        TrainingData data = Train("39, State-gov, <=50K\n50, Private, >50K\n", "test: test.csv");
        Assert.Equal(["<=50K", ">50K"], data.ClassNames!);
        Assert.Equal([0, 1], data.Test!.Labels!);
        Assert.Equal([50, 1, 0, 0], Row(data.Test!, 1));
        Assert.EndsWith("test.csv: a full stop after each class is ignored; the training data have none", Assert.Single(data.Notes), StringComparison.Ordinal);
        folder.Write("test.csv", "39, Private, <=50K.\n50, Private, >50K\n");
        Assert.Contains("the class '<=50K.'", Refusal("39, State-gov, <=50K\n50, Private, >50K\n", "test: test.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public void Targets_are_scaled_for_the_network_and_stay_what_they_are_for_everybody_else()
    {
        RunConfig config = Config("x,p,q\n1,100,-5\n2,300,5\n", "targets: [p, q]", "mse", 2);
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        Assert.Equal([100, -5, 300, 5], data.Train.Targets!);
        Assert.Equal([200, 0], data.Normalization.Targets!.Centre);
        Assert.Equal([0.01, 0.2], data.Normalization.Targets!.Scale);
        double[] values = [-1, 1];
        data.Normalization.Targets.Undo(values);
        Assert.Equal([100, 5], values);
        ModelCard card = ModelCard.FromMetadata("w", new ModelCard("", FittedInput.Of(data)).ToMetadata());
        Assert.Equal(data.Normalization.Targets.Centre, card.Normalization.Targets!.Centre);
        Assert.Null(TrainingData.Load(Config("x,p,q\n1,1,0\n2,0,1\n", "targets: [p, q]", "bce-with-logits", 2), new DataContext(folder.Path, 1)).Normalization.Targets);
        Assert.Null(TrainingData.Load(Config("x,p,q\n1,1,0\n2,0,1\n", "targets: [p, q]", "mse", 2, "normalize-targets: none"), new DataContext(folder.Path, 1)).Normalization.Targets);
        GpuGradException refused = Assert.ThrowsAny<GpuGradException>(() => TrainingData.Load(Config("x,p,q\n1,1,0\n2,0,1\n", "targets: [p, q]", "bce-with-logits", 2, "normalize-targets: standard"), new DataContext(folder.Path, 1)));
        Assert.Equal(Fault.Config, refused.Fault);
    }

    [Fact]
    public void Tables_that_differ_in_nothing_but_the_names_of_their_categories_have_other_fingerprints()
    {
        string first = Train("x,y\np,a\nq,b\n", "").Fingerprint;
        Assert.NotEqual(first, Train("x,y\nr,a\ns,b\n", "").Fingerprint);
        Assert.Equal(first, Train("x,y\np,a\nq,b\n", "").Fingerprint);
    }

    // Which rows are trained on shows in a column of its own, for the same seed and labels.
    private (TrainingData, bool[]) Changed(string config, string[] rows, bool[] trained)
    {
        folder.Write("marks.csv", "n,y\n" + string.Join('\n', rows.Select((r, i) => $"{i},{r[^1]}")));
        TrainingData marks = Load.Training("{dataset: {csv: marks.csv}, validation: 0.2, test: 0.2}", folder.Path);
        for (int i = 0; i < marks.Train.Count; i++)
            trained[(int)marks.Train[i]] = true;
        folder.Write("train.csv", "n,c,z,y\n" + string.Join('\n', rows.Select((r, i) => trained[i] ? r : $"{(i % 3 == 0 ? "" : "1e9")},unheard of,1066-10-14,{r[^1]}")));
        return (Load.Training(config, folder.Path), trained);
    }
}
