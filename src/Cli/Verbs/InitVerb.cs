using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Config;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Starters;

namespace GpuGrad.Cli.Verbs;

[Verb("init", HelpText = "Inspect a table, arrays, a text or a folder of pictures or texts, and write a config that trains on it.")]
public sealed class InitVerb : Verb
{
    [Value(0, MetaName = "DATA", Required = true, HelpText = "A CSV, TSV, JSON Lines, Parquet, npz, npy or IDX file, a text (.txt, .md), or a folder that contains a folder of pictures or texts for each class.")]
    public string Data { get; set; } = "";

    [Option("target", MetaValue = "COLUMN", HelpText = "The column to predict, by name or number from 0; the most likely one by default. For arrays: 'input' makes an autoencoder.")]
    public string? Target { get; set; }

    [Option("out", MetaValue = "FILE.yaml", HelpText = "The config to write; named after the data by default.")]
    public string? Out { get; set; }

    [Option("force", HelpText = "Overwrite an existing file.")]
    public bool Force { get; set; }

    public override int Run(Output output)
    {
        string path = Out ?? NameOf(Data);
        if (!path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
            throw new GpuGradException(Fault.Config, $"--out {path}; expected a name that ends in .yaml");
        if (!Force && Path.Exists(path))
            throw new GpuGradException(Fault.Config, $"{path} exists; use --force to overwrite it, or --out FILE.yaml for another name");
        Starter starter;
        using (var progress = new LoadingDisplay())
            starter = Starter.Of(Data, Target, Path.GetDirectoryName(Path.GetFullPath(path))!, progress.Show);
        // Before it is written, the new config is validated like any other.
        ModelCheck.Check(RunConfigFile.Load(path, text: starter.Yaml).Config);
        DurableFile.WriteText(path, starter.Yaml);
        foreach ((string label, string text) in starter.Findings)
            output.Line($"{label,-10} {text}");
        output.Line($"written    {path}");
        output.Line();
        output.Line($"gpugrad train {(path.Contains(' ', StringComparison.Ordinal) ? $"'{path}'" : path)}");
        output.Json(ToJson(starter, path));
        return ExitCode.Done;
    }

    private static string NameOf(string data)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(data)));
        string stem = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
        stem = Path.GetFileNameWithoutExtension(stem);
        return (stem.Length == 0 ? "data" : stem) + ".yaml";
    }

    private static JsonObject ToJson(Starter starter, string path) => new()
    {
        ["config"] = path,
        ["kind"] = starter.Kind,
        ["task"] = starter.Task,
        ["target"] = starter.Target,
        ["classes"] = starter.Classes > 0 ? starter.Classes : null,
        ["samples"] = starter.Samples,
        ["columns"] = new JsonArray([.. starter.Columns.Select(c => new JsonObject { ["name"] = c.Name, ["type"] = c.Type, ["reason"] = c.Reason })]),
        ["findings"] = new JsonArray([.. starter.Findings.Select(f => new JsonObject { ["label"] = f.Label, ["text"] = f.Text })]),
    };
}
