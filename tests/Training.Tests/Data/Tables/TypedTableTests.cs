using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Tables as people have them: texts, gaps, dates and truth values become numbers, by what the training part alone teaches.</summary>
public sealed class TypedTableTests : IDisposable
{
    private const string Passengers = """
        name,age,class,alone,boarded,lives
        Ann,22,third,True,2024-03-01 10:00,no
        Bob,,first,False,2024-03-02 12:30,yes
        Cid,35,first,True,,yes
        Dot,?,NA,False,2024-03-04 09:15,no
        Eve,27,second,,2024-03-05 23:59,no

        """;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Types_are_found_out_and_each_becomes_the_numbers_that_it_says()
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

    [Theory]
    [InlineData("x,y\n1,a\n2,b\n3,a\n", ColumnType.Number)]
    [InlineData("x,y\n01,a\n2.50,b\n-3e2,a\n", ColumnType.Number)]
    [InlineData("x,y\n?,a\n2,b\n,a\n", ColumnType.Number)]
    [InlineData("x,y\n'1',a\n'2',b\n'3',a\n", ColumnType.Number)]
    [InlineData("x,y\nyes,a\nno,b\nyes,a\n", ColumnType.Boolean)]
    [InlineData("x,y\nTRUE,a\n,b\nFALSE,a\n", ColumnType.Boolean)]
    [InlineData("x,y\nyes,a\nfalse,b\nyes,a\n", ColumnType.Category)]
    [InlineData("x,y\nmale,a\nfemale,b\nmale,a\n", ColumnType.Category)]
    [InlineData("x,y\n10-20,a\n20-30,b\n10-20,a\n", ColumnType.Category)]
    [InlineData("x,y\n11th,a\n9th,b\nx1,a\n", ColumnType.Category)]
    [InlineData("x,y\n2024-01-31,a\n2024-02-29,b\n,a\n", ColumnType.Date)]
    [InlineData("x,y\n31.01.2024 7:05,a\n1.2.2024 17:05,b\n2.2.2024 0:00,a\n", ColumnType.Date)]
    [InlineData("x,y\n2024-01-31T10:00:00Z,a\n2024-01-31T10:00:00+02:00,b\n2024-01-31T10:00:00.123,a\n", ColumnType.Date)]
    [InlineData("x,y\n1949-01,a\n1949-02,b\n1949-03,a\n", ColumnType.Date)]
    [InlineData("x,y\n2024-01-31,a\nsoon,b\n2024-02-01,a\n", ColumnType.Category)]
    public void A_column_is_what_its_values_look_like(string table, ColumnType type) => Assert.Equal(type, Assert.Single(Fits(Train(table, "label: y"))).Type);

    [Fact]
    public void Numbers_and_texts_that_occur_again_and_again_are_categories_and_a_slip_among_numbers_is_refused()
    {
        string dependents = string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i % 4 == 3 ? "3+" : i % 4)},{(i % 3 == 0 ? "a" : "b")}\n"));
        ColumnFit fit = Assert.Single(Fits(Train("x,y\n" + dependents, "label: y")));
        Assert.Equal(["0", "1", "2", "3+"], fit.Categories!);
        string measured = string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i == 17 ? "12.3o" : $"{i}.5")},{(i % 3 == 0 ? "a" : "b")}\n"));
        Assert.Contains("train.csv:19:1: '12.3o' in column 'x'; expected a finite number as in other rows; 'missing-values'", Refusal("x,y\n" + measured, "label: y"), StringComparison.Ordinal);
        Assert.Equal(ColumnType.Number, Assert.Single(Fits(Train("x,y\n" + measured, "label: y, missing-values: [12.3o]"))).Type);
    }

    [Theory]
    [InlineData("1.234,5", "de", 1234.5)]
    [InlineData("-0,25", "de", -0.25)]
    [InlineData("1 234,5", "fr", 1234.5)]
    [InlineData("1\u202F234,5", "fr", 1234.5)]
    [InlineData("1'234.5", "de-CH", 1234.5)]
    [InlineData("1,234.5", "en", 1234.5)]
    [InlineData("1,5e3", "de", 1500)]
    public void A_language_says_how_numbers_are_written(string cell, string culture, double value)
    {
        TrainingData data = Train($"x;y\n{cell};a\n7;b\n", $"label: y, culture: {culture}");
        Assert.Equal([value, 7], new[] { data.Train[0], data.Train[1] });
    }

    [Theory]
    [InlineData("1.5", "de")]
    [InlineData("1,5", "en")]
    [InlineData("1.23.456", "de")]
    [InlineData("12 34", "fr")]
    [InlineData("0,100", "en")]
    [InlineData("0.100", "de")]
    public void A_number_of_another_language_is_refused_rather_than_misread(string cell, string culture) =>
        Assert.Contains($"'{cell}' in column 'x'; expected a finite number", Refusal($"x;y\n7;a\n{cell};b\n", $"label: y, culture: {culture}"), StringComparison.Ordinal);

    [Fact]
    public void Dates_of_a_language_or_a_format_are_read_by_it()
    {
        Assert.Equal([3, 4], Parts("3/4/2024", "culture: en-GB, columns: {x: {date: [day, month]}}"));
        Assert.Equal([4, 3], Parts("3/4/2024", "culture: en, columns: {x: {date: [day, month]}}"));
        Assert.Equal([4, 3], Parts("20240304", "columns: {x: {date: {format: yyyyMMdd, parts: [day, month]}}}"));
        Assert.Contains("'3/4/2024' in column 'x'; expected a date such as", Refusal("x,y\n3/4/2024,a\n1/4/2024,b\n", "columns: {x: date}"), StringComparison.Ordinal);

        double[] Parts(string cell, string keys) => Row(Train($"x,y\n{cell},a\n{cell},b\n", keys).Train, 0);
    }

    [Theory]
    [InlineData("03/04/2024", "05/06/2024", "dates that can be read in two ways, such as '03/04/2024': 'culture: en-GB' has the day first, 'culture: en' the month")]
    [InlineData("03/04/2024 10:00", "25/06/2024 11:30", "dates with the day first, such as '03/04/2024 10:00': 'culture: en-GB' reads them")]
    [InlineData("3-4-24", "5-16-24", "dates with the month first, such as '3-4-24': 'culture: en' reads them")]
    public void Dates_whose_order_nothing_says_are_announced_and_settled_by_a_culture(string first, string second, string says)
    {
        string table = $"x,z,y\n{first},1,a\n{second},2,b\n{first},3,a\n{second},4,b\n";
        Assert.Contains(Train(table, "label: y").Notes, n => n.Contains($"column 'x' holds {says}", StringComparison.Ordinal));
        Assert.Equal([says], TableProfile.Of(folder.Write("t.csv", table)).Columns[0].Suspicions);
        TrainingData settled = Train(table, $"label: y, culture: {(says.Contains("month first", StringComparison.Ordinal) ? "en" : "en-GB")}");
        Assert.Equal(ColumnType.Date, Fits(settled)[0].Type);
        Assert.Empty(settled.Notes);
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
    public void Texts_of_which_hardly_any_occurs_twice_are_left_out_and_named()
    {
        string rows = string.Concat(Enumerable.Range(0, 60).Select(i => $"person {i},{i % 7},{(i % 2 == 0 ? "a" : "b")}\n"));
        TrainingData data = Train("who,x,y\n" + rows, "");
        Assert.Equal(["x"], Names(data));
        Assert.Contains("column 'who' is left out: 60 different texts in 60 rows", Assert.Single(data.Notes), StringComparison.Ordinal);
        Assert.Equal(62, Train("who,x,y\n" + rows, "columns: {who: category}").Train.Shape.Count);
    }

    [Fact]
    public void A_first_row_of_texts_that_occur_again_is_a_sample()
    {
        string rows = string.Concat(Enumerable.Range(0, 30).Select(i => $"{"xyz"[i % 3]},{"bn"[i % 2]},{"pe"[i / 3 % 2]}\n"));
        TrainingData mushrooms = Train(rows, "");
        Assert.Equal(30, mushrooms.Train.Count);
        Assert.Equal(["column 0 = x", "column 0 = y", "column 0 = z", "column 0 = another", "column 1 = b", "column 1 = n", "column 1 = another"], Names(mushrooms));
        Assert.Equal(30, Train("cap,smell,kind\n" + rows, "").Train.Count);
        Assert.Equal(30, Train("x,b,kind\n" + rows, "label: kind").Train.Count);
    }

    [Theory]
    [InlineData("number: {missing: mean}", new double[] { 1, 3, 8, 4 })]
    [InlineData("number: {missing: median}", new double[] { 1, 3, 8, 3 })]
    [InlineData("number: {missing: constant, fill: -1}", new double[] { 1, 3, 8, -1 })]
    [InlineData("number: {missing: most-frequent}", new double[] { 1, 3, 8, 1 })]
    public void Missing_numbers_are_filled_as_asked(string column, double[] expected)
    {
        TrainingData data = Train("x,y\n1,a\n3,b\n8,a\n,b\n", $"columns: {{x: {{{column}}}}}");
        Assert.Equal(expected, Enumerable.Range(0, 4).Select(i => data.Train[i]));
    }

    [Theory]
    [InlineData("missing: most-frequent", new double[] { 1, 0, 0 })]
    [InlineData("missing: constant, fill: q", new double[] { 0, 1, 0 })]
    [InlineData("missing: constant, fill: new", new double[] { 0, 0, 1, 0 })]
    [InlineData("missing: indicator", new double[] { 0, 0, 0, 1 })]
    public void Missing_categories_are_filled_as_asked(string keys, double[] expected) =>
        Assert.Equal(expected, Row(Train("x,y\np,a\np,b\nq,a\n,b\n", $"columns: {{x: {{category: {{{keys}}}}}}}").Train, 3));

    [Theory]
    [InlineData("{x: {number: {missing: refuse}}}", Fault.Data, "train.csv:3:1: nothing in column 'x'; expected a value")]
    [InlineData("{x: {category: {missing: mean}}}", Fault.Config, "missing: mean for a category")]
    [InlineData("{x: {number: {fill: 3}}}", Fault.Config, "'fill' without 'missing: constant'")]
    [InlineData("{x: {number: {missing: constant}}}", Fault.Config, "'missing: constant' without 'fill'")]
    [InlineData("{x: text}", Fault.Config, "free text cannot be learned from yet")]
    [InlineData("{x: words}", Fault.Config, "no column type is called 'words'")]
    [InlineData("{z: number}", Fault.Data, "no column 'z'")]
    [InlineData("{y: ignore}", Fault.Data, "a column with two roles")]
    [InlineData("[x]", Fault.Config, "columns is a list; expected a mapping")]
    public void What_cannot_be_meant_by_columns_is_refused(string columns, Fault fault, string says) =>
        Assert.Contains(says, Refusal("x,y\n1,a\n,b\n3,a\n", $"columns: {columns}", fault), StringComparison.Ordinal);

    [Fact]
    public void A_column_without_any_value_is_refused_with_its_first_place() =>
        Assert.Contains("train.csv:2:3: '?' in column 'b', as in every row; expected values", Refusal("a,b,y\n1,?,p\n2,,q\n", ""), StringComparison.Ordinal);

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
    public void Unheard_of_categories_and_new_gaps_in_another_file_are_counted()
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
        Assert.EndsWith("test.csv: a full stop behind each class is ignored; the training data have none", Assert.Single(data.Notes), StringComparison.Ordinal);
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

    private TrainingData Train(string table, string keys)
    {
        folder.Write("train.csv", table);
        return Load.Training($"{{dataset: {{csv: {{path: train.csv{(keys.Length > 0 ? ", " + keys : "")}}}}}}}", folder.Path);
    }

    private string Refusal(string table, string keys, Fault fault = Fault.Data)
    {
        folder.Write("train.csv", table);
        return Load.Refusal($"{{dataset: {{csv: {{path: train.csv{(keys.Length > 0 ? ", " + keys : "")}}}}}}}", folder.Path, fault);
    }

    private RunConfig Config(string table, string keys, string loss = "softmax-cross-entropy", int outputs = 2, string more = "batch: 2")
    {
        folder.Write("train.csv", table);
        return ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{dataset: {{csv: {{path: train.csv, {keys}}}}}, {more}}}, model: [{{dense: {outputs}}}], loss: {loss}}}", "c.yaml"), "the config");
    }

    private static ColumnFit[] Fits(TrainingData data) => [.. data.Columns!.Columns.Where(c => c.Role == ColumnRole.Feature).Select(c => c.Fit!)];

    private static string[] Names(TrainingData data) => [.. data.Columns!.Columns.Where(c => c.Role == ColumnRole.Feature).SelectMany(c => c.Fit!.Names(c.Name))];

    private static double[] Row(SampleSet samples, int row)
    {
        var values = new double[samples.Shape.Count];
        samples.Read(row * values.Length, values);
        return values;
    }
}
