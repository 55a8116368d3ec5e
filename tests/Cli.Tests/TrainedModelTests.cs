using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Training.Data.Formats;
using Microsoft.ML.OnnxRuntime;

namespace GpuGrad.Cli.Tests;

/// <summary>What can be done with a trained network: <c>eval</c>, <c>predict</c>, <c>export</c>.</summary>
public sealed class TrainedModelTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private const int Pixels = 28 * 28;

    private readonly Gpugrad gpugrad = trained.Program;

    [Fact]
    public void Eval_gives_the_figures_that_training_ended_with()
    {
        JsonNode summary = JsonNode.Parse(File.ReadAllText(Path.Combine(trained.Run, "summary.json")))!;
        JsonNode answer = gpugrad.Run("eval", "run", "--json").Json();
        Assert.Equal(TrainedRun.TestCount, (int)answer["samples"]!);
        Assert.Equal((double)summary["test_accuracy"]!, (double)answer["accuracy"]!);
        Assert.Equal((double)summary["test_loss"]!, (double)answer["loss"]!);
        Assert.Equal(TrainedRun.TrainCount, (int)gpugrad.Run("eval", "run/weights.safetensors", "--split", "train", "--json").Json()["samples"]!);
        Assert.Contains("accuracy", gpugrad.Run("eval", "run").Done().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_and_summary_give_the_same_figures_of_all_classes()
    {
        JsonNode summary = JsonNode.Parse(File.ReadAllText(Path.Combine(trained.Run, "summary.json")))!;
        JsonNode metrics = gpugrad.Run("eval", "run", "--json").Json()["metrics"]!;
        Assert.True(JsonNode.DeepEquals(summary["metrics"]!["test"], metrics), $"{summary["metrics"]!["test"]} {metrics}");
        Assert.Equal(10, metrics["per_class"]!.AsArray().Count);
        Assert.Equal(TrainedRun.TestCount, metrics["confusion"]!.AsArray().Sum(row => row!.AsArray().Sum(n => (int)n!)));
        Assert.InRange((double)metrics["macro_f1"]!, 0.1, 1);
        Assert.Equal((double)metrics["loss"]!, (double)metrics["log_loss"]!, 5);
        Assert.InRange((int)summary["best_epoch"]!, 1, TrainedRun.Epochs);
        Assert.Equal("run", (string?)summary["run"]);
        string shown = gpugrad.Run("eval", "run").Done().Output;
        Assert.Contains("macro f1", shown, StringComparison.Ordinal);
        Assert.Contains("calibration error", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_reads_what_export_wrote_and_it_predicts_the_same_and_trains_on()
    {
        NpzWriter.Save(gpugrad["imported.npz"], npz => npz.Add("x", [1, 1, 28, 28], [.. Enumerable.Range(0, Pixels).Select(i => (float)(i * 37 % 256))]));
        gpugrad.Run("export", "run", "--out", "out.onnx").Done();
        JsonNode answer = gpugrad.Run("import", "out.onnx", "--out", "back.yaml", "--json").Json();
        Assert.Equal(("back.yaml", "back.safetensors"), ((string)answer["config"]!, (string)answer["weights"]!));
        Assert.Equal((int)gpugrad.Run("summary", "back.yaml", "--json").Json()["parameters"]!, (int)answer["parameters"]!);
        JsonArray expected = gpugrad.Run("predict", "run", "imported.npz", "--json").Json().AsArray(), found = gpugrad.Run("predict", "back.safetensors", "imported.npz", "--json").Json().AsArray();
        Assert.True(JsonNode.DeepEquals(expected, found), $"{expected}\n{found}");
        Assert.Equal("back.yaml exists; use --force to overwrite it, or --out CONFIG.yaml for other names", gpugrad.Run("import", "out.onnx", "--out", "back.yaml").Refused(ExitCode.Usage));
        JsonNode trained = gpugrad.Run("train", "back.yaml", "--out", "again", "--device", "cpu", "--set", "data={dataset: {digits: {train: 100, test: 50}}, batch: 50}", "--set", "train.epochs=1", "--json").Json();
        Assert.Equal("finished", (string?)trained["status"]);
        Assert.StartsWith("nothing.onnx", gpugrad.Run("import", "nothing.onnx").Refused(ExitCode.Data), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_on_samples_that_the_data_lacks_is_one_line() =>
        Assert.Equal("the data has no validation samples", gpugrad.Run("eval", "run", "--split", "validation").Refused(ExitCode.Data));

    [Fact]
    public void Predict_says_the_same_of_a_sample_however_it_is_given()
    {
        double[] pixels = [.. Enumerable.Range(0, Pixels).Select(i => (double)(i * 37 % 256))];
        float[] floats = [.. pixels.Select(p => (float)p)];
        string row = string.Join(',', pixels.Select(p => p.ToString(CultureInfo.InvariantCulture)));
        NpzWriter.Save(gpugrad["two.npz"], npz => npz.Add("x", [2, 1, 28, 28], (float[])[.. floats, .. floats]));
        NpzWriter.Save(gpugrad["bytes.npz"], npz => npz.Add("x", [1, 1, 28, 28], pixels.Select(p => (byte)p).ToArray()));
        gpugrad.Write("row.csv", row + "\n");

        JsonArray all = gpugrad.RunWithInput(row + "\n" + row + "\n", "predict", "run", "two.npz", "bytes.npz", "row.csv", "-", "--json").Json().AsArray();

        Assert.Equal(["two.npz:1", "two.npz:2", "bytes.npz", "row.csv", "-:1", "-:2"], all.Select(a => (string?)a!["input"]));
        foreach (JsonNode? one in all)
        {
            double[] probabilities = [.. one!["probabilities"]!.AsArray().Select(p => (double)p!)];
            Assert.Equal(10, probabilities.Length);
            Assert.Null(Tolerance.Forward.Explain("sum of probabilities", [1], [probabilities.Sum()]));
            Assert.Equal(probabilities.Max(), probabilities[(int)one["label"]!]);
            Assert.Equal(all[0]!["probabilities"]!.ToJsonString(), one["probabilities"]!.ToJsonString());
        }
    }

    [Fact]
    public void An_onnx_model_that_takes_raw_pictures_says_what_predict_says()
    {
        byte[] pixels = [.. Enumerable.Range(0, 2 * Pixels).Select(i => (byte)(i * 37 % 251))];
        NpzWriter.Save(gpugrad["raw.npz"], npz => npz.Add("x", [2, 1, 28, 28], pixels));
        JsonNode written = gpugrad.Run("export", "run", "--out", "model.onnx", "--with-preprocessing", "--with-probabilities", "--opset", "15", "--json").Json();
        Assert.Equal("""[{"name":"x","type":"uint8","shape":["N",1,28,28],"meaning":"samples as they are, bytes from 0 to 255"}]""", written["inputs"]!.ToJsonString());
        Assert.Equal(["y", "probabilities"], written["outputs"]!.AsArray().Select(o => (string?)o!["name"]));
        using var session = new InferenceSession(gpugrad["model.onnx"]);
        using OrtValue x = OrtValue.CreateTensorValueFromMemory(pixels, [2, 1, 28, 28]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, ["x"], [x], ["probabilities"]);
        double[] found = Array.ConvertAll(outputs[0].GetTensorDataAsSpan<float>().ToArray(), v => (double)v);
        JsonArray predicted = gpugrad.Run("predict", "run", "raw.npz", "--json").Json().AsArray();
        Assert.Null(Tolerance.Agreement.Explain("probabilities", [.. predicted.SelectMany(p => p!["probabilities"]!.AsArray().Select(v => (double)v!))], found));
        Assert.Contains("data:", session.ModelMetadata.CustomMetadataMap["gpugrad.config"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--out w.safetensors --opset 17", "--opset works only with an --out that ends in .onnx")]
    [InlineData("--out w.npz --with-preprocessing", "--with-preprocessing works only with an --out that ends in .onnx")]
    [InlineData("--out w.onnx --opset 12", "--opset 12; expected a whole number from 13 to 23")]
    [InlineData("--out w.pt", "--out w.pt; expected a file that ends in .onnx, .safetensors or .npz")]
    public void An_impossible_export_is_one_line(string arguments, string expected) =>
        Assert.Equal(expected, gpugrad.Run(["export", "run", .. arguments.Split(' ')]).Refused(ExitCode.Usage));

    [Fact]
    public void Predict_reads_a_picture_and_shows_the_most_likely_classes()
    {
        File.WriteAllBytes(gpugrad["black.png"], PngWriter.Write(new Picture(28, 28, 1, new byte[Pixels])));
        string line = gpugrad.Run("predict", "run", "black.png", "--top", "2").Done().Output.TrimEnd();
        string[] cells = line.Split('\t');
        Assert.Equal("black.png", cells[0]);
        Assert.InRange(int.Parse(cells[1], CultureInfo.InvariantCulture), 0, 9);
        Assert.Equal(2, cells[2].Split(", ").Length);
    }

    [Theory]
    [InlineData("nofile.png", "nofile.png: no such file")]
    [InlineData("run/summary.json", "run/summary.json: files of type '.json' are not read")]
    [InlineData("-", "standard input: no rows")]
    public void Invalid_input_is_one_line_and_exit_code_3(string input, string expected) =>
        Assert.StartsWith(expected, gpugrad.Run("predict", "run", input).Refused(ExitCode.Data), StringComparison.Ordinal);

    [Theory]
    [InlineData("0", "a whole number above 0")]
    [InlineData("-2", "a whole number above 0")]
    public void Fewer_classes_than_one_are_not_shown(string top, string expected) =>
        Assert.Equal($"--top {top}; expected {expected}", gpugrad.Run("predict", "run", "-", "--top", top).Refused(ExitCode.Usage));

    [Theory]
    [InlineData("--data is empty; expected a name, or leave the option out", "eval", "run", "--data", "")]
    [InlineData("--out is empty; expected a name, or leave the option out", "report", "run", "--out", "")]
    [InlineData("word 2 after gpugrad is empty; expected a name, or leave it out", "predict", "run", "")]
    public void An_empty_name_is_refused(string expected, params string[] line) =>
        Assert.Equal(expected, gpugrad.Run(line).Refused(ExitCode.Usage));

    [Fact]
    public void A_folder_without_pictures_is_refused() =>
        Assert.Contains("no pictures", gpugrad.Run("predict", "run", "run").Refused(ExitCode.Data), StringComparison.Ordinal);

    [Fact]
    public void Rows_that_do_not_fit_are_refused_with_their_line()
    {
        Assert.Equal("standard input:1:1: 3 columns; expected 784, the numbers of a sample", gpugrad.RunWithInput("1,2,3\n", "predict", "run", "-").Refused(ExitCode.Data));
        string row = string.Join(',', Enumerable.Repeat("0", Pixels - 1)) + ",x\n";
        Assert.Equal("standard input:1:1567: 'x' in column 783; expected a finite number; 'ignore' leaves a column out; 'header: true' makes the first row names", gpugrad.RunWithInput(row, "predict", "run", "-").Refused(ExitCode.Data));
    }

    [Fact]
    public void Export_writes_the_weights_as_npz_and_as_safetensors_that_other_verbs_take()
    {
        Assert.Equal(8, (int)gpugrad.Run("export", "run", "--out", "w.npz", "--json").Json()["tensors"]!);
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(gpugrad["w.npz"]);
        Assert.Equal(["0.bias", "0.weight", "3.bias", "3.weight", "7.bias", "7.weight", "9.bias", "9.weight"], arrays.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([64, 400], arrays["7.weight"].Sizes);
        gpugrad.Run("export", "run", "--out", "w.safetensors").Done();
        Assert.Equal(gpugrad.Run("eval", "run", "--json").Output, gpugrad.Run("eval", "w.safetensors", "--json").Output);
    }

    [Theory]
    [InlineData("w.zip", ExitCode.Usage, "--out w.zip; expected a file that ends in .onnx, .safetensors or .npz")]
    [InlineData("no/such/w.npz", ExitCode.Data, "no/such/w.npz: could not be opened for writing: no such file or folder")]
    [InlineData("no/such/w.safetensors", ExitCode.Data, "no/such/w.safetensors: could not be opened for writing: no such file or folder")]
    public void Export_to_where_nothing_can_be_written_is_one_line(string file, int code, string expected) =>
        Assert.StartsWith(expected, gpugrad.Run("export", "run", "--out", file).Refused(code), StringComparison.Ordinal);
}
