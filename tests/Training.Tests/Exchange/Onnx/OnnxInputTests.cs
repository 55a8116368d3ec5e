using System.Text.Json;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Data;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Exchange.Onnx;

/// <summary>Models that take raw samples and give probabilities: the same as <c>predict</c>.</summary>
public sealed class OnnxInputTests
{
    private const int Samples = 6;

    private static readonly OnnxOptions Whole = new() { Preprocessing = true, Probabilities = true };

    [Fact]
    public void Pictures_of_bytes_are_scaled_by_the_model_itself()
    {
        var random = new Random(1);
        var bytes = new byte[Samples * 2 * 5 * 4];
        random.NextBytes(bytes);
        var samples = new SampleSet { Shape = new Shape(2, 5, 4), Count = Samples, Bytes = bytes };
        RunConfig config = Config("data: {shape: [2, 5, 4], classes: 3}", "[{conv: {filters: 4, kernel: 3, padding: same}}, relu, flatten, {dense: 3}]", "softmax-cross-entropy");
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = new Normalization([1 / 60.0, 1 / 90.0], [130, 97.5]), Bytes = true };
        RequireSame(config, fitted, samples, Whole, session => session.Run(bytes, Samples, 2, 5, 4)["probabilities"]);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(2e7)] // the float of a number like this is wrong by a unit
    public void Rows_of_numbers_are_scaled_by_the_model_itself_however_large(double centre)
    {
        var random = new Random(2);
        double[] rows = [.. Enumerable.Range(0, Samples * 3).Select(i => ((i % 3 == 1 ? centre : 1) * 3) + random.NextDouble())];
        float[] floats = Array.ConvertAll(rows, v => (float)v);
        bool fine = centre > 1;
        var samples = new SampleSet { Shape = new Shape(3), Count = Samples, Doubles = fine ? rows : null, Reals = fine ? null : floats };
        RunConfig config = Config("data: {shape: [3], classes: 2}", "[{dense: 5}, tanh, {dense: 1}]", "bce-with-logits");
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = new Normalization([3.5, 3.4, 3.3], [3.5, (centre * 3) + 0.5, 3.5]), Bytes = false };
        RequireSame(config, fitted, samples, Whole, session => (fine ? session.Run(rows, Samples, 3) : session.Run(floats, Samples, 3))["probabilities"]);
    }

    [Fact]
    public void Missing_numbers_of_a_table_are_filled_in_by_the_model_itself_and_targets_come_out_in_their_units()
    {
        using var folder = new TempFolder();
        var random = new Random(4);
        string table = "age,member,size,price\n" + string.Concat(Enumerable.Range(0, 60).Select(i => FormattableString.Invariant(
            $"{(i % 7 == 0 ? "" : 20 + random.Next(50))},{(i % 3 == 0 ? "yes" : "no")},{random.NextDouble():0.000},{200000 + random.Next(90000)}\n")));
        LoadedConfig loaded = RunConfigFile.Load("test.yaml", text: $"data: {{dataset: {{csv: {{path: {folder.Write("t.csv", table)}, targets: [price]}}}}}}\nmodel: [{{dense: 5}}, tanh, {{dense: 1}}]\nloss: mse\ntrain: {{epochs: 1, optimizer: sgd}}\n");
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1));
        FittedInput fitted = FittedInput.Of(data);
        Assert.Equal(4, fitted.Shape.Shape.Count); // and one that says whether the age is missing
        float[] raw = [33, 1, 0.25f, float.NaN, 0, 0.5f, 61, float.NaN, 0.75f];
        SampleSet samples = new InputPipeline(loaded.Config, fitted).Read(folder.Write("rows.csv", "age,member,size\n33,yes,0.25\n,no,0.5\n61,,0.75\n"));
        RequireSame(loaded.Config, fitted, samples, new OnnxOptions { Preprocessing = true }, session => session.Run(raw, 3, 3)["y"]);
    }

    [Theory]
    [InlineData("colour", "red,blue,red,blue,red,blue,red,blue,red,blue,red,blue", "categories")]
    [InlineData("day", "2024-01-02,2024-02-03,2024-03-04,2024-04-05,2024-05-06,2024-06-07,2024-07-08,2024-08-09,2024-09-10,2024-10-11,2024-11-12,2024-12-13", "dates")]
    public void Columns_that_are_not_numbers_are_refused_by_name(string column, string values, string kind)
    {
        using var folder = new TempFolder();
        string table = $"{column},size,label\n" + string.Concat(values.Split(',').Select((v, i) => FormattableString.Invariant($"{v},{i}.5,{i % 2}\n")));
        LoadedConfig loaded = RunConfigFile.Load("test.yaml", text: $"data: {{dataset: {{csv: {{path: {folder.Write("t.csv", table)}, label: label}}}}}}\nmodel: [{{dense: 2}}]\nloss: softmax-cross-entropy\ntrain: {{epochs: 1, optimizer: sgd}}\n");
        FittedInput fitted = FittedInput.Of(TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1)));
        var error = Assert.Throws<GpuGradException>(() => OnnxModel.Of(loaded.Config, fitted, (_, _) => { }, Whole));
        Assert.Equal($"--with-preprocessing: column '{column}' holds {kind}, and an .onnx model of GpuGrad takes numbers only; export without --with-preprocessing and feed the {fitted.Columns!.Width} scaled numbers a row whose order 'export' prints (docs/onnx.md)", error.Message);
        ModelProto plain = OnnxModel.Of(loaded.Config, fitted, (_, _) => { }, new OnnxOptions());
        Assert.Single(plain.Graph.Input);
        string[] names = JsonSerializer.Deserialize<string[]>(plain.MetadataProps.Single(p => p.Key == "gpugrad.input_names").Value)!;
        Assert.Equal((fitted.Columns.Width, "size"), (names.Length, names[^1]));
        Assert.StartsWith(column, names[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_over_rows_are_refused()
    {
        using var folder = new TempFolder();
        string table = "sold\n" + string.Concat(Enumerable.Range(0, 40).Select(i => FormattableString.Invariant($"{i % 7}\n")));
        LoadedConfig loaded = RunConfigFile.Load("test.yaml", text: $"data: {{dataset: {{csv: {{path: {folder.Write("t.csv", table)}, targets: [sold], window: {{past: 6, horizon: 1}}}}}}}}\nmodel: [flatten, {{dense: 1}}]\nloss: mse\ntrain: {{epochs: 1, optimizer: sgd}}\n");
        FittedInput fitted = FittedInput.Of(TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1)));
        var error = Assert.Throws<GpuGradException>(() => OnnxModel.Of(loaded.Config, fitted, (_, _) => { }, Whole));
        Assert.StartsWith("--with-preprocessing: samples are windows over several rows", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_is_scaled_channel_by_channel_and_numbers_stay_numbers()
    {
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, Samples * 2 * 7).Select(_ => (float)random.NextDouble())];
        var samples = new SampleSet { Shape = new Shape(2, 7), Count = Samples, Reals = values };
        RunConfig config = Config("data: {shape: [2, 7], targets: 2}", "[{conv: {filters: 3, kernel: 3}}, gelu, flatten, {dense: 2}]", "mse");
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = new Normalization([3, 4], [0.5, 0.4]), Bytes = false };
        RequireSame(config, fitted, samples, new OnnxOptions { Preprocessing = true }, session => session.Run(values, Samples, 2, 7)["y"]);
    }

    [Fact]
    public void Counts_come_out_as_counts()
    {
        float[] values = [.. Enumerable.Range(0, Samples * 2).Select(i => i / 7f)];
        RunConfig config = Config("data: {shape: [2], targets: 2}", "[{dense: 2}]", "poisson");
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = Normalization.None(2) };
        RequireSame(config, fitted, new SampleSet { Shape = new Shape(2), Count = Samples, Reals = values }, new OnnxOptions { Preprocessing = true }, session => session.Run(values, Samples, 2)["y"]);
    }

    [Theory]
    [InlineData(3, "softmax-cross-entropy")]
    [InlineData(1, "dice")]
    public void A_mask_has_probabilities_for_each_pixel(int channels, string loss)
    {
        float[] values = [.. Enumerable.Range(0, 2 * 12).Select(i => MathF.Sin(i))];
        int classes = Math.Max(2, channels);
        RunConfig config = Config($"data: {{shape: [1, 3, 4], classes: {classes}, target-shape: [6, 8]}}", $"[upsample, {{conv: {{filters: {channels}, kernel: 1}}}}]", loss);
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = Normalization.None(1) };
        using var session = new OnnxSession(OnnxModel.Of(config, fitted, (_, weights) => weights.Fill(0.7f), Whole));
        IReadOnlyDictionary<string, double[]> outputs = session.Run(values, 2, 1, 3, 4);
        double[] y = outputs["y"], p = outputs["probabilities"];
        Assert.Equal(2 * classes * 48, p.Length);
        for (int i = 0; i < 48; i++)
        {
            double[] scores = channels == 1 ? [0, y[i]] : [.. Enumerable.Range(0, classes).Select(c => y[(c * 48) + i])];
            double sum = scores.Sum(Math.Exp);
            Assert.Null(Tolerance.Agreement.Explain($"pixel {i}", [.. scores.Select(s => Math.Exp(s) / sum)], [.. Enumerable.Range(0, classes).Select(c => p[(c * 48) + i])]));
        }
    }

    [Theory]
    [InlineData("nearest")]
    [InlineData("bilinear")]
    public void Larger_images_are_made_of_the_same_pixels_whatever_their_sizes(string mode)
    {
        foreach ((int from, int to) in new[] { (1, 5), (14, 32), (14, 142), (2, 3), (3, 7), (7, 49), (10, 27), (41, 123), (97, 1000), (300, 301), (333, 999) })
        {
            float[] values = [.. Enumerable.Range(0, 2 * from).Select(i => MathF.Sin(i * i))];
            RunConfig config = Config($"data: {{shape: [1, {from}], targets: {to}}}", $"[{{upsample: {{size: {to}, mode: {mode}}}}}, flatten]", "mse");
            var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = Normalization.None(1) };
            foreach (int opset in new[] { OnnxOptions.LeastOpset, OnnxOptions.MostOpset })
                RequireSame(config, fitted, new SampleSet { Shape = new Shape(1, from), Count = 2, Reals = values }, new OnnxOptions { Opset = opset }, session => session.Run(values, 2, 1, from)["y"]);
        }
    }

    [Fact]
    public void Raw_samples_that_are_not_scaled_go_in_as_they_are()
    {
        byte[] ids = [0, 2, 1, 1, 0, 2];
        float[] numbers = Array.ConvertAll(ids, v => (float)v);
        var samples = new SampleSet { Shape = new Shape(1), Count = Samples, Reals = numbers };
        RunConfig config = Config("data: {shape: [1], classes: 2}", "[{embedding: {rows: 3, width: 4}}, flatten, {dense: 2}]", "softmax-cross-entropy");
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = Normalization.None(1) };
        RequireSame(config, fitted, samples, Whole, session => session.Run(numbers, Samples, 1)["probabilities"]);
        RequireSame(config, fitted with { Bytes = true }, samples with { Reals = null, Bytes = ids }, Whole, session => session.Run(ids, Samples, 1)["probabilities"]);
    }

    [Fact]
    public void A_network_whose_layers_compute_nothing_is_a_model_too()
    {
        float[] values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        RunConfig config = Config("data: {shape: [2], targets: 2}", "[dropout]", "mse");
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = Normalization.None(2) };
        RequireSame(config, fitted, new SampleSet { Shape = new Shape(2), Count = Samples, Reals = values }, new OnnxOptions(), session => session.Run(values, Samples, 2)["y"]);
    }

    [Theory]
    [InlineData("mse", "targets: 2", "the network gives predicted numbers")]
    [InlineData("hinge", "classes: 2", "the network gives a score for each class")]
    public void Probabilities_of_a_network_without_them_are_refused(string loss, string answers, string expected)
    {
        RunConfig config = Config($"data: {{shape: [2], {answers}}}", "[{dense: 2}]", loss);
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = Normalization.None(2) };
        var error = Assert.Throws<GpuGradException>(() => OnnxModel.Of(config, fitted, (_, _) => { }, Whole));
        Assert.Equal(Fault.Config, error.Fault);
        Assert.Equal($"--with-probabilities: {expected}; expected one whose outputs are logits, for a loss such as softmax-cross-entropy or bce-with-logits", error.Message);
    }

    [Fact]
    public void What_the_input_and_the_output_mean_stands_in_the_metadata()
    {
        RunConfig config = Config("data: {shape: [2], classes: 2}", "[{dense: 2}]", "softmax-cross-entropy");
        var fitted = new FittedInput { Shape = config.Data.KnownShape!, Normalization = Normalization.None(2), ClassNames = ["no", "yes"] };
        ModelProto model = OnnxModel.Of(config, fitted, (_, values) => values.Clear(), new OnnxOptions(), new ModelCard("", fitted).ToMetadata());
        using var session = new OnnxSession(model);
        Assert.Equal("samples as the network sees them, scaled", session.Metadata["gpugrad.input"]);
        Assert.Equal("logits: softmax over the classes, axis 1, makes them probabilities", session.Metadata["gpugrad.output"]);
        Assert.Equal("[\"no\",\"yes\"]", session.Metadata["gpugrad.classes"]);
        Assert.Equal("[1,1]", session.Metadata["gpugrad.scale"]);
    }

    private static RunConfig Config(string data, string model, string loss) =>
        RunConfigFile.Load("test.yaml", text: $"{data}\nmodel: {model}\nloss: {loss}\ntrain: {{epochs: 1, optimizer: sgd}}\n").Config;

    private static void RequireSame(RunConfig config, FittedInput fitted, SampleSet samples, OnnxOptions options, Func<OnnxSession, double[]> run)
    {
        using var device = new CpuDevice(1);
        Network network = Network.Build(config.Model, fitted.Shape.Shape);
        using var model = new Model(config, network, device);
        model.Initialise(5);
        double[] expected = [.. new Predictor(config, new ModelCard("", fitted), m => m.Initialise(5)).Predict(samples, device).SelectMany(p => p.Values)];
        using var session = new OnnxSession(OnnxModel.Of(config, fitted, (p, values) => model.Read(p, 0, values, average: true), options));
        Assert.Null(Tolerance.Agreement.Explain("outputs", expected, run(session)));
    }
}
