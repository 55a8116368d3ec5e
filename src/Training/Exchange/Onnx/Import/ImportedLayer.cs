using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>A layer read from a model: its settings as in a config, and its weights.</summary>
internal sealed class ImportedLayer(string kind)
{
    private static readonly Mark Nowhere = new("", 0, 0);

    private readonly List<KeyValuePair<YamlScalar, YamlNode>> settings = [];

    public string Kind { get; } = kind;

    /// <summary>Weights by the last part of the parameter's name: <c>weight</c>, <c>bias</c>, <c>running_mean</c>, <c>running_var</c>.</summary>
    public Dictionary<string, float[]> Weights { get; } = [];

    /// <summary>For a residual its layers and its shortcut, for a branch its paths; null for other layers.</summary>
    public IReadOnlyList<List<ImportedLayer>>? Paths { get; init; }

    /// <summary>Output shape of a reshape.</summary>
    public IReadOnlyList<int>? Sizes { get; init; }

    /// <summary>Zeros that become the padding of the next convolution; null for a real layer.</summary>
    public Pads? Pads { get; init; }

    /// <summary>Input channels of a transposed convolution, and its groups.</summary>
    public (int Channels, int Groups) TransposedConv { get; init; }

    public void Remove(string key) => settings.RemoveAll(s => s.Key.Value == key);

    public ImportedLayer Set(string key, YamlNode value)
    {
        settings.RemoveAll(s => s.Key.Value == key);
        settings.Add(new(new YamlScalar(key, false, Nowhere), value));
        return this;
    }

    public ImportedLayer Set(string key, int value) => Set(key, Scalar(value.ToString(CultureInfo.InvariantCulture)));

    // Written with the fewest digits from which the model's float can be read back.
    public ImportedLayer Set(string key, double value) => Set(key, Scalar(((float)value).ToString("R", CultureInfo.InvariantCulture)));

    public ImportedLayer Set(string key, string value) => Set(key, Scalar(value));

    public ImportedLayer Set(string key, bool value) => Set(key, Scalar(value ? "true" : "false"));

    /// <summary>Sets a key to a list of numbers, or to one number if all are the same.</summary>
    public ImportedLayer Set(string key, params int[] values) =>
        values.Distinct().Count() == 1 ? Set(key, values[0]) : Set(key, List(values));

    public ImportedLayer SetList(string key, IEnumerable<int> values) => Set(key, List(values));

    /// <summary>The layer in a config's notation.</summary>
    public YamlNode ToYaml() => Kind switch
    {
        "residual" when Paths![1].Count == 0 => Named(ToYaml(Paths[0])),
        "residual" => Named(Mapping(("layers", ToYaml(Paths![0])), ("shortcut", ToYaml(Paths[1])))),
        "branch" => Named(settings.Count == 0 ? PathsYaml() : new YamlMapping([new(Key("paths"), PathsYaml()), .. settings], Nowhere)),
        _ when settings.Count == 0 => Scalar(Kind),
        _ when settings.Count == 1 && settings[0].Key.Value == Shorthand => Named(settings[0].Value),
        _ => Named(new YamlMapping(settings, Nowhere)),
    };

    public static YamlSequence ToYaml(IEnumerable<ImportedLayer> layers) => new([.. layers.Select(l => l.ToYaml())], Nowhere);

    public LayerConfig ToConfig() => ConfigBinder.Bind<LayerConfig>(ToYaml(), "a layer");

    public static YamlMapping Mapping(params IEnumerable<(string Key, YamlNode Value)> entries) => new([.. entries.Select(e => new KeyValuePair<YamlScalar, YamlNode>(Key(e.Key), e.Value))], Nowhere);

    public static YamlSequence List(IEnumerable<int> values) => new([.. values.Select(v => Scalar(v.ToString(CultureInfo.InvariantCulture)))], Nowhere);

    public static YamlScalar Scalar(string value) => new(value, false, Nowhere);

    private string? Shorthand => LayerCatalog.All.FirstOrDefault(c => c.Name == Kind) is { } choice ? ConfigRecord.Of(choice.Type, choice.KeyNames).Shorthand : null;

    private YamlSequence PathsYaml() => new([.. Paths!.Select(ToYaml)], Nowhere);

    private YamlMapping Named(YamlNode value) => new([new(Key(Kind), value)], Nowhere);

    private static YamlScalar Key(string key) => new(key, false, Nowhere);
}
