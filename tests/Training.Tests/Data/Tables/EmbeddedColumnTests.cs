using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Diagnostics.GradientChecks;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Exchange.Onnx;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Categories with an embedding: a sample holds their ids, the network learns a vector for each, in its place among the other numbers.</summary>
public sealed class EmbeddedColumnTests : IDisposable
{
    private const string Table = "town,x,kind,y\nrom,1,a,0\nlima,3,,1\noslo,5,b,1\nrom,7,a,0\n";
    private const string Columns = "columns: {town: {category: {embedding: 3}}, kind: {category: {embedding: 2}}}";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_sample_holds_ids_that_are_never_scaled_and_the_network_has_a_row_for_each_and_one_for_others()
    {
        RunConfig config = Config();
        TrainingData data = Load(config);
        Assert.Equal([2, 1, 0, 0, 3, 3, 1, 5, 1, 2, 7, 0], Numbers(data.Train));
        Assert.Equal([true, false, true], data.Normalization.Scale.Zip(data.Normalization.Centre, (s, c) => s == 1 && c == 0));
        Network network = ModelCheck.Check(config, data.Shape);
        Assert.Equal(
            ["columns.town.weight [4, 3]", "columns.kind.weight [4, 2]", "0.weight [5, 6]", "0.bias [5]", "2.weight [2, 5]", "2.bias [2]"],
            network.Parameters.Select(p => $"{p.Name} {p.Shape}"));
    }

    [Fact]
    public void The_network_computes_what_vectors_in_place_of_the_ids_say()
    {
        RunConfig config = Config("[{dense: {units: 2, bias: false}}]");
        TrainingData data = Load(config);
        using var device = new CpuDevice(1);
        using var model = new Model(config, ModelCheck.Check(config, data.Shape), device);
        model.Initialise(7);
        double[] town = Read("columns.town.weight"), kind = Read("columns.kind.weight"), weight = Read("0.weight");
        double[] numbers = Numbers(data.Train);
        for (int i = 0; i < 4; i++)
        {
            double[] row = [.. town.AsSpan((int)numbers[i * 3] * 3, 3), (numbers[(i * 3) + 1] - 4) / Math.Sqrt(5), .. kind.AsSpan((int)numbers[(i * 3) + 2] * 2, 2)];
            double[] logits = [.. weight.Chunk(6).Select(w => w.Zip(row, (a, b) => a * b).Sum())];
            double second = 1 / (1 + Math.Exp(logits[0] - logits[1]));
            Assert.Null(Tolerance.Agreement.Explain("p", [second], [Predict(config, data, 7)[i].Values[1]]));
        }

        double[] Read(string name) => model.Read(model.Network.Parameters.Single(p => p.Name == name));
    }

    [Fact]
    public void Gradients_of_the_vectors_agree_with_differences_of_the_loss()
    {
        RunConfig config = Config();
        TrainingData data = Load(config);
        using var check = new GradientCheck(config, ModelCheck.Check(config, data.Shape), data.Train, data.Normalization, new GradientCheckOptions { Samples = null });
        GradientReport report = check.Run(null);
        Assert.True(report.Passed, string.Join("\n", report.Tensors.Where(t => !t.Passed).Select(t => $"{t.Name}: {t.Problem} {t.RelativeError}")));
        Assert.Equal(["columns.town.weight", "columns.kind.weight", "0.weight", "0.bias", "2.weight", "2.bias"], report.Tensors.Select(t => t.Name));
        Assert.All(report.Tensors, t => Assert.Contains(t.Entries, e => e.Analytic != 0));
    }

    [Fact]
    public void Weights_files_carry_all_that_another_table_needs()
    {
        RunConfig config = Config();
        TrainingData data = Load(config);
        ModelCard card = ModelCard.FromMetadata("w", new ModelCard("", FittedInput.Of(data)).ToMetadata());
        Assert.Equal(data.Shape.Embeddings!, card.Shape.Embeddings!);
        Assert.Equal([new ColumnEmbedding(0, "town", 4, 3), new ColumnEmbedding(2, "kind", 4, 2)], card.Shape.Embeddings!);
        var notes = new List<string>();
        SampleSet read = new InputPipeline(config, card.Input, notes.Add).Read(folder.Write("new.csv", "kind,town,x\nb,paris,2\n,oslo,4\nz,rom,6\n"));
        Assert.Equal([3, 2, 1, 1, 4, 3, 2, 6, 2], Numbers(read));
        Assert.Equal(2, notes.Count(n => n.Contains("that training has not seen", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_onnx_model_takes_the_ids()
    {
        RunConfig config = Config();
        TrainingData data = Load(config);
        using var device = new CpuDevice(1);
        using var model = new Model(config, ModelCheck.Check(config, data.Shape), device);
        model.Initialise(5);
        FittedInput fitted = FittedInput.Of(data);
        using var session = new OnnxSession(OnnxModel.Of(config, fitted, (p, values) => model.Read(p, 0, values, average: true), new OnnxOptions { Probabilities = true }));
        float[] x = [.. Numbers(data.Train).Select((v, i) => (float)((v - data.Normalization.Centre[i % 3]) * data.Normalization.Scale[i % 3]))];
        Assert.Null(Tolerance.Agreement.Explain("outputs", [.. Predict(config, data, 5).SelectMany(p => p.Values)], session.Run(x, 4, 3)["probabilities"]));
        GpuGradException refused = Assert.ThrowsAny<GpuGradException>(() => OnnxModel.Of(config, fitted, (_, _) => { }, new OnnxOptions { Preprocessing = true }));
        Assert.Contains("column 'town' holds categories, and an .onnx model of GpuGrad takes numbers only", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{dense: {units: 2, name: columns}}]", "", "", "a layer called 'columns', as the embeddings of the table's columns are")]
    [InlineData("[{dense: 2}]", "", ", augment: [{noise: 0.1}]", "augment: samples hold ids of categories")]
    [InlineData("[{dense: 2}]", ", window: 2, targets: [x]", "", "embedding with 'window'")]
    [InlineData("[{dense: 2}]", ", shape: [3, 1]", "", "embedding with 'shape'")]
    public void What_ids_cannot_go_with_is_refused(string model, string keys, string more, string says)
    {
        GpuGradException refused = Assert.ThrowsAny<GpuGradException>(() =>
        {
            RunConfig config = Config(model, keys, more);
            ModelCheck.Check(config, Load(config).Shape);
        });
        Assert.Equal(Fault.Config, refused.Fault);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_array_with_ids_that_the_column_lacks_is_refused_with_its_sample()
    {
        var samples = new SampleSet { Shape = new(3), Count = 2, Reals = [0, 1, 2, 0, 1, 9], Places = new SamplePlaces("x.npy") };
        GpuGradException refused = Assert.ThrowsAny<GpuGradException>(() => new ColumnEmbedding(2, "kind", 4, 2).Check(samples));
        Assert.Contains("9 in number 2; expected a whole number from 0 to 3, a category of column 'kind'", refused.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<Prediction> Predict(RunConfig config, TrainingData data, ulong seed)
    {
        using var device = new CpuDevice(1);
        return new Predictor(config, new ModelCard("", FittedInput.Of(data)), m => m.Initialise(seed)).Predict(data.Train, device);
    }

    private static double[] Numbers(SampleSet samples) => [.. Enumerable.Range(0, samples.Count * samples.Shape.Count).Select(i => samples[i])];

    private TrainingData Load(RunConfig config) => TrainingData.Load(config, new DataContext(folder.Path, 1));

    private RunConfig Config(string model = "[{dense: 5}, tanh, {dense: 2}]", string keys = "", string more = "")
    {
        folder.Write("train.csv", Table);
        string answer = keys.Contains("targets", StringComparison.Ordinal) ? "" : ", label: y";
        return RunConfigFile.Load("test.yaml", text: $"data: {{dataset: {{csv: {{path: train.csv{answer}, {Columns}{keys}}}}}, batch: 4{more}}}\nmodel: {model}\n").Config;
    }
}
