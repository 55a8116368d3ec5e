using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>The examples of docs/config.md: there is one of everything, each is read strictly, and what can be trained with is.</summary>
public sealed class ConfigExampleTests
{
    private const string Digits = "data: {dataset: {digits: {train: 24, test: 8}}, batch: 8}";

    // Ways to put a layer between a digit, or a row of numbers, and ten classes.
    private static readonly string[] Places =
    [
        "{0}\nmodel: [{{conv: {{filters: 8, kernel: 3}}}}, {1}, flatten, {{dense: 10}}]",
        "{0}\nmodel: [flatten, {{dense: 784}}, {1}, flatten, {{dense: 10}}]",
        "{0}\nmodel: [{1}, flatten, {{dense: 10}}]",
        "data: {{dataset: {{random: {{shape: [6], ids: 50, classes: 10, train: 24, test: 8}}}}, batch: 8}}\nmodel: [{1}, flatten, {{dense: 10}}]",
        "data: {{dataset: {{random: {{shape: [6], ids: 50, classes: 10, train: 24, test: 8}}}}, batch: 8}}\nmodel: [{{embedding: {{rows: 50, width: 16}}}}, {1}, flatten, {{dense: 10}}]",
    ];

    public static TheoryData<string> Names => [.. ConfigExamples.Types.SelectMany(t => ChoiceTable.Of(t).Choices.Select(c => $"{ChoiceTable.Of(t).What} {c.Name}"))];

    [Fact]
    public void No_example_is_of_something_that_is_gone() => Assert.Empty(ConfigExamples.Left());

    [Theory]
    [MemberData(nameof(Names))]
    public void Everything_that_a_config_can_choose_has_an_example_that_is_read(string name)
    {
        (Type type, Choice choice) = ConfigExamples.Types.SelectMany(t => ChoiceTable.Of(t).Choices.Select(c => (t, c))).First(c => $"{ChoiceTable.Of(c.t).What} {c.c.Name}" == name);
        string? example = ConfigExamples.Of(type, choice);
        Assert.True(example is not null, $"{name} has no example; add one to ConfigExamples, for docs/config.md");
        object? read = typeof(ConfigBinder).GetMethod(nameof(ConfigBinder.Bind), [typeof(YamlNode), typeof(string)])!.MakeGenericMethod(type).Invoke(null, [YamlReader.Read(example, "example"), "the example"]);
        Assert.True(type.IsInstanceOfType(read), name);
        string? config = type switch
        {
            _ when type == typeof(LayerConfig) => null,
            _ when type == typeof(OptimizerConfig) => $"{Digits}\nmodel: [flatten, {{dense: 10}}]\ntrain: {{epochs: 1, optimizer: {example}}}",
            _ when type == typeof(ScheduleConfig) => $"{Digits}\nmodel: [flatten, {{dense: 10}}]\ntrain: {{epochs: 1, schedule: {example}}}",
            _ when type == typeof(InitConfig) => $"{Digits}\nmodel: [{{conv: {{filters: 8, kernel: 3, init: {example}}}}}, flatten, {{dense: 10}}]\ntrain: {{epochs: 1}}",
            _ when type == typeof(AugmentConfig) => $"{Digits.Replace("batch: 8", $"batch: 8, augment: [{example}]", StringComparison.Ordinal)}\nmodel: [flatten, {{dense: 10}}]\ntrain: {{epochs: 1}}",
            _ => "",
        };
        if (config is null)
            Train(Places.Select(p => string.Format(System.Globalization.CultureInfo.InvariantCulture, p, Digits, example) + "\ntrain: {epochs: 1}"), name);
        else if (config.Length > 0)
            Train([config], name);
    }

    [Theory]
    [InlineData("softmax-cross-entropy", "{digits: {train: 24, test: 8}}", 10)]
    [InlineData("hinge", "{digits: {train: 24, test: 8}}", 10)]
    [InlineData("squared-hinge", "{digits: {train: 24, test: 8}}", 10)]
    [InlineData("focal", "{digits: {train: 24, test: 8}}", 10)]
    [InlineData("combined", "{digits: {train: 24, test: 8}}", 10)]
    [InlineData("bce-with-logits", "{moons: {train: 24, test: 8}}", 1)]
    [InlineData("squared-error", "{linear: {train: 24, test: 8}}", 1)]
    [InlineData("mse", "{linear: {train: 24, test: 8}}", 1)]
    [InlineData("mae", "{linear: {train: 24, test: 8}}", 1)]
    [InlineData("huber", "{linear: {train: 24, test: 8}}", 1)]
    [InlineData("quantile", "{linear: {train: 24, test: 8}}", 1)]
    public void The_example_of_a_loss_trains(string name, string dataset, int outputs)
    {
        string example = ConfigExamples.Of(typeof(LossConfig), ChoiceTable.Of(typeof(LossConfig)).Choices.First(c => c.Name == name))!;
        Train([$"data: {{dataset: {dataset}, batch: 8}}\nmodel: [flatten, {{dense: {outputs}}}]\nloss: {example}\ntrain: {{epochs: 1}}"], name);
    }

    // The first of the configs whose shapes fit.
    private static void Train(IEnumerable<string> configs, string name)
    {
        var refusals = new List<string>();
        foreach (string yaml in configs)
        {
            RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read(yaml, "example"), "the config");
            try
            {
                ModelCheck.Check(config);
                TrainingData data = TrainingData.Load(config, new DataContext(".", config.Seed));
                using var device = new CpuDevice(1);
                using var trainer = new Trainer(config, data, device);
                Assert.True(double.IsFinite(trainer.Run().Final.Train.Loss), name);
                return;
            }
            catch (GpuGradException e)
            {
                refusals.Add(e.Message);
            }
        }
        Assert.Fail($"{name}: {string.Join("\n", refusals)}");
    }
}
