using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Cli.Tests;

/// <summary>The jobs that people bring, each from two commands: <c>init</c> and <c>train</c>, then <c>eval</c> and <c>predict</c>, on small data with the traps of real ones.</summary>
public sealed class JobsTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Classes_of_a_table_with_gaps_texts_truth_values_and_a_column_that_gives_the_answer_away()
    {
        Table("passengers.csv", "survived,class,sex,age,fare,deck,alive,alone", 300, i =>
            $"{(i % 3 == 0 ? 1 : 0)},{"First,Second,Third".Split(',')[i % 5 % 3]},{((i % 3 == 0) == (i % 20 > 0) ? "female" : "male")},{(i % 7 == 0 ? "" : 18 + (i * 7 % 50))},{7.25 + (i % 11 * 3.5)},{(i % 4 == 0 ? "C" : "")},{(i % 3 == 0 ? "yes" : "no")},{(i % 2 == 0 ? "True" : "False")}");
        string said = gpugrad.Run("init", "passengers.csv").Done().Output;
        Assert.Contains("ignored    alive: gives 'survived' away", said, StringComparison.Ordinal);
        JsonNode figures = Trained("passengers.yaml", 15);
        Assert.True((double)figures["accuracy"]! > 0.9, figures.ToJsonString());
        Assert.Equal(3, Predicted("passengers.csv", "survived,class,sex,age,fare,deck,alive,alone\n0,First,male,30,8,,no,True\n,Third,female,,9.5,C,,False\n,Fourth,female,3,9.5,C,,False\n").Length);
    }

    [Fact]
    public void A_table_without_names_with_question_marks_spaces_and_a_test_file_whose_classes_end_in_a_full_stop()
    {
        static FormattableString Row(int i, string end) => $"{20 + (i * 3 % 40)}, {"Private,State-gov,?".Split(',')[i % 3]}, {100_000 + (i * 7919 % 50_000)}, {(i % 2 == 0 ? ">50K" : "<=50K")}{end}";
        Table("income-train.csv", "", 240, i => Row(i, ""));
        Table("income-test.csv", "", 60, i => Row(i, "."));
        gpugrad.Run("init", "income-train.csv").Done();
        Assert.Contains("test: income-test.csv", File.ReadAllText(gpugrad["income-train.yaml"]), StringComparison.Ordinal);
        JsonNode figures = Trained("income-train.yaml", 3);
        Assert.Equal(60, figures["per_class"]!.AsArray().Sum(c => (int)c!["support"]!));
    }

    [Fact]
    public void Numbers_of_a_table_in_their_own_unit()
    {
        Table("cars.csv", "mpg,cylinders,weight,origin,name", 200, i => $"{60_000.0 / (1500 + (i * 13 % 101 * 30)):F1},{4 + (i % 3 * 2)},{1500 + (i * 13 % 101 * 30)},{"usa,japan,europe".Split(',')[i % 3]},car {i}");
        gpugrad.Run("init", "cars.csv", "--target", "mpg").Done();
        JsonNode figures = Trained("cars.yaml", 40);
        Assert.True((double)figures["r2"]! > 0.9, figures.ToJsonString());
        Assert.All(Predicted("cars.csv", "mpg,cylinders,weight,origin,name\n,4,1500,usa,new\n,4,4500,usa,new\n"), line => Assert.InRange(double.Parse(line.Split('\t')[1], CultureInfo.InvariantCulture), 5, 55));
        gpugrad.Write("still.csv", "mpg,cylinders,weight,origin,name\n0,4,1500,usa,new\n20,4,4500,usa,new\n");
        Assert.Contains("mape (some targets are 0, or nearly)", gpugrad.Run("eval", "run", "--data", "still.csv").Done().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rare_class_is_judged_by_the_area_under_precision_and_recall()
    {
        Table("scans.csv", "", 3000, i => $"{Math.Sin(i):F4},{(i % 15 == 0 ? 2 : 0) + Math.Cos(i * 3):F4},'{(i % 15 == 0 ? 1 : -1)}'");
        Assert.Contains("rare class only 200 rows are", gpugrad.Run("init", "scans.csv").Done().Output, StringComparison.Ordinal);
        string said = gpugrad.Run("train", "scans.yaml", "--out", "run", "--device", "cpu", "--set", "train.epochs=2").Done().Output;
        Assert.Contains("pr auc", said, StringComparison.Ordinal);
        Assert.InRange((double)Evaluated()["pr_auc"]!, 0.3, 1);
    }

    [Fact]
    public void The_next_value_of_a_series_from_a_table_of_months()
    {
        Table("passengers.csv", "\"Month\",\"Passengers\"", 144, i => $"\"{1949 + (i / 12)}-{1 + (i % 12):00}\",{100 + (2 * i) + (30 * Math.Sin(i * Math.PI / 6)):F0}");
        Assert.Contains("series     each row is later", gpugrad.Run("init", "passengers.csv").Done().Output, StringComparison.Ordinal);
        JsonNode figures = Trained("passengers.yaml", 60);
        Assert.True((double)figures["r2"]! > 0.5, figures.ToJsonString());
        // A forecast stands beside the last row that it knows; that of the last one is of a row that is not there yet.
        string[] forecasts = Predicted("passengers.csv", File.ReadAllText(gpugrad["passengers.csv"]));
        Assert.Equal(["new-passengers.csv:13", "new-passengers.csv:145"], new[] { forecasts[0], forecasts[^1] }.Select(f => f.Split('\t')[0]));
    }

    [Fact]
    public void Pictures_in_class_folders()
    {
        for (int i = 0; i < 80; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 16 * 16 * 3).Select(p => (byte)((p / 3 / 16 < 8) == (i % 2 == 0) ? 200 + (i % 50) : 10 + (i % 50)))];
            string path = gpugrad[$"photos/{(i < 60 ? "train" : "test")}/{(i % 2 == 0 ? "up" : "down")}/{i}.png"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, PngWriter.Write(new Picture(16, 16, 3, pixels)));
        }
        gpugrad.Run("init", "photos").Done();
        Assert.Equal(20, (int)Trained("photos.yaml", 2)["per_class"]!.AsArray().Sum(c => (int)c!["support"]!));
        gpugrad.Run("predict", "run", "photos/test/up").Done();
    }

    [Fact]
    public void Arrays_of_an_archive_and_of_idx_files()
    {
        var random = new Random(3);
        int[] labels = [.. Enumerable.Range(0, 100).Select(i => i % 3)];
        NpzWriter.Save(gpugrad["a.npz"], npz =>
        {
            npz.Add("x_train", [100, 4], [.. labels.SelectMany(l => Enumerable.Range(0, 4).Select(c => (float)((c == l ? 2 : 0) + random.NextDouble())))]);
            npz.Add("y_train", [100], labels);
        });
        gpugrad.Run("init", "a.npz").Done();
        Assert.True((double)Trained("a.yaml", 30)["accuracy"]! > 0.8);
        Directory.CreateDirectory(gpugrad["idx"]);
        foreach ((string part, int count) in new[] { ("train", 60), ("t10k", 20) })
        {
            Idx($"{part}-images-idx3-ubyte.gz", [count, 12, 12], [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Range(0, 144).Select(p => (byte)(p / 72 == i % 2 ? 220 : 20)))]);
            Idx($"{part}-labels-idx1-ubyte.gz", [count], [.. Enumerable.Range(0, count).Select(i => (byte)(i % 2))]);
        }
        gpugrad.Run("init", "idx").Done();
        Directory.Delete(gpugrad["run"], recursive: true);
        Assert.Equal(20, (int)Trained("idx.yaml", 2)["per_class"]!.AsArray().Sum(c => (int)c!["support"]!));
    }

    [Fact]
    public void More_epochs_of_a_finished_run_and_other_data_from_its_weights()
    {
        Table("t.csv", "x,z,kind", 100, i => $"{(i % 2) + (i % 7 * 0.1)},{i % 5},{"ab"[i % 2]}");
        gpugrad.Run("init", "t.csv").Done();
        Trained("t.yaml", 2);
        JsonNode more = gpugrad.Run("resume", "run", "--set", "train.epochs=4", "--json").Json();
        Assert.Equal(("finished", 4), ((string)more["status"]!, (int)more["epochs"]!));
        JsonNode tuned = gpugrad.Run("train", "t.yaml", "--weights", "run", "--out", "tuned", "--device", "cpu", "--set", "train.epochs=1", "--json").Json();
        Assert.Equal(4, tuned["init_from"]!["loaded"]!.AsArray().Count);
    }

    [Fact]
    public void Answers_for_each_pixel_go_into_an_archive_and_into_no_table()
    {
        NpzWriter.Save(gpugrad["new.npz"], npz => npz.Add("x", [3, 1, 28, 28], new byte[3 * 784]));
        gpugrad.Write("auto.yaml", "data: {dataset: {digits: {train: 60, test: 20}}, target: input, normalize: unit, batch: 20}\nmodel: [flatten, {dense: 8}, relu, {dense: 784}, {reshape: [1, 28, 28]}]\nloss: bce-with-logits\ntrain: {epochs: 1}\ndevice: cpu\n");
        Assert.Contains("test rmse", gpugrad.Run("train", "auto.yaml", "--out", "auto").Done().Output, StringComparison.Ordinal);
        gpugrad.Run("predict", "auto", "new.npz", "--out", "back.npz").Done();
        NumberArray back = Npz.Read(gpugrad["back.npz"])["prediction"];
        Assert.Equal([3, 1, 28, 28], back.Sizes);
        Assert.All(back.ToDoubles(), v => Assert.InRange(v, 0, 1));
        Assert.Contains("back.csv holds one answer a sample, and this network gives an image; expected a name that ends in .npz", gpugrad.Run("predict", "auto", "new.npz", "--out", "back.csv").Refused(ExitCode.Usage), StringComparison.Ordinal);

        NpzWriter.Save(gpugrad["pixels.npz"], npz => npz.Add("x", [2, 1, 16, 16], new byte[2 * 256]));
        gpugrad.Write("masks.yaml", "data: {dataset: {shapes: {size: 16, train: 20, test: 10}}, batch: 10}\nmodel: [{conv: {filters: 4, kernel: 3, padding: same}}]\ntrain: {epochs: 1}\ndevice: cpu\n");
        gpugrad.Run("train", "masks.yaml", "--out", "masks").Done();
        gpugrad.Run("predict", "masks", "pixels.npz", "--out", "masks.npz").Done();
        NumberArray masks = Npz.Read(gpugrad["masks.npz"])["prediction"];
        Assert.Equal([2, 16, 16], masks.Sizes);
        Assert.All(masks.ToDoubles(), v => Assert.InRange(v, 0, 3));
        gpugrad.Run("predict", "masks", "pixels.npz", "--out", "drawn").Done();
        Assert.Equal(2, Directory.GetFiles(gpugrad["drawn"], "*.png", SearchOption.AllDirectories).Length);
        Assert.Contains("drawn.csv holds one answer a sample, and this network gives a class for each pixel; expected a folder for masks, or a name that ends in .npz", gpugrad.Run("predict", "masks", "pixels.npz", "--out", "drawn.csv").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void Invalid_input_is_reported_in_one_line()
    {
        Table("t.csv", "x,z,kind", 100, i => $"{(i % 2) + (i % 7 * 0.1)},{i % 5},{"ab"[i % 2]}");
        gpugrad.Run("init", "t.csv").Done();
        Trained("t.yaml", 1);
        Assert.StartsWith("RUN is '-'", gpugrad.RunWithInput("1,2\n", "predict", "-", "-").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.StartsWith("standard input (-) is given twice", gpugrad.RunWithInput("1,2\n", "predict", "run", "-", "-").Refused(ExitCode.Usage), StringComparison.Ordinal);
        gpugrad.Run("report", "run", "--no-test").Done();
        string own = File.ReadAllText(gpugrad["run/report.html"]);
        gpugrad.Run("report", "run", "run").Done();
        Assert.Equal(own, File.ReadAllText(gpugrad["run/report.html"]));
        Assert.True(File.Exists(gpugrad["run/comparison.html"]));
        Assert.Contains("number  ", gpugrad.Run("data", "show", "t.yaml").Done().Output, StringComparison.Ordinal);
        Assert.Contains("): x, z\n", gpugrad.Run("export", "run", "--out", "m.onnx").Done().Output, StringComparison.Ordinal);
        NpzWriter.Save(gpugrad["shares.npz"], npz =>
        {
            npz.Add("x", [4, 2], new float[8]);
            npz.Add("y", [4, 1], [0.5f, 1, 1.5f, 0]);
        });
        gpugrad.Write("shares.yaml", "data: {dataset: {npz: shares.npz}, batch: 2}\nmodel: [{dense: 1}]\nloss: bce-with-logits\ndevice: cpu\n");
        Assert.Contains("shares.npz ('y'): sample 2: the target 1.5; expected 0 to 1", gpugrad.Run("train", "shares.yaml", "--out", "no").Refused(ExitCode.Data), StringComparison.Ordinal);
    }

    private void Table(string name, string names, int rows, Func<int, FormattableString> row) =>
        gpugrad.Write(name, (names.Length == 0 ? "" : names + "\n") + string.Concat(Enumerable.Range(0, rows).Select(i => row(i).ToString(CultureInfo.InvariantCulture) + "\n")));

    // In few epochs, and the same figures by 'eval'.
    private JsonNode Trained(string config, int epochs)
    {
        JsonNode summary = gpugrad.Run("train", config, "--out", "run", "--device", "cpu", "--set", $"train.epochs={epochs}", "--json").Json();
        JsonNode figures = summary["metrics"]!["test"]!, again = Evaluated();
        Assert.Equal(figures.ToJsonString(), again.ToJsonString());
        return figures;
    }

    private JsonNode Evaluated() => gpugrad.Run("eval", "run", "--json").Json()["metrics"]!;

    private string[] Predicted(string like, string rows)
    {
        gpugrad.Write("new-" + like, rows);
        return gpugrad.Run("predict", "run", "new-" + like).Done().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private void Idx(string name, int[] sizes, byte[] bytes)
    {
        using var packed = new GZipStream(File.Create(gpugrad[$"idx/{name}"]), CompressionLevel.Fastest);
        packed.Write([0, 0, 8, (byte)sizes.Length]);
        var size = new byte[4];
        foreach (int s in sizes)
        {
            BinaryPrimitives.WriteInt32BigEndian(size, s);
            packed.Write(size);
        }
        packed.Write(bytes);
    }
}
