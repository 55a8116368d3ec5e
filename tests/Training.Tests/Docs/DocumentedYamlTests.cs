using System.Text.RegularExpressions;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Generators;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Sweeps;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>Every piece of YAML on every page: whole configs are read strictly and, where the program makes their data, train an epoch; pieces are read as part of a config.</summary>
public sealed partial class DocumentedYamlTests : IDisposable
{
    private static readonly (string Key, string Yaml)[] Whole =
    [
        ("data", "data: {dataset: {digits: {train: 40, test: 20}}, batch: 20}"),
        ("model", "model: [flatten, {dense: {units: 10, name: head}}]"),
    ];

    private readonly TempFolder folder = new();

    public static TheoryData<string> Pages => [.. Directory.GetFiles(Path.Combine(DocumentFile.Root(), "docs"), "*.md").Append(Path.Combine(DocumentFile.Root(), "README.md")).Where(p => Blocks().IsMatch(File.ReadAllText(p))).Select(p => Path.GetRelativePath(DocumentFile.Root(), p))];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_yaml_of_a_page_is_read_and_trains(string page)
    {
        foreach (string yaml in Blocks().Matches(File.ReadAllText(Path.Combine(DocumentFile.Root(), page)).ReplaceLineEndings("\n")).Select(m => m.Groups[1].Value))
        {
            string[] keys = [.. ((YamlMapping)YamlReader.Read(yaml, page)).Entries.Select(e => e.Key.Value)];
            if (keys.Contains("space"))
            {
                ConfigBinder.Bind<SweepConfig>(YamlReader.Read(yaml, page), "the sweep");
                continue;
            }
            string[] missing = [.. Whole.Where(w => !keys.Contains(w.Key)).Select(w => w.Yaml)];
            LoadedConfig loaded = RunConfigFile.Load(folder.Write("page.yaml", string.Join('\n', [.. missing, yaml])));
            // A model alone is for samples that the page speaks of.
            if (!keys.Contains("model") || keys.Contains("data"))
                Assert.True(ModelCheck.Check(loaded.Config) is not null || loaded.Config.Data.KnownShape is null, page);
            if (missing.Length == 0 && loaded.Config.Data.Dataset is GeneratedConfig)
                Train(loaded);
        }
    }

    // An epoch on a few samples, from weights such as it begins with.
    private void Train(LoadedConfig loaded)
    {
        RunConfig config = loaded.Config with { Train = loaded.Config.Train with { Epochs = 1 }, Data = loaded.Config.Data with { Limit = 60 } };
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, config.Seed));
        using var device = new CpuDevice(1);
        if (config.InitFrom is { } from)
        {
            using var first = new Trainer(config with { InitFrom = null, Freeze = null }, data, device);
            WeightFile.Save(from.File, first.Model);
        }
        using var trainer = new Trainer(config, data, device);
        Assert.True(double.IsFinite(trainer.Run().Final.Train.Loss));
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
