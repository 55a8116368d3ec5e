using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Starters;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Starters;

/// <summary>Data that somebody has become a config that loads and trains, whatever kind they are.</summary>
public sealed class StarterTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

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
    public void Names_that_yaml_would_read_otherwise_are_quoted_and_twins_go_by_number()
    {
        Starter starter = Table("t.csv", "No,\"a: b\",# c,\"d \"\"e\"\"\",yes,twin,twin,,y", 60, i => Text($"{i % 7 * 0.5},{i % 11 * 0.5},{i % 13 * 0.1},{i % 17 * 0.1},{i % 5 * 0.3},{i % 3 * 0.7},{i % 19 * 0.1},{i % 23 * 0.1},{i % 2}"));
        foreach (string line in new[] { "\"No\": number", "\"a: b\": number", "\"# c\": number", "\"d \\\"e\\\"\": number", "\"yes\": number", " 5: number", " 6: number", " 7: number" })
            Assert.Contains(line, starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Fact]
    public void Numbers_and_dates_of_another_language_are_found_out()
    {
        Starter starter = Table("t.csv", "\uFEFFwann;wert;y", 60, i => Text($"{1 + (i % 28)}.{1 + (i % 12)}.2024;1.{100 + i},5;{"ab"[i % 2]}"));
        Assert.Contains("culture: de", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("wert: number", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("wann: date", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData("# measured in May\n# by hand\nx,y\n", "comment: \"#\"", 2)]
    [InlineData("#x,y\n", null, 2)]
    [InlineData("sep=;\nx;y\n", null, 2)]
    public void Lines_before_the_names_are_no_rows(string head, string? says, int columns)
    {
        char separator = head.Contains(';', StringComparison.Ordinal) ? ';' : ',';
        folder.Write("t.csv", head + string.Concat(Enumerable.Range(0, 60).Select(i => Text($"{i % 7}.5{separator}{"ab"[i % 2]}\n"))));
        Starter starter = Of("t.csv");
        Assert.Equal((2, columns, 60L), (starter.Classes, starter.Columns.Count, starter.Samples));
        Assert.Equal(says is not null, starter.Yaml.Contains("comment:", StringComparison.Ordinal));
        Assert.Contains(says ?? "label:", starter.Yaml, StringComparison.Ordinal);
        TrainingData data = Trains(starter);
        Assert.Equal(60, data.Train.Count + data.Test!.Count + data.Validation!.Count);
    }

    [Fact]
    public void Numbers_with_signs_around_them_are_not_called_names()
    {
        Starter starter = Table("t.csv", "price,,x,y", 60, i => Text($"\"${1000 + (i * 13):N0}\",{i},{i % 7},{"ab"[i % 2]}"));
        Assert.Contains(("ignored", "price: numbers with signs or units, such as '$1,000': write plain numbers to use them"), starter.Findings);
        Assert.Contains(("ignored", "column 1, which has no name: numbered rows: an identifier"), starter.Findings);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    public void Decimals_after_a_comma_are_no_thousands_because_some_of_them_could_be(string whole)
    {
        folder.Write("sizes.csv", "size;kind\n" + string.Concat(Enumerable.Range(0, 120).Select(i => Text($"{(whole.Length > 0 && i % 2 == 0 ? "2" : Text($"{i % 3},{(i * 37 % 899) + 100}"))};{"abc"[i % 3]}\n"))));
        Starter starter = Of("sizes.csv");
        Assert.Contains("culture: de", starter.Yaml, StringComparison.Ordinal);
        Assert.Equal("number", starter.Columns[0].Type);
        Assert.All(ChannelStatistics.Of(Trains(starter).Train), s => Assert.InRange(s.Maximum, 0, 10));
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

    [Theory]
    [InlineData("x", "y", "x_test", "y_test")]
    [InlineData("X_train", "y_train", "X_test", "y_test")]
    [InlineData("images", "labels", null, null)]
    [InlineData("arr_0", "arr_1", null, null)]
    public void Arrays_of_an_archive_are_found_by_their_names(string x, string y, string? testX, string? testY)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "a.npz"), writer =>
        {
            writer.Add(x, [40, 3], Enumerable.Range(0, 120).Select(i => i * 0.1f).ToArray());
            writer.Add(y, [40], Enumerable.Range(0, 40).Select(i => i % 2).ToArray());
            if (testX is null)
                return;
            writer.Add(testX, [4, 3], new float[12]);
            writer.Add(testY!, [4], new[] { 0, 1, 0, 1 });
        });
        Starter starter = Of("a.npz");
        Assert.Equal(("arrays", 2, 40L), (starter.Kind, starter.Classes, starter.Samples));
        Assert.Equal(testX is null ? 8 : 4, Trains(starter).Test!.Count);
    }

    [Theory]
    [InlineData(1, 2, "classification", "bce-with-logits", "yes or no")]
    [InlineData(3, 2, "multi-label", "bce-with-logits", "any of 3 labels")]
    [InlineData(1, 4, "regression", "mse", "a number")]
    [InlineData(1, 40, "regression", "mse", "a number")]
    public void Floating_point_answers_that_say_no_or_yes_are_labels_and_a_few_whole_ones_may_be_classes(int width, int values, string task, string loss, string target)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "a.npz"), writer =>
        {
            writer.Add("x", [40, 3], Enumerable.Range(0, 120).Select(i => i * 0.1f).ToArray());
            writer.Add("y", [40, width], Enumerable.Range(0, 40 * width).Select(i => (float)(i * 7 % 40 % values)).ToArray());
        });
        Starter starter = Of("a.npz");
        Assert.Equal(task, starter.Task);
        Assert.Contains(("target", target), starter.Findings);
        Assert.Contains($"loss: {loss}\n", starter.Yaml, StringComparison.Ordinal);
        Assert.Equal(values == 4, starter.Findings.Any(f => f.Text.Contains("4 different integers: save them as integers", StringComparison.Ordinal)));
        Trains(starter);
    }

    [Fact]
    public void Arrays_of_pictures_get_filters_and_numbers_to_predict_a_loss_for_them()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "p.npz"), writer =>
        {
            writer.Add("x", [30, 12, 16, 3], Enumerable.Range(0, 30 * 12 * 16 * 3).Select(i => (byte)i).ToArray());
            writer.Add("y", [30], Enumerable.Range(0, 30).Select(i => i * 0.5f).ToArray());
        });
        Starter starter = Of("p.npz");
        Assert.Contains("channels-last: true", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("conv: ", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("loss: mse", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData("", 24, 32, false, 255)]
    [InlineData("train/", 24, 32, false, 2)]
    [InlineData("", 100, 50, true, 2)]
    public void Pictures_with_masks_become_a_u_net_judged_by_the_areas(string part, int height, int width, bool resized, int most)
    {
        for (int i = 0; i < 12; i++)
        {
            byte[] mask = [.. Enumerable.Range(0, height * width).Select(p => (byte)(p % width < width / 2 ? 0 : most == 255 ? 255 : 1 + (p / width * 2 / height)))];
            folder.Write($"cells/{part}images/{i}.png", PngWriter.Write(new Picture(width, height, 1, [.. mask.Select(v => (byte)(40 + (50 * (v % 4))))])));
            folder.Write($"cells/{part}masks/{i}.png", PngWriter.Write(new Picture(width, height, 1, mask)));
        }
        Starter starter = Of("cells");
        Assert.Equal(("segmentation", "segmentation", most == 255 ? 2 : 3), (starter.Kind, starter.Task, starter.Classes));
        Assert.Equal(resized, starter.Yaml.Contains("resize: 48", StringComparison.Ordinal));
        Assert.Contains(most == 255 ? "conv: {filters: 1, kernel: 1}" : "conv: {filters: 3, kernel: 1}", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("upsample", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("monitor: validation-mean-iou", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData(true, "segmentation", "filters: 3, kernel: 1", "validation-mean-iou")]
    [InlineData(false, "regression", "filters: 2, kernel: 1", "validation-loss")]
    public void Arrays_with_an_answer_for_each_pixel_become_a_u_net(bool areClasses, string task, string end, string judged)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "m.npz"), writer =>
        {
            writer.Add("x", [20, 16, 16], Enumerable.Range(0, 20 * 256).Select(i => (byte)(i * 11)).ToArray());
            if (areClasses)
                writer.Add("y", [20, 16, 16], Enumerable.Range(0, 20 * 256).Select(i => i * 11 / 100 % 3).ToArray());
            else
                writer.Add("y", [20, 2, 16, 16], Enumerable.Range(0, 20 * 512).Select(i => i * 0.001f).ToArray());
        });
        Starter starter = Of("m.npz");
        Assert.Equal(task, starter.Task);
        Assert.Contains(end, starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(judged, starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
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
    [InlineData(12)]
    [InlineData(6, 8, 1)]
    public void An_archive_of_one_array_becomes_an_autoencoder(params int[] sample)
    {
        int[] sizes = [40, .. sample];
        NpzWriter.Save(Path.Combine(folder.Path, "o.npz"), writer => writer.Add("x", sizes, Enumerable.Range(0, sizes.Aggregate(1, (a, b) => a * b)).Select(i => (float)Math.Sin(i * 0.7)).ToArray()));
        Starter starter = Of("o.npz");
        Assert.Equal("autoencoder", starter.Task);
        Assert.Contains("target: input", starter.Yaml, StringComparison.Ordinal);
        Assert.True(Trains(starter).Train.TargetIsInput);
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", true)]
    [InlineData("all.npy", false)]
    [InlineData("all.npz", false)]
    public void Arrays_are_their_own_targets_where_that_is_asked_for(string name, bool hasTest)
    {
        byte[] idx = [0, 0, 8, 3, 0, 0, 0, 30, 0, 0, 0, 8, 0, 0, 0, 8, .. Enumerable.Range(0, 30 * 64).Select(i => (byte)(i * 7))];
        if (name == "all.npz")
        {
            NpzWriter.Save(Path.Combine(folder.Path, name), writer =>
            {
                writer.Add("x_train", [30, 6], [.. Enumerable.Range(0, 180).Select(i => (float)i)]);
                writer.Add("y_train", [30], [.. Enumerable.Range(0, 30).Select(i => i % 2)]);
            });
        }
        else
        {
            folder.Write(name, name == "all.npy" ? [.. Npy.Header([30, 8, 8], NumberType.UInt8), .. idx[16..]] : idx);
        }
        if (hasTest)
            folder.Write("t10k-images-idx3-ubyte", idx);
        TrainingData data = Trains(Of(name, "input"));
        Assert.True(data.Train.TargetIsInput);
        Assert.True(!hasTest || data.Test is { TargetIsInput: true, Count: 30 });
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", ".")]
    [InlineData("pictures-images.idx", "pictures-labels.idx", null, null, "pictures-images.idx")]
    public void Idx_files_find_their_labels(string images, string labels, string? testImages, string? testLabels, string data)
    {
        byte[] pixels = [0, 0, 8, 3, 0, 0, 0, 30, 0, 0, 0, 8, 0, 0, 0, 8, .. Enumerable.Range(0, 30 * 64).Select(i => (byte)(i * 7))];
        byte[] classes = [0, 0, 8, 1, 0, 0, 0, 30, .. Enumerable.Range(0, 30).Select(i => (byte)(i % 3))];
        folder.Write(images, pixels);
        folder.Write(labels, classes);
        if (testImages is not null)
        {
            folder.Write(testImages, pixels);
            folder.Write(testLabels!, classes);
        }
        Starter starter = Of(data);
        Assert.Equal(("arrays", 3, 30L), (starter.Kind, starter.Classes, starter.Samples));
        // A picture of 8 × 8 is halved once, and is not left with one layer of filters for that.
        Assert.Equal(3, starter.Yaml.Split("- conv:").Length - 1);
        Assert.Equal(testImages is null ? 6 : 30, Trains(starter).Test!.Count);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Pictures_lie_in_a_folder_for_each_class(bool hasTest, bool sizesDiffer)
    {
        foreach (string part in hasTest ? ["p/train/", "p/test/"] : new[] { "p/" })
        {
            for (int i = 0; i < 20; i++)
            {
                int side = sizesDiffer && i % 3 == 0 ? 20 : 16;
                folder.Write($"{part}{(i % 2 == 0 ? "cat" : "dog")}/{i}.png", PngWriter.Write(new Picture(side, side, 3, [.. Enumerable.Range(0, side * side * 3).Select(b => (byte)(b * i))])));
            }
        }
        Starter starter = Of("p");
        Assert.Equal(("pictures", 2, 20L), (starter.Kind, starter.Classes, starter.Samples));
        Assert.Equal(sizesDiffer, starter.Yaml.Contains("resize: {size: 32, method: crop}", StringComparison.Ordinal));
        Assert.Equal(hasTest ? 20 : 4, Trains(starter).Test!.Count);
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
    public void Dates_that_can_be_read_in_two_ways_are_announced()
    {
        Starter starter = Table("t.csv", "when,x,y", 80, i => Text($"{1 + (i % 12):00}/{1 + (i * 5 % 12):00}/2023,{i % 9},{"xy"[i % 2]}"));
        Assert.Contains(("note", "each date of 'when' can be read in two ways and is read with the month first: 'culture: en-GB' in the config reads it the other way"), starter.Findings);
        Starter clear = Table("t.csv", "when,x,y", 80, i => Text($"{1 + (i % 28):00}/{1 + (i * 5 % 12):00}/2023,{i % 9},{"xy"[i % 2]}"));
        Assert.Contains("culture: en-GB", clear.Yaml, StringComparison.Ordinal);
        Assert.DoesNotContain(clear.Findings, f => f.Text.Contains("two ways", StringComparison.Ordinal));
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

    [Theory]
    [InlineData("inf")]
    [InlineData("#DIV/0!")]
    public void A_slip_among_numbers_is_a_missing_value_and_not_the_end_of_its_column(string slip)
    {
        Starter starter = Table("t.csv", "x,z,y", 120, i => Text($"{(i == 50 ? slip : Text($"{i * 0.37:F2}"))},{(i == 7 ? "NULL" : Text($"{i % 9}"))},{"ab"[i % 2]}"));
        Assert.Equal(["number", "number", "target"], starter.Columns.Select(c => c.Type));
        Assert.Contains(("missing", $"'{slip}' among numbers is read as missing ('missing-values' in the config)"), starter.Findings);
        Assert.Contains("0 … 44.03; 1 missing", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Fact]
    public void Numbers_written_otherwise_are_no_slips()
    {
        Starter starter = Table("t.csv", "x,z,y", 120, i => Text($"{(i == 50 ? "$5" : Text($"{i * 0.37:F2}"))},{i % 9},{"ab"[i % 2]}"));
        Assert.DoesNotContain(starter.Findings, f => f.Label == "missing");
        Assert.Equal("ignore", starter.Columns[0].Type);
    }

    [Fact]
    public void A_row_whose_number_to_predict_is_infinite_is_left_out()
    {
        Starter starter = Table("t.csv", "a,y", 80, i => Text($"{i % 9},{(i == 3 ? "-inf" : Text($"{i * 7 % 11 * 1.5}"))}"));
        Assert.Contains("missing-target: drop", starter.Yaml, StringComparison.Ordinal);
        TrainingData data = Trains(starter);
        Assert.Equal(79, data.Train.Count + data.Validation!.Count + data.Test!.Count);
    }

    [Fact]
    public void A_table_that_is_not_utf_8_is_read_as_latin_1()
    {
        folder.Write("t.csv", System.Text.Encoding.Latin1.GetBytes("ville,x,y\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"{"Orléans,Nîmes,Sète".Split(',')[i % 3]},{i % 7},{"ab"[i % 2]}\n"))));
        Starter starter = Of("t.csv");
        Assert.Contains("encoding: latin1", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("ville: category", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("Orléans", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(starter.Findings, f => f.Label == "text");
        Trains(starter);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private Starter Table(string name, string names, int rows, Func<int, string> row, string? target = null)
    {
        folder.Write(name, (names.Length == 0 ? "" : names + "\n") + string.Concat(Enumerable.Range(0, rows).Select(i => row(i) + "\n")));
        return Of(name, target);
    }

    private Starter Of(string data, string? target = null) => Starter.Of(Path.Combine(folder.Path, data), target, folder.Path);

    // The config is read as any other, and a network is trained on it.
    private TrainingData Trains(Starter starter)
    {
        LoadedConfig loaded = RunConfigFile.Load(folder.Write("c.yaml", starter.Yaml), ["train.epochs=1", "device=cpu", "threads=1"]);
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(loaded.Folder, loaded.Config.Seed));
        using Device device = DeviceCatalog.Open("cpu", 1);
        using var trainer = new Trainer(loaded.Config, data, device);
        RunResult result = trainer.Run();
        Assert.True(double.IsFinite(result.Final.Train.Loss), starter.Yaml);
        Assert.NotNull(result.Final.Validation);
        return data;
    }
}
