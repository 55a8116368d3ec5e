using System.Globalization;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Health;

/// <summary>Finds keys below <c>model:</c> in a config, in the form that <c>--set</c> takes.</summary>
internal sealed class ModelTree
{
    private readonly List<(string Path, string Key, YamlNode Value)> places = [];

    public ModelTree(YamlMapping tree)
    {
        if (tree["model"] is YamlNode model)
            Walk("model", model);
    }

    /// <summary>All initialisers of weights in the model.</summary>
    public IReadOnlyList<string> Initialisers => [.. places.Where(p => p.Key == "init").Select(p => p.Path)];

    /// <summary>All items of lists of layers that are just one of the given names, e.g. <c>sigmoid</c>.</summary>
    public IReadOnlyList<string> Named(params string[] names) =>
        [.. places.Where(p => p.Key.Length == 0 && p.Value is YamlScalar { IsNull: false } s && names.Contains(s.Value)).Select(p => p.Path)];

    /// <summary>All dropout rates of at least the given size.</summary>
    public IReadOnlyList<string> Dropouts(double from) =>
        [.. places.Where(p => (p.Key == "dropout" || (p.Key == "rate" && p.Path.EndsWith("dropout.rate", StringComparison.Ordinal)))
            && p.Value is YamlScalar s && double.TryParse(s.Value, CultureInfo.InvariantCulture, out double rate) && rate >= from).Select(p => p.Path)];

    /// <summary>The initialiser of the recurrent weights of each plain recurrent layer without one.</summary>
    public IReadOnlyList<string> RecurrentInitialisers =>
        [.. places.Where(p => p is { Key: "rnn", Value: YamlMapping settings } && settings["recurrent-init"] is null).Select(p => $"{p.Path}.recurrent-init")];

    private void Walk(string path, YamlNode node)
    {
        switch (node)
        {
            case YamlSequence list:
                for (int i = 0; i < list.Items.Count; i++)
                    Add(string.Create(CultureInfo.InvariantCulture, $"{path}.{i}"), "", list.Items[i]);
                break;
            case YamlMapping mapping:
                foreach ((YamlScalar key, YamlNode value) in mapping.Entries)
                    Add($"{path}.{key.Value}", key.Value, value);
                break;
        }
    }

    private void Add(string path, string key, YamlNode value)
    {
        places.Add((path, key, value));
        Walk(path, value);
    }
}
