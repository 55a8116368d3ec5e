using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Cli.Tests;

/// <summary><c>predict --out</c>: the table that came in, as it stood, with what the network says beside it.</summary>
public sealed class PredictionFileTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void A_tables_own_columns_come_first_as_they_stand_in_the_file()
    {
        TrainClasses();
        gpugrad.Write("new.csv", "id,name,a,b,kind\n007,\"Smith, J.\",0.10,-1,yes\n008,\"say \"\"hi\"\"\",2.5e0,1,\n");
        Answer answer = gpugrad.Run("predict", "run", "new.csv", "--out", "p.csv").Done();
        Assert.Contains("predictions 2 in p.csv", answer.Output, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(gpugrad["p.csv"]);
        Assert.Equal("id,name,a,b,kind,prediction,p_no,p_yes", lines[0]);
        Assert.StartsWith("007,\"Smith, J.\",0.10,-1,yes,no,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("008,\"say \"\"hi\"\"\",2.5e0,1,,yes,", lines[2], StringComparison.Ordinal);
        double[] p = [.. lines[2].Split(',')[^2..].Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
        Assert.Equal(1, p.Sum(), 1e-12);
        JsonNode[] told = [.. gpugrad.Run("predict", "run", "new.csv", "--json").Json().AsArray().Select(n => n!)];
        Assert.Equal(p, told[1]["probabilities"]!.AsArray().Select(v => (double)v!));

        gpugrad.Run("predict", "run", "new.csv", "--out", "p.jsonl", "--top", "1").Done();
        JsonNode row = JsonNode.Parse(File.ReadAllLines(gpugrad["p.jsonl"])[1])!;
        Assert.Equal(["id", "name", "a", "b", "kind", "prediction", "top_1", "top_1_p"], row.AsObject().Select(k => k.Key));
        Assert.Equal("008", (string)row["id"]!);
        Assert.Equal("2.5e0", row["a"]!.ToJsonString());
        Assert.Equal(p[1], (double)row["top_1_p"]!);
    }

    [Fact]
    public void The_same_rows_come_from_standard_input_and_a_tabbed_file_keeps_its_tabs()
    {
        TrainClasses();
        gpugrad.Write("new.csv", "id,name,a,b,kind\n1,x,0.1,-1,\n2,y,2.5,1,\n");
        gpugrad.Run("predict", "run", "new.csv", "--out", "file.tsv").Done();
        gpugrad.RunWithInput(File.ReadAllText(gpugrad["new.csv"]), "predict", "run", "-", "--out", "input.tsv").Done();
        Assert.Equal(File.ReadAllText(gpugrad["file.tsv"]), File.ReadAllText(gpugrad["input.tsv"]));
        Assert.StartsWith("id\tname\ta\tb\tkind\tprediction\t", File.ReadAllText(gpugrad["file.tsv"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_second_class_is_predicted_from_a_threshold_on()
    {
        TrainClasses();
        gpugrad.Write("new.csv", "id,name,a,b,kind\n" + string.Concat(Enumerable.Range(0, 40).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i},x,{(i / 20.0) - 0.5},0,\n"))));
        foreach (double threshold in new[] { 0.1, 0.5, 0.9 })
        {
            string given = threshold.ToString(CultureInfo.InvariantCulture);
            gpugrad.Run("predict", "run", "new.csv", "--out", "p.csv", "--threshold", given).Done();
            string[][] rows = [.. File.ReadAllLines(gpugrad["p.csv"]).Skip(1).Select(l => l.Split(','))];
            Assert.All(rows, r => Assert.Equal(double.Parse(r[^1], CultureInfo.InvariantCulture) > threshold ? "yes" : "no", r[5]));
            Assert.Equal(rows.Select(r => r[5]), gpugrad.Run("predict", "run", "new.csv", "--json", "--threshold", given).Json().AsArray().Select(n => (string)n!["name"]!));
        }
    }

    [Fact]
    public void What_stands_in_json_lines_stands_in_the_answer_as_it_was()
    {
        TrainClasses();
        gpugrad.Write("new.jsonl", """
            {"id": null, "name": "12", "a": 0.10, "b": -1, "note": [1, "x, \u00e9"], "of": {"day": true}}
            {"a": 2.5e0, "b": 1, "name": null, "more": "said \"no\""}
            """);
        gpugrad.Run("predict", "run", "new.jsonl", "--out", "p.jsonl").Done();
        JsonNode[] rows = [.. File.ReadAllLines(gpugrad["p.jsonl"]).Select(l => JsonNode.Parse(l)!)];
        string[] Cells(int row) => [.. rows[row].AsObject().Select(p => $"{p.Key}={p.Value?.ToJsonString() ?? "null"}").Take(7)];
        Assert.Equal(["id=null", "name=\"12\"", "a=0.10", "b=-1", "note=[1,\"x, \\u00E9\"]", "of.day=true", "more=null"], Cells(0));
        Assert.Equal(["id=null", "name=null", "a=2.5e0", "b=1", "note=null", "of.day=null", "more=\"said \\u0022no\\u0022\""], Cells(1));
        gpugrad.Run("predict", "run", "new.jsonl", "--out", "p.csv").Done();
        Assert.StartsWith(",12,0.10,-1,", File.ReadAllLines(gpugrad["p.csv"])[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_are_one_column_each_and_arrays_go_into_an_archive()
    {
        gpugrad.Write("train.csv", "u,v,y,z,prediction_y\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"{i % 7},{i % 5},{(i % 7) + 1},{2 * (i % 5)},of old\n")));
        gpugrad.Write("c.yaml", "device: cpu\ndata: {dataset: {csv: {path: train.csv, targets: [y, z], ignore: [prediction_y]}}, batch: 20, test: 10}\nmodel: [{dense: 2}]\nloss: mse\ntrain: {epochs: 2}\n");
        gpugrad.Run("train", "c.yaml", "--out", "run").Done();
        gpugrad.Write("new.csv", "v,u,prediction_y\n1,2,old\n3,4,older\n");
        gpugrad.Run("predict", "run", "new.csv", "--out", "p.csv").Done();
        string[] lines = File.ReadAllLines(gpugrad["p.csv"]);
        Assert.Equal("v,u,prediction_y,prediction_y_,prediction_z", lines[0]);
        gpugrad.Run("predict", "run", "new.csv", "--out", "p.npz").Done();
        NumberArray values = Npz.Read(gpugrad["p.npz"])["prediction"];
        Assert.Equal([2, 2], values.Sizes);
        Assert.Equal(lines[1].Split(',')[3..].Select(v => double.Parse(v, CultureInfo.InvariantCulture)), values.ToDoubles()[..2]);
        Assert.Contains("--threshold is for probabilities of two classes or of labels; this network gives numbers", gpugrad.Run("predict", "run", "new.csv", "--threshold", "0.5").Refused(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_follow_a_window_are_a_column_each()
    {
        gpugrad.Write("sold.csv", "sold,price\n" + string.Concat(Enumerable.Range(0, 40).Select(i => FormattableString.Invariant($"{i % 7},{i % 5}\n"))));
        gpugrad.Write("series.yaml", "data: {dataset: {csv: {path: sold.csv, targets: [sold, price], window: {past: 6, horizon: 2}}}}\nmodel: [flatten, {dense: 4}]\nloss: mse\ntrain: {epochs: 1}\n");
        gpugrad.Run("train", "series.yaml", "--out", "run").Done();
        gpugrad.Run("predict", "run", "sold.csv", "--out", "next.csv").Done();
        string[] lines = File.ReadAllLines(gpugrad["next.csv"]);
        Assert.Equal("sold,price,prediction_sold_1,prediction_price_1,prediction_sold_2,prediction_price_2", lines[0]);
        Assert.Equal(40 - 6 + 2, lines.Length); // a window that ends with each row from the sixth on
        Assert.StartsWith("5,0,", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Samples_that_are_no_table_are_known_by_their_file()
    {
        gpugrad.Write("c.yaml", "device: cpu\ndata: {dataset: {digits: {train: 40, test: 10}}, batch: 20}\nmodel: [flatten, {dense: 10}]\ntrain: {epochs: 1}\n");
        gpugrad.Run("train", "c.yaml", "--out", "run").Done();
        NpzWriter.Save(gpugrad["x.npz"], npz => npz.Add("x", [3, 1, 28, 28], new byte[3 * 784]));
        gpugrad.Run("predict", "run", "x.npz", "--out", "p.csv", "--top", "2").Done();
        string[] lines = File.ReadAllLines(gpugrad["p.csv"]);
        Assert.Equal("input,prediction,top_1,top_1_p,top_2,top_2_p", lines[0]);
        Assert.StartsWith("x.npz:3,", lines[3], StringComparison.Ordinal);
        gpugrad.Run("predict", "run", "x.npz", "--out", "p.npz").Done();
        Assert.Equal([3, 10], Npz.Read(gpugrad["p.npz"])["probabilities"].Sizes);
    }

    [Fact]
    public void Data_that_have_moved_are_judged_where_they_lie_now()
    {
        TrainClasses();
        JsonNode before = gpugrad.Run("eval", "run", "--json").Json();
        Directory.CreateDirectory(gpugrad["moved"]);
        File.Move(gpugrad["train.csv"], gpugrad["moved/train.csv"]);
        Assert.Contains("no such file", gpugrad.Run("eval", "run").Refused(3), StringComparison.Ordinal);
        JsonNode after = gpugrad.Run("eval", "run", "--folder", "moved", "--json").Json();
        Assert.Equal(before["metrics"]!.ToJsonString(), after["metrics"]!.ToJsonString());
        Assert.Equal(80, (int)gpugrad.Run("eval", "run", "--data", "moved/train.csv", "--json").Json()["samples"]!);
        Assert.Equal("--folder works only with the run's own data, without --data", gpugrad.Run("eval", "run", "--folder", "moved", "--data", "moved/train.csv").Refused(2));
    }

    [Theory]
    [InlineData(2, "--out p.xls; expected a name that ends in .csv, .tsv, .jsonl or .npz", "--out", "p.xls")]
    [InlineData(2, "--threshold 1.5; expected a probability from 0 to 1", "--threshold", "1.5")]
    [InlineData(3, "nowhere/p.csv: could not be", "--out", "nowhere/p.csv")]
    public void What_cannot_be_written_is_one_line(int code, string message, params string[] options)
    {
        TrainClasses();
        gpugrad.Write("new.csv", "id,name,a,b,kind\n1,x,0.1,-1,\n");
        Assert.Contains(message, gpugrad.Run(["predict", "run", "new.csv", .. options]).Refused(code), StringComparison.Ordinal);
    }

    private void TrainClasses()
    {
        gpugrad.Write("train.csv", "id,name,a,b,kind\n" + string.Concat(Enumerable.Range(0, 80).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i},n{i},{(i % 2) + (i % 7 * 0.1)},{(i % 3) - 1},{(i % 2 == 1 ? "yes" : "no")}\n"))));
        gpugrad.Write("c.yaml", "device: cpu\ndata: {dataset: {csv: {path: train.csv, label: kind, ignore: [id, name]}}, batch: 20, test: 16}\nmodel: [{dense: 2}]\ntrain: {epochs: 5, optimizer: {sgd: {lr: 0.5}}}\n");
        gpugrad.Run("train", "c.yaml", "--out", "run").Done();
    }
}
