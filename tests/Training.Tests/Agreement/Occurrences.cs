using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Tests.Agreement;

/// <summary>How often each entry of the catalogs stands in a set of configs.</summary>
internal sealed class Occurrences
{
    private readonly SortedDictionary<string, int> counts = new(StringComparer.Ordinal);

    public Occurrences(IEnumerable<YamlMapping> configs)
    {
        foreach (string name in Every)
            counts[name] = 0;
        foreach (YamlMapping config in configs)
        {
            Layers(config["model"]!);
            Count("loss", config["loss"]!);
            var train = (YamlMapping)config["train"]!;
            Count("optimizer", train["optimizer"]!);
            Count("schedule", train["schedule"]!);
        }
    }

    /// <summary>Every layer, loss, optimizer and schedule that there is.</summary>
    public static IEnumerable<string> Every =>
    [
        .. LayerCatalog.All.Select(c => $"layer {c.Name}"),
        .. LossConfig.All.Select(c => $"loss {c.Name}"),
        .. OptimizerConfig.All.Select(c => $"optimizer {c.Name}"),
        .. ScheduleConfig.All.Select(c => $"schedule {c.Name}"),
    ];

    /// <summary>The entries that occur less often.</summary>
    public IEnumerable<string> Below(int times) => counts.Where(c => c.Value < times).Select(c => $"{c.Key}: {c.Value} times");

    public override string ToString() => string.Join(", ", counts.Select(c => $"{c.Key} {c.Value}"));

    private void Count(string what, YamlNode node)
    {
        string name = node is YamlMapping mapping ? mapping.Entries[0].Key.Value : ((YamlScalar)node).Value;
        counts[$"{what} {name}"]++;
    }

    private void Layers(YamlNode list)
    {
        foreach (YamlNode layer in ((YamlSequence)list).Items)
        {
            Count("layer", layer);
            if (layer is YamlMapping mapping)
                Inner(mapping.Entries[0].Key.Value, mapping.Entries[0].Value);
        }
    }

    private void Inner(string name, YamlNode settings)
    {
        var keys = settings as YamlMapping;
        if (name is "residual" or "repeat")
        {
            Layers(keys is null ? settings : keys["layers"]!);
            if (keys?["shortcut"] is YamlNode shortcut)
                Layers(shortcut);
        }
        if (name == "branch")
        {
            foreach (YamlNode path in ((YamlSequence)(keys is null ? settings : keys["paths"]!)).Items)
                Layers(path);
        }
    }
}
