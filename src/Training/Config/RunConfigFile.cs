using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Config;

/// <summary>A config together with the YAML tree that it was read from (for the run folder and <c>gpugrad config</c>).</summary>
/// <param name="Config">The settings.</param>
/// <param name="Tree">The YAML with everything it extends and overrides.</param>
/// <param name="Folder">Relative paths in the config are relative to this.</param>
public sealed record LoadedConfig(RunConfig Config, YamlMapping Tree, string Folder)
{
    /// <summary>The config with every choice made: for a run folder, which may be resumed from anywhere.</summary>
    /// <param name="device">The device that was chosen.</param>
    public LoadedConfig Resolved(string device) => this with
    {
        Tree = Tree.With("device", Text(device)).With("folder", Text(Folder)),
    };

    /// <summary>The config for given data: settings derived from the training samples become numbers, which everything later reads.</summary>
    public LoadedConfig For(TrainingData data)
    {
        RunConfig config = Config.For(data);
        return Tree["loss"] is YamlNode loss ? this with { Config = config, Tree = Tree.With("loss", Numbers(loss, data)) } : this with { Config = config };
    }

    private static YamlNode Numbers(YamlNode node, TrainingData data) => node switch
    {
        YamlMapping mapping => mapping with { Entries = [.. mapping.Entries.Select(e => KeyValuePair.Create(e.Key, OfEntry(e.Key.Value, e.Value, data)))] },
        YamlSequence list => list with { Items = [.. list.Items.Select(i => Numbers(i, data))] },
        _ => node,
    };

    private static YamlNode OfEntry(string key, YamlNode value, TrainingData data) => (key, value) switch
    {
        ("class-weights", YamlScalar { Value: "balanced" }) => List(Losses.ClassWeights.FromShares(data.ClassShares), value.Mark),
        ("positive-weight", YamlScalar { Value: "balanced" }) => List(Losses.PositiveWeight.FromShares(data.AnswerShares), value.Mark),
        _ => Numbers(value, data),
    };

    private static YamlSequence List(IEnumerable<double> numbers, Mark mark) =>
        new([.. numbers.Select(n => new YamlScalar(n.ToString("R", System.Globalization.CultureInfo.InvariantCulture), false, mark))], mark);

    private YamlScalar Text(string value) => new(value, true, Tree.Mark);
}

/// <summary>Reads an experiment from YAML.</summary>
public static class RunConfigFile
{
    /// <param name="path">The file.</param>
    /// <param name="overrides">Overrides <c>a.b.c=value</c>, in the form that <c>--set</c> takes.</param>
    /// <param name="text">Contents to use instead of the file's; null for the file's.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: one line with file, line and column.</exception>
    public static LoadedConfig Load(string path, IEnumerable<string>? overrides = null, string? text = null)
    {
        YamlMapping tree = ConfigSource.Load(path, overrides, text);
        if (tree["name"] is null)
            tree = tree.With("name", new YamlScalar(Path.GetFileNameWithoutExtension(path), true, tree.Mark));
        RunConfig config = ConfigBinder.Bind<RunConfig>(tree, "the config");
        string folder = config.Folder ?? Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".";
        return new LoadedConfig(config with { InitFrom = config.InitFrom?.In(folder) }, tree, folder);
    }
}
