using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Config;

/// <summary>A config together with the tree that it was read from (for the run folder and <c>gpugrad config</c>).</summary>
/// <param name="Config">The settings.</param>
/// <param name="Tree">The YAML with everything it extends and overrides.</param>
/// <param name="Folder">Relative paths in the config are relative to this.</param>
public sealed record LoadedConfig(RunConfig Config, YamlMapping Tree, string Folder)
{
    /// <summary>The same with nothing left open: for a run folder, which may be resumed from anywhere.</summary>
    /// <param name="device">The device that was chosen.</param>
    public LoadedConfig Resolved(string device) => this with
    {
        Tree = Tree.With("device", Text(device)).With("folder", Text(Folder)),
    };

    private YamlScalar Text(string value) => new(value, true, Tree.Mark);
}

/// <summary>Reads an experiment from YAML.</summary>
public static class RunConfigFile
{
    /// <param name="path">The file.</param>
    /// <param name="overrides">Each <c>a.b.c=value</c>, as <c>--set</c> takes it.</param>
    /// <param name="text">What the file is to hold, where that is not what it holds.</param>
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
