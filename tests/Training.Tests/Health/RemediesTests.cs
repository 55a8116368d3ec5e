using System.Text.RegularExpressions;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Diagnostics.AdviceTrials;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Health;

/// <summary>No advice is absurd: whatever the config and whatever was measured, a printed line can be typed and changes something.</summary>
public sealed partial class RemediesTests : IDisposable
{
    private readonly TestFolder folder = new();

    public static TheoryData<string> Optimizers =>
    [
        "", "optimizer: sgd", "optimizer: {sgd: 0.1}", "optimizer: {sgd: {momentum: 0.9}}", "optimizer: momentum", "optimizer: {nesterov: 0.02}", "optimizer: {momentum: {lr: 300}}",
        "optimizer: adam", "optimizer: {adam: 1e-3}", "optimizer: {adam: {lr: 0}}", "optimizer: {adamw: {lr: 1e-12}}", "optimizer: {rmsprop: {lr: 5}}", "optimizer: {lion: {}}", "optimizer: {adagrad: {lr: 1e-9}}",
    ];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Every_rate_that_is_advised_is_a_usual_one_and_on_the_right_side(string optimizer)
    {
        string yaml = $"data: {{dataset: blobs}}\nmodel: [{{dense: 3}}]\ntrain: {{epochs: 3{(optimizer.Length > 0 ? ", " + optimizer : "")}}}\n";
        LoadedConfig loaded = Load(yaml);
        var remedies = new Remedies(loaded);
        double before = loaded.Config.Train.Optimizer.Lr;
        foreach (double? move in new double?[] { null, 0, 1e-30, 1e-9, 1e-4, 0.005, 0.03, 0.5, 6, 1e12, double.PositiveInfinity, double.NaN })
        {
            if (remedies.LowerRate(move) is string lower)
                Assert.InRange(Follow(yaml, lower).Config.Train.Optimizer.Lr, 1e-6, before / 1.5);
            if (remedies.HigherRate(move) is string higher)
                Assert.InRange(Follow(yaml, higher).Config.Train.Optimizer.Lr, Math.Max(1e-6, before * 1.5), 0.5);
        }
        if (before is 0 or > 0.5)
            Assert.Null(remedies.HigherRate(1e-6));
        if (before is < 1e-5)
            Assert.Null(remedies.LowerRate(3));
    }

    [Theory]
    [InlineData("data: {dataset: digits, normalize: none}", "flatten, {dense: {units: 8, init: zeros}}, sigmoid, {dense: 10}", "", "")]
    [InlineData("data: {dataset: moons}", "{dense: {units: 8, init: {normal: 3}}}, relu, {dropout: 0.95}, {dense: {units: 2, init: zeros}}", "loss: softmax-cross-entropy", "schedule: cosine")]
    [InlineData("data: {dataset: moons}", "{repeat: {times: 3, layers: [{dense: 8}, tanh, {residual: [{dense: {units: 8, init: {constant: 1}}}, relu, {dropout: {rate: 0.9}}]}]}}, {dense: 2}", "loss: {mse: {}}", "schedule: {one-cycle: {}}, clip: {norm: 3}")]
    [InlineData("data: {dataset: moons}", "{dense: 8}, relu, {dense: 1}", "loss: bce-with-logits", "optimizer: {adamw: {weight-decay: 3}}, keep-best: test-loss")]
    [InlineData("data: {dataset: moons}", "{dense: 8}, relu, {dense: 2}", "loss: {softmax-cross-entropy: {label-smoothing: 0.1}}", "optimizer: {sgd: {lr: 0.1, weight-decay: 1}}, schedule: {step: 3}")]
    public void Every_line_can_be_typed_and_changes_the_config(string data, string model, string loss, string train)
    {
        string yaml = $"{data}\nmodel: [{model}]\n{loss}\ntrain: {{epochs: 3{(train.Length > 0 ? ", " + train : "")}}}\n";
        LoadedConfig before = Load(yaml);
        var remedies = new Remedies(before);
        string?[] advices =
        [
            remedies.LowerRate(1), remedies.HigherRate(1e-6), Remedies.Clip(0.37), remedies.Schedule, remedies.Normalise(300), remedies.DefaultInit, remedies.LeakyRelu,
            remedies.Relu, remedies.Dropout, remedies.WeightDecay, remedies.ClassLoss, remedies.KeepBest(validation: false), remedies.ClassWeights(Shares(before.Config.Data.KnownShape!.Classes)),
        ];
        foreach (string advice in advices.OfType<string>().Where(a => a.Contains("--set", StringComparison.Ordinal)))
        {
            LoadedConfig after = Follow(yaml, advice);
            Assert.NotEqual(YamlWriter.Write(before.Tree), YamlWriter.Write(after.Tree));
        }
    }

    [Fact]
    public void What_is_there_already_is_not_advised()
    {
        var remedies = new Remedies(Load("data: {dataset: moons}\nmodel: [{dense: 2}]\ntrain: {epochs: 3, schedule: cosine, keep-best: test-loss, optimizer: {adam: {lr: 1e-5}}}\n"));
        Assert.Null(remedies.Schedule);
        Assert.Null(remedies.KeepBest(validation: false));
        Assert.Null(remedies.LowerRate(5));
        Assert.Null(remedies.Normalise(300));
        Assert.Null(remedies.ClassLoss);
        Assert.Null(remedies.WeightDecay);
        Assert.Null(remedies.Dropout);
        Assert.Null(remedies.DefaultInit);
        Assert.Null(Remedies.Clip(0));
        Assert.Null(Remedies.Clip(double.NaN));
        Assert.Null(Remedies.Clip(double.PositiveInfinity));
    }

    [Fact]
    public void What_the_catalogue_says_to_write_into_a_config_can_be_written_there()
    {
        (string Section, string Content)[] snippets = [.. AlarmCatalog.All.SelectMany(k => k.Help).SelectMany(h => Snippet().Matches(h)).Select(m => (m.Groups[1].Value, m.Groups[2].Value)).Distinct()];
        Assert.True(snippets.Length >= 3, string.Join('\n', snippets));
        foreach ((string section, string content) in snippets)
        {
            string key = section switch { "clip" => "train.clip", "init" => "model.0.dense.init", _ => section };
            Load("data: {dataset: blobs, validation: 0.2}\nmodel: [{dense: {units: 3}}]\ntrain: {epochs: 3}\n", key is "data" or "train" ? Member().Replace(content, $"{key}.$1=$2") : $"{key}={{{content}}}");
        }
    }

    public void Dispose() => folder.Dispose();

    // data: {normalize: standard}; three dots stand for anything.
    [GeneratedRegex(@"\b(data|train|clip|init): \{((?:[^{}.]|\{[^{}]*\}|\.\d)+)\}")]
    private static partial Regex Snippet();

    [GeneratedRegex(@"^([\w-]+): (.*)$")]
    private static partial Regex Member();

    // The first class is rare.
    private static double[] Shares(int classes) => [0.1 / classes, .. Enumerable.Repeat((1 - (0.1 / classes)) / (classes - 1), classes - 1)];

    private LoadedConfig Load(string yaml, params IEnumerable<string> overrides)
    {
        File.WriteAllText(folder["config.yaml"], yaml);
        LoadedConfig loaded = RunConfigFile.Load(folder["config.yaml"], overrides);
        ModelCheck.Check(loaded.Config);
        return loaded;
    }

    private LoadedConfig Follow(string yaml, string advice) => Load(yaml, Advice.In("", advice).SelectMany(a => a.Settings));
}
