using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Ids pick rows of an embedding: they are never scaled, and one that picks none is refused with its place.</summary>
public sealed class IdTests : IDisposable
{
    private const string Embedding = "[{embedding: {rows: 4, width: 3}}, flatten, {dense: 2}]";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("p,q,label\n0,1,0\n3,1.5,1\n", "t.csv:3: 1.5 in column 'q'; expected a whole number from 0 to 3, a row of the embedding")]
    [InlineData("p,q,label\n0,1,0\n\n-1,2,1\n", "t.csv:4: -1 in column 'p'")]
    [InlineData("p,q,label\n0,4,0\n1,2,1\n", "t.csv:2: 4 in column 'q'")]
    [InlineData("p,label,q\n0,0,3\n1,1,99\n", "t.csv:3: 99 in column 'q'")]
    public void An_id_outside_the_table_or_between_two_rows_is_refused_with_row_and_column(string text, string says)
    {
        folder.Write("t.csv", text);
        Assert.Contains(says, Refusal(() => Data("{csv: t.csv}", Embedding)), StringComparison.Ordinal);
        folder.Write("good.csv", text.Contains("label,q", StringComparison.Ordinal) ? "p,label,q\n0,0,1\n1,1,3\n" : "p,q,label\n0,1,0\n1,3,1\n");
        Assert.Contains(says, Refusal(() => Data("{csv: {path: good.csv, test: t.csv}}", Embedding)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("unit")]
    [InlineData("none")]
    public void Ids_are_not_scaled_whatever_the_config_says(string normalize)
    {
        folder.Write("t.csv", "p,q,label\n0,1,0\n3,2,1\n");
        foreach (string model in new[] { Embedding, "[flatten, {embedding: {rows: 4, width: 3}}, flatten, {dense: 2}]", "[{branch: [[{embedding: {rows: 9, width: 3}}, flatten], [{embedding: {rows: 4, width: 1}}, flatten]]}, {dense: 2}]" })
            Assert.Equal(Normalization.None(2).Scale, Data($"{{csv: t.csv}}, normalize: {normalize}", model).Normalization.Scale);
    }

    [Fact]
    public void Arrays_of_ids_are_checked_wherever_they_are_read()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "t.npz"), w =>
        {
            w.Add("x", [2, 3], new byte[] { 0, 1, 2, 3, 4, 0 });
            w.Add("y", [2], [0, 1]);
        });
        Assert.Contains("sample 1: 4 in number 1; expected a whole number from 0 to 3", Refusal(() => Data("{npz: t.npz}", Embedding)), StringComparison.Ordinal);
        RunConfig config = Config("{npz: t.npz}", Embedding);
        var shape = new DataShape(new Kernels.Tensors.Shape(3), 2);
        Assert.Contains("sample 1: 4", Refusal(() => StepBatch.FromNpz(Path.Combine(folder.Path, "t.npz"), shape, config)), StringComparison.Ordinal);
        var fitted = new FittedInput { Shape = shape, Normalization = Normalization.None(3) };
        Assert.Contains("sample 1: 4", Refusal(() => new InputPipeline(config, fitted).Read(Path.Combine(folder.Path, "t.npz"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{dense: 4}, {embedding: {rows: 4, width: 3}}, flatten, {dense: 2}]", "1")]
    [InlineData("[{residual: [{dense: 2}]}, relu, {embedding: {rows: 4, width: 3}}, flatten, {dense: 2}]", "2")]
    public void An_embedding_of_what_other_layers_computed_is_refused(string model, string layer)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{shape: [2], classes: 2}}, model: {model}}}", "c.yaml"), "the config");
        Assert.Contains($"layer {layer} (embedding) gets what other layers computed", Assert.Throws<ConfigException>(() => Networks.ModelCheck.Check(config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x,a,b\n1,0,1\n2,1,7\n", "[a, b]", "t.csv:3: the target 7 (number 1); expected 0 to 1")]
    [InlineData("x,a\n1,-1\n2,1\n", "[a]", "t.csv:2: the target -1; expected 0 to 1")]
    public void A_target_of_binary_cross_entropy_that_is_no_probability_is_refused(string text, string targets, string says)
    {
        folder.Write("t.csv", text);
        string keys = $"{{csv: {{path: t.csv, targets: {targets}}}}}";
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{dataset: {keys}}}, model: [{{dense: 2}}], loss: bce-with-logits}}", "c.yaml"), "the config");
        Assert.Contains(says, Refusal(() => TrainingData.Load(config, new DataContext(folder.Path, 1))), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_count_from_1_are_distinguished_from_an_unused_class()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "t.npz"), w =>
        {
            w.Add("x", [3, 1], [1f, 2, 3]);
            w.Add("y", [3], [1, 2, 3]);
        });
        Assert.Contains("labels from 1 to 3 for a network with 3 outputs; expected labels from 0 to 2; subtract 1 from each", Refusal(() => Data("{npz: t.npz}", "[{dense: 3}]")), StringComparison.Ordinal);
        Assert.Contains("no sample is of class 0", Assert.Single(Data("{npz: t.npz}", "[{dense: 4}]").Notes), StringComparison.Ordinal);
    }

    private TrainingData Data(string dataset, string model) => TrainingData.Load(Config(dataset, model), new DataContext(folder.Path, 1));

    private static RunConfig Config(string dataset, string model) =>
        ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{dataset: {dataset}}}, model: {model}}}", "c.yaml"), "the config");

    private static string Refusal(Action action)
    {
        GpuGradException e = Assert.IsAssignableFrom<GpuGradException>(Record.Exception(action));
        Assert.Equal(Fault.Data, e.Fault);
        return e.Message;
    }
}
