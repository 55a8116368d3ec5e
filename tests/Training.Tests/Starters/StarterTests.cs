using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Starters;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Starters;

/// <summary>Tables of every kind become configs that load and train.</summary>
public sealed class StarterTests : StarterFolder
{
    [Fact]
    public void The_config_of_a_table_names_every_column_with_its_type()
    {
        Starter starter = Table("boats.csv", "id,sunk,length,rig,built,name,lost,wet", 60, i =>
            Text($"{i + 7},{i % 3 == 0},{(i % 4 == 1 ? "" : $"{3 + (i % 9 * 0.5)}")},{"sloop,ketch,yawl".Split(',')[i % 7 % 3]},19{70 + (i % 30)}-0{1 + (i % 9)}-11,boat no {i},{(i % 3 == 0 ? "lost" : "afloat")},{(i % 2 == 0 ? "yes" : "no")}"), "sunk");
        Assert.Equal(
            """
            # Predicts 'sunk' from boats.csv: 60 rows, 8 columns.
            # Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md.
            seed: 1  # another seed gives another split and other initial weights
            data:
              dataset:
                csv:
                  path: boats.csv
                  label: sunk       # False: 40 rows, True: 20 rows
                  columns:          # number, category, boolean, date or ignore
                    id: ignore      # numbered rows: an identifier
                    length: number  # 3 … 7; 15 missing
                    rig: category   # sloop, ketch, yawl
                    built: date     # 1970-01-11 … 1999-06-11
                    name: ignore    # a different text in every row: a name or free text
                    lost: ignore    # gives 'sunk' away: each of its values has one answer
                    wet: boolean    # no, yes
              batch: 32
              validation: 0.15     # held back to choose the best epoch
              test: 0.2            # held back for the final figures
              normalize: standard  # numbers get mean 0 and deviation 1
            model:
              - dense: 100
              - relu
              - dropout: 0.2
              - dense: 2  # a score for each class
            loss: softmax-cross-entropy
            train:
              epochs: 80
              optimizer: {adamw: {lr: 0.01, weight-decay: 0.1}}
              ema: 0.99                   # a moving average of the weights is evaluated and kept
              schedule: one-cycle         # the learning rate rises and falls once
              keep-best: validation-loss  # the weights of the best epoch are kept
              early-stopping: 26          # epochs without a better validation loss

            """.ReplaceLineEndings("\n"), starter.Yaml);
        Assert.Equal(("table", 2, "sunk", 60L), (starter.Kind, starter.Classes, starter.Target, starter.Samples));
        Assert.Contains(("ignored", "lost: gives 'sunk' away: each of its values has one answer"), starter.Findings);
        Trains(starter);
    }

    [Fact]
    public void Numbers_are_predicted_in_their_own_unit()
    {
        Starter starter = Table("cars.csv", "weight,price", 80, i => Text($"{900 + (i * 10)},{5000 + (i * i * 3.5)}"));
        Assert.Equal((0, "price"), (starter.Classes, starter.Target));
        Assert.Contains("targets: [price]", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("normalize-targets: standard", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("- silu", starter.Yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("dropout", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Fact]
    public void Rows_in_the_order_of_time_become_windows_whose_latest_are_the_test()
    {
        Starter starter = Table("sales.csv", "month,sold,price", 120, i => Text($"{2010 + (i / 12)}-{1 + (i % 12):00},{100 + i + (40 * Math.Sin(i * Math.PI / 6)):F1},{5 + (i % 7 * 0.1)}"), "sold");
        Assert.Contains("window: {past: 12, horizon: 1}", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("month: ignore", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(starter.Findings, f => f.Label == "series" && f.Text.Contains("the next 'sold' is predicted from the last 12 rows", StringComparison.Ordinal));
        Assert.Equal(24, Trains(starter).Test!.Count);
    }

    [Fact]
    public void Year_month_day_and_hour_in_separate_columns_are_a_time_too_and_gaps_are_not_targets()
    {
        DateTime begin = new(2020, 1, 30, 0, 0, 0, DateTimeKind.Utc);
        Starter starter = Table("air.csv", "year,month,day,hour,pm,wind", 300, i =>
        {
            DateTime at = begin.AddHours(i);
            return Text($"{at.Year},{at.Month},{at.Day},{at.Hour},{(i % 50 == 3 ? "NA" : Text($"{30 + (i * 5 % 17)}.5"))},{"NSW"[i % 3]}");
        }, "pm");
        Assert.Contains("window: {past: 24, horizon: 1}", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("year: ignore", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("hour: number", starter.Yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("missing-target", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData(true, false)] // days in no order
    [InlineData(false, true)] // a day twice
    public void Rows_with_dates_out_of_order_are_not_a_series(bool shuffled, bool twice)
    {
        Starter starter = Table("t.csv", "day,y", 60, i => Text($"{new DateTime(2020, 1, 1).AddDays(shuffled ? i * 7 % 60 : twice ? i / 2 : i):yyyy-MM-dd},{i * 0.5}"));
        Assert.DoesNotContain("window", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("day: date", starter.Yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_without_names_has_its_columns_by_number_and_its_test_file_beside_it()
    {
        folder.Write("income-test.csv", string.Concat(Enumerable.Range(0, 20).Select(i => $" {i}, {"xy"[i % 2]}, {(i % 3 == 0 ? "?" : "q")}, {(i % 2 == 0 ? "<=50K." : ">50K.")}\n")));
        Starter starter = Table("income-train.csv", "", 80, i => $" {i % 50}, {"xyz"[i % 3]}, {(i % 5 == 0 ? "?" : "q")}, {(i % 2 == 0 ? "<=50K" : ">50K")}");
        Assert.Contains("test: income-test.csv\n", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("header: false", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("label: 3 ", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("        1: category", starter.Yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("  test: 0", starter.Yaml, StringComparison.Ordinal);
        Assert.Equal(20, Trains(starter).Test!.Count);
    }

    [Fact]
    public void A_test_file_without_answers_is_for_predict()
    {
        folder.Write("test.csv", "x\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"{i}\n")));
        Starter starter = Table("train.csv", "x,y", 40, i => Text($"{i % 9},{i % 2}"));
        Assert.Contains(starter.Findings, f => f.Label == "note" && f.Text.Contains("test.csv has no 'y'", StringComparison.Ordinal));
        Assert.Contains("test: 0.2", starter.Yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_that_separates_the_classes_is_kept_and_reported()
    {
        Starter starter = Table("t.csv", "length,code,kind", 100, i => Text($"{(i % 2 * 8) + (i % 7)},{i % 2},{"ab"[i % 2]}"));
        Assert.Contains("length: number", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("code: ignore", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(starter.Findings, f => f.Label == "note" && f.Text.StartsWith("each value of 'length' has one answer", StringComparison.Ordinal));
    }

    [Fact]
    public void Json_lines_and_packed_tables_are_tables()
    {
        folder.Write("t.jsonl", string.Concat(Enumerable.Range(0, 60).Select(i => Text($$"""{"x": {{i % 9}}.5, "y": "{{"ab"[i % 2]}}"}""") + "\n")));
        Assert.Equal("y", Of("t.jsonl").Target);
        Trains(Of("t.jsonl"));
        folder.Write("packed.csv.gz", FormatSample.Gz(System.Text.Encoding.UTF8.GetBytes("x,y\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"{i % 9}.5,{"ab"[i % 2]}\n")))));
        Assert.Equal("y", Of("packed.csv.gz").Target);
        Trains(Of("packed.csv.gz"));
    }

    [Fact]
    public void Answers_for_pixels_of_another_size_are_refused_in_one_line()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "m.npz"), writer =>
        {
            writer.Add("x", [20, 16, 16], new byte[20 * 256]);
            writer.Add("y", [20, 1, 8, 8], new float[20 * 64]);
        });
        Assert.EndsWith("samples [1, 16, 16] with targets [1, 8, 8]; expected targets for each pixel, as high and wide as the samples; for others write the config by hand (docs/segmentation.md)", Hostile.AssertOneLine(Assert.ThrowsAny<Exception>(() => Of("m.npz")), "m.npz"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing.csv", "no such file")]
    [InlineData("empty", "no folders of pictures, no table and no arrays")]
    [InlineData("two", "2 tables; expected the path of the one to train on; for a folder with one series per file, write the config by hand: 'dataset: {series: FOLDER}'")]
    [InlineData("kinds", "folders of tables; expected a table, arrays, or a folder of pictures for each class; for a folder with one series per file")]
    [InlineData("one.npy", "or '--target input' for an autoencoder")]
    [InlineData("dates.csv", "no column that could be predicted")]
    [InlineData("alone.csv", "no column that a network could learn from: 'x' (a different text in every row: a name or free text); expected numbers")]
    [InlineData("none.npz", "an archive without arrays; expected numpy.savez")]
    [InlineData("letter", "files of type '.docx' are not read; expected a table (.csv", ".docx")]
    [InlineData("sheet", "files of type '.xlsx' are not read; expected a table as text; the program that wrote it saves a sheet as CSV", ".xlsx")]
    [InlineData("rows", "files of type '.json' are not read; expected JSON Lines (.jsonl)", ".json")]
    [InlineData("model", "files of type '.pkl' are not read; expected arrays without code", ".pkl")]
    [InlineData("photos", "files of type '.tar.gz' are not read; expected what is packed in it", ".tar.gz")]
    public void What_cannot_be_trained_on_is_refused_in_one_line(string data, string says, string ending = "")
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, "empty"));
        folder.Write("two/a.csv", "x,y\n1,2\n");
        folder.Write("two/b.csv", "x,y\n1,2\n");
        folder.Write("kinds/a/1.csv", "1,2\n");
        folder.Write("kinds/b/1.csv", "1,2\n");
        folder.Write("one.npy", Hostile.File("f4.npy"));
        folder.Write("dates.csv", "d,n\n2024-01-01,1\n2024-01-02,1\n2024-01-03,1\n");
        folder.Write("alone.csv", "x,y\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"name {i},{i % 2}\n")));
        NpzWriter.Save(Path.Combine(folder.Path, "none.npz"), _ => { });
        if (ending.Length > 0)
            folder.Write(data + ending, "Dear Sir");
        Assert.Contains(says, Hostile.AssertOneLine(Assert.ThrowsAny<Exception>(() => Of(data + ending)), data), StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_file_may_have_its_columns_in_another_order_and_others_besides()
    {
        folder.Write("w-test.csv", "y,extra,b,a\n" + string.Concat(Enumerable.Range(0, 20).Select(i => Text($"{"xy"[i % 2]},7,{i % 3},{i % 7}\n"))));
        Starter starter = Table("w-train.csv", "a,b,y", 80, i => Text($"{i % 7},{i % 3},{"xy"[i % 2]}"));
        Assert.Contains("test: w-test.csv\n", starter.Yaml, StringComparison.Ordinal);
        TrainingData data = Trains(starter);
        Assert.Equal(20, data.Test!.Count);
        Assert.Contains(data.Notes, n => n.EndsWith("w-test.csv: a column that training did not have is left out: 'extra'", StringComparison.Ordinal));
    }
}
