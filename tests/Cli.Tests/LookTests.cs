using System.Text.Json.Nodes;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Training.Data.Formats;
using SkiaSharp;

namespace GpuGrad.Cli.Tests;

/// <summary>The verbs that look at experiments, data and machine without training: <c>summary</c>, <c>config</c>, <c>schema</c>, <c>data</c>, <c>devices</c>, <c>step</c>.</summary>
public sealed class LookTests : IDisposable
{
    private const string Small = """
        seed: 3
        data: {shape: [2, 6, 6], classes: 3, batch: 4}
        model:
          - conv: {filters: 4, kernel: 3}
          - relu
          - flatten
          - dense: 3
        loss: softmax-cross-entropy
        train:
          optimizer: {sgd: {lr: 0.5}}
        """;

    private static readonly string Digits = Path.Combine(Gpugrad.Configs, "digits.yaml");

    private readonly Gpugrad gpugrad = new();

    public static TheoryData<string> Shipped => [.. Directory.GetFiles(Gpugrad.Configs, "*.yaml").Select(Path.GetFileName).OfType<string>()];

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Summary_counts_parameters_and_work()
    {
        gpugrad.Write("small.yaml", Small);
        JsonNode answer = gpugrad.Run("summary", "small.yaml", "--json").Json();
        const int ConvParameters = 4 * 2 * 3 * 3 + 4, DenseParameters = 3 * 64 + 3;
        Assert.Equal(ConvParameters + DenseParameters, (int)answer["parameters"]!);
        Assert.Equal(["conv", "relu", "flatten", "dense"], answer["layers"]!.AsArray().Select(l => (string?)l!["kind"]));
        Assert.Equal("[4,4,4]", answer["layers"]![0]!["output"]!.ToJsonString());
        Assert.True((double)answer["step_flops"]! > (double)answer["forward_flops"]!);
        string text = gpugrad.Run("summary", "small.yaml").Done().Output;
        Assert.Contains("3×3, stride 1×1", text, StringComparison.Ordinal);
        Assert.Contains("parameters   271", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Shipped))]
    public void A_shipped_config_prints_as_one_that_gives_the_same_again(string name)
    {
        gpugrad.Write("printed.yaml", gpugrad.Run("config", Path.Combine(Gpugrad.Configs, name)).Done().Output);
        Assert.Equal(gpugrad.Run("config", Path.Combine(Gpugrad.Configs, name), "--json").Json().ToJsonString(), gpugrad.Run("config", "printed.yaml", "--json").Json().ToJsonString());
    }

    [Fact]
    public void Config_shows_what_extends_and_set_make_of_it()
    {
        gpugrad.Write("small.yaml", Small);
        gpugrad.Write("child.yaml", "extends: small.yaml\ntrain: {epochs: 7}\n");
        JsonNode answer = gpugrad.Run("config", "child.yaml", "--set", "seed=18446744073709551615", "--set=train.optimizer.sgd.momentum=0.5", "--json").Json();
        Assert.Equal("""{"optimizer":{"sgd":{"lr":0.5,"momentum":0.5}},"epochs":7}""", answer["train"]!.ToJsonString());
        Assert.Equal(ulong.MaxValue, (ulong)answer["seed"]!);
        Assert.Null(answer["extends"]);
    }

    [Fact]
    public void Schema_is_a_json_schema_that_knows_the_sections()
    {
        JsonNode schema = gpugrad.Run("schema").Json();
        Assert.StartsWith("https://json-schema.org/", (string?)schema["$schema"], StringComparison.Ordinal);
        foreach (string section in new[] { "data", "model", "loss", "train" })
            Assert.NotNull(schema["properties"]![section]);
    }

    [Fact]
    public void Data_list_names_the_data_sets()
    {
        string[] names = [.. gpugrad.Run("data", "list", "--json").Json().AsArray().Select(d => (string)d!["name"]!)];
        foreach (string name in new[] { "fashion-mnist", "idx", "cifar10", "csv", "npz", "images", "digits", "spirals" })
            Assert.Contains(name, names);
        string text = gpugrad.Run("data", "list").Done().Output;
        Assert.All(names, n => Assert.Contains($"\n{n} ", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Data_show_describes_the_samples_and_draws_them()
    {
        string[] few = ["--set", "data.dataset={digits: {train: 50, test: 20}}"];
        JsonNode answer = gpugrad.Run(["data", "show", Digits, "--out", "sheet.png", "--count", "12", "--json", .. few]).Json();
        Assert.Equal("[1, 28, 28]", (string?)answer["shape"]);
        Assert.Equal((50, 20, 10), ((int)answer["train"]!, (int)answer["test"]!, (int)answer["classes"]!));
        SKImageInfo sheet = SKBitmap.DecodeBounds(gpugrad["sheet.png"]);
        Assert.True(sheet.Width > 28 && sheet.Height > 28);
        string text = gpugrad.Run(["data", "show", Digits, "--augment", .. few]).Done().Output;
        Assert.Contains("picture    samples.png", text, StringComparison.Ordinal);
        Assert.True(File.Exists(gpugrad["samples.png"]));
    }

    [Fact]
    public void Devices_lists_at_least_the_cpu_and_what_auto_chooses()
    {
        JsonArray devices = gpugrad.Run("devices", "--json").Json().AsArray();
        Assert.Contains(devices, d => (string?)d!["id"] == "cpu" && ((string?)d["name"])!.Length > 0);
        Assert.Contains(devices, d => (string?)d!["id"] == "reference");
        Assert.Matches("'auto' chooses [a-z]+", gpugrad.Run("devices").Done().Output);
    }

    [Fact]
    public void Step_writes_loss_output_activations_gradients_and_updated_parameters()
    {
        gpugrad.Write("small.yaml", Small);
        JsonNode answer = gpugrad.Run("step", "small.yaml", "--dump", "step.npz", "--device", "cpu", "--json").Json();
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(gpugrad["step.npz"]);
        Assert.Equal(
            [
                "activation/0", "activation/1", "activation/2", "activation/3", "grad/0.bias", "grad/0.weight", "grad/3.bias", "grad/3.weight",
                "loss", "output", "param/0.bias", "param/0.weight", "param/3.bias", "param/3.weight",
            ],
            arrays.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([4, 2, 3, 3], arrays["grad/0.weight"].Sizes);
        Assert.Equal([4, 4, 4, 4], arrays["activation/0"].Sizes);
        Assert.Equal((float)(double)answer["loss"]!, (float)arrays["loss"].ToDoubles().Single());
        Assert.Contains("grad/3.weight", gpugrad.Run("step", "small.yaml").Done().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Summary_reads_the_data_where_the_config_does_not_say_their_shape()
    {
        gpugrad.Write("t.csv", "a,b,kind\n" + string.Concat(Enumerable.Range(0, 12).Select(i => FormattableString.Invariant($"{i},{(i % 2 == 0 ? "red" : "blue")},{i % 3}\n"))));
        gpugrad.Write("t.yaml", "data: {dataset: {csv: {path: t.csv, label: kind}}}\nmodel: [{dense: 4}, relu, {dense: 3}]\n");
        Assert.Equal((4 * 4) + 4 + (4 * 3) + 3, (int)gpugrad.Run("summary", "t.yaml", "--json").Json()["parameters"]!);
    }

    [Fact]
    public void Step_begins_with_given_weights_on_a_given_batch()
    {
        gpugrad.Write("small.yaml", Small);
        NpzWriter.Save(gpugrad["batch.npz"], npz =>
        {
            npz.Add("x", [2, 2, 6, 6], new float[2 * 72]);
            npz.Add("y", [2], (int[])[0, 2]);
        });
        gpugrad.Run("step", "small.yaml", "--batch", "batch.npz", "--dump", "step.npz", "--device", "reference", "--set", "model.0.conv.bias-init=zeros").Done();
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(gpugrad["step.npz"]);
        // Zeros in, zero biases: all scores are 0, so the loss is that of chance, and a score's gradient is (softmax - one-hot) / 2.
        Assert.Null(Tolerance.AgreementInDouble.Explain("loss", [Math.Log(3)], arrays["loss"].ToDoubles()));
        Assert.Null(Tolerance.AgreementInDouble.Explain("grad/3.bias", [-1 / 6.0, 1 / 3.0, -1 / 6.0], arrays["grad/3.bias"].ToDoubles()));
        Assert.Contains("step.npz", gpugrad.Run("step", "small.yaml", "--batch", "step.npz").Refused(ExitCode.Data), StringComparison.Ordinal);
    }
}
