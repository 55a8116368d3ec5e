using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Views;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Preview;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

[Verb("data", HelpText = "data list: the built-in data sets; data fetch NAME: download one; data show CONFIG or TABLE: inspect one.")]
public sealed class DataVerb : Verb, ITakesOverrides
{
    [Value(0, MetaName = "ACTION", Required = true, HelpText = "list, fetch or show.")]
    public string Action { get; set; } = "";

    [Value(1, MetaName = "NAME|FILE", HelpText = "A data set for fetch; a config or a table for show.")]
    public string? Argument { get; set; }

    [Option("out", MetaValue = "FILE", Default = "samples.png", HelpText = "show: the picture sheet.")]
    public string Out { get; set; } = "";

    [Option("augment", HelpText = "show: each sample with augmented versions beside it.")]
    public bool Augment { get; set; }

    [Option("count", Default = 100, HelpText = "show: samples on the sheet.")]
    [Range(1)]
    public int Count { get; set; }

    [Option("target", MetaValue = "COLUMN", HelpText = "show TABLE: the column to predict; columns that leak it are named.")]
    public string? Target { get; set; }

    [Option("set", HelpText = "show: KEY.KEY=VALUE overrides the config. Any number of times.")]
    public IEnumerable<string> Set { get; set; } = [];

    public override int Run(Output output)
    {
        OnlyWith(Action == "show", "data show", "out", "augment", "count", "target");
        if (Action == "list" && Argument is not null)
            throw new GpuGradException(Fault.Config, $"data list {Argument}; expected 'data list', or 'data fetch {Argument}'");
        return Action switch
        {
            "list" => List(output),
            "fetch" => Fetch(output),
            "show" => Show(output),
            _ => throw new GpuGradException(Fault.Config, $"data {Action}; {Suggestion.For(Action, ["list", "fetch", "show"])}"),
        };
    }

    private static int List(Output output)
    {
        output.Table(["data set", ""], DatasetCatalog.All.Select(d => new[] { d.Name, d.Summary }));
        output.Json(new JsonArray([.. DatasetCatalog.All.Select(d => new JsonObject { ["name"] = d.Name, ["summary"] = d.Summary })]));
        return ExitCode.Done;
    }

    private int Fetch(Output output)
    {
        if (DatasetCatalog.All.FirstOrDefault(d => d.Name == Argument) is { NeedsSettings: true } own)
            throw new GpuGradException(Fault.Config, $"data fetch {own.Name}: it is read from your own files ({own.Summary}); expected their path in a config, e.g. data: {{dataset: {{{own.Name}: PATH}}}}");
        YamlNode name = YamlReader.Read(Argument ?? throw new GpuGradException(Fault.Config, "data fetch needs a name, e.g. data fetch fashion-mnist"), "data fetch");
        DatasetConfig dataset = ConfigBinder.Bind<DatasetConfig>(name, "the data set");
        using var progress = new LoadingDisplay();
        DataSet data = dataset.Load(new DataContext(Directory.GetCurrentDirectory(), 1, progress.Show));
        progress.Dispose();
        output.Line($"{data.Origin}: {data.Train.Count:N0} train{(data.Test is null ? "" : $", {data.Test.Count:N0} test")}, fingerprint {data.Fingerprint}");
        output.Json(new JsonObject { ["origin"] = data.Origin, ["train"] = data.Train.Count, ["test"] = data.Test?.Count, ["fingerprint"] = data.Fingerprint });
        return ExitCode.Done;
    }

    private int Show(Output output)
    {
        string path = Argument ?? throw new GpuGradException(Fault.Config, "data show needs a config or a table, e.g. data show configs/digits.yaml");
        if (!path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) && File.Exists(path))
        {
            OnlyWith(false, "data show CONFIG", "out", "augment", "count", "set");
            return TableView.Show(TableProfile.Of(path, target: Target), output);
        }
        OnlyWith(false, "data show TABLE", "target");
        LoadedConfig loaded = RunConfigFile.Load(path, Set);
        TrainingData data = ConfigVerb.LoadData(loaded, output);
        var summary = DataSummary.Of(data);
        TableProfile? table = ProfileOf(loaded);
        if (table is null)
        {
            Describe(summary, output);
        }
        else
        {
            output.Line($"hash       {data.Fingerprint}");
            output.Line();
            TableView.Print(table, output);
        }
        byte[]? sheet = Augment ? DataPreview.AugmentedSheet(data) : DataPreview.Sheet(data, Count);
        if (sheet is not null)
            DurableFile.Write(Out, stream => stream.Write(sheet));
        if (sheet is not null || (summary.Text is null && table is null))
            output.Line(sheet is null ? "(samples of this shape have no picture)" : $"picture    {Out}");
        var json = new JsonObject
        {
            ["origin"] = data.Origin,
            ["shape"] = data.Shape.Shape.ToString(),
            ["classes"] = data.Shape.Classes,
            ["train"] = data.Train.Count,
            ["validation"] = data.Validation?.Count,
            ["test"] = data.Test?.Count,
            ["fingerprint"] = data.Fingerprint,
            ["picture"] = sheet is null ? null : Out,
            ["columns"] = table is null ? null : TableView.ToJson(table)["columns"]!.DeepClone(),
        };
        if (summary.Text is { } text)
            json["text"] = TextView.ToJson(text);
        output.Json(json);
        return ExitCode.Done;
    }

    // The columns of a table say more than the inputs made from them; pixels in columns are better shown as pictures.
    private static TableProfile? ProfileOf(LoadedConfig loaded) => loaded.Config.Data.Dataset is CsvConfig { Shape: null } table
        ? TableProfile.Of(Path.Combine(loaded.Folder, table.Path), table, table.Targets.Count > 0 ? table.Targets[0] : table.Label)
        : null;

    private static void Describe(DataSummary summary, Output output)
    {
        const int Most = 16;
        output.Line($"hash       {summary.Fingerprint}");
        if (summary.Classes.Count > 0)
            output.Line("classes    " + string.Join(", ", summary.Classes.Take(Most).Select(c => Format.Invariant($"{c.Key} {c.Value:N0}"))) + (summary.Classes.Count > Most ? " …" : ""));
        if (summary.Text is { } text)
        {
            TextView.Show(text, output);
            return;
        }
        output.Line();
        output.Table(
            ["values", "min", "max", "mean", "std"],
            summary.Channels.Take(Most).Select((c, i) => Row(Format.Invariant($"channel {i}"), c)).Concat(summary.Targets.Take(Most).Select((t, i) => Row(Format.Invariant($"target {i}"), t))),
            1, 2, 3, 4);
        output.Line();
    }

    private static string[] Row(string name, ChannelStatistics s) =>
        [name, Format.Invariant($"{s.Minimum:G5}"), Format.Invariant($"{s.Maximum:G5}"), Format.Invariant($"{s.Mean:F4}"), Format.Invariant($"{s.Deviation:F4}")];
}
