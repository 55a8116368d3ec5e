using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.Explanations;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("report", HelpText = "Write one HTML page about a run: curves, gradient flow, dead units, mistakes, config; or about several runs side by side.")]
public sealed class ReportVerb : Verb
{
    [Value(0, MetaName = "RUN", Required = true, Min = 1, HelpText = "Run folders.")]
    public IEnumerable<string> Runs { get; set; } = [];

    [Option("out", MetaValue = "FILE", HelpText = "The file to write; by default report.html in the run's folder, or comparison.html in the first run's folder for several.")]
    public string? Out { get; set; }

    [Option("device", HelpText = "Device that classifies the test samples; overrides the run's device.")]
    public string? DeviceId { get; set; }

    [Option("no-test", HelpText = "Leave out the confusion matrix and mistakes, which need the data and the network.")]
    public bool NoTest { get; set; }

    public override int Run(Output output)
    {
        string[] folders = [.. Runs];
        OnlyWith(!NoTest && folders.Length == 1, "the report of one run, without --no-test", "device");
        ReportedRun[] runs = [.. folders.Select(Open)];
        Judged judged = NoTest || folders.Length > 1 ? new Judged() : Judge(folders[0], output);
        string path = Out ?? Path.Combine(folders[0], folders.Length > 1 ? "comparison.html" : "report.html");
        RunReport.Page(runs, judged.Judgement, judged.Samples, judged.Evaluation, judged.Attention).Save(path);
        long bytes = new FileInfo(path).Length;
        output.Line($"report     {path} ({Format.Bytes(bytes)})");
        if (judged.Attention.Count > 0)
            output.Line($"attention  {AttentionPictures.Verdict(judged.Attention)}");
        output.Json(new JsonObject
        {
            ["file"] = path,
            ["bytes"] = bytes,
            ["alarms"] = Findings(runs.SelectMany(r => r.Log.Alarms), "alarm"),
            ["remarks"] = Findings(runs.SelectMany(r => r.Log.Remarks), "remark"),
            ["mistakes"] = judged.Judgement?.Mistakes.Count,
            ["attention"] = AttentionPictures.ToJson(judged.Attention, maps: false),
        });
        return ExitCode.Done;
    }

    private static JsonArray Findings(IEnumerable<LogLine> lines, string kind) =>
        new([.. lines.Select(l => new JsonObject { ["id"] = l.Texts[kind], ["step"] = l.Step, ["finding"] = l.Texts.GetValueOrDefault("finding"), ["units"] = l.Texts.GetValueOrDefault("units") })]);

    // Takes no lock, so that a run in progress can be reported.
    private static ReportedRun Open(string folder)
    {
        if (!RunFolder.IsRun(folder))
            throw new GpuGradException(Fault.Config, $"{folder}: no run here; expected a folder with a config.yaml that 'gpugrad train' made");
        RunFiles files = RunFiles.Of(folder);
        string name = new DirectoryInfo(folder).Name;
        return new ReportedRun(name, RunLog.Read(files.Metrics), files.Manifest, files.Summary, files.Config);
    }

    private Judged Judge(string folder, Output output)
    {
        TrainedModel trained;
        try
        {
            trained = TrainedModel.Open(folder);
        }
        catch (GpuGradException e) when (e.Fault == Fault.Data)
        {
            Output.Note($"{e.Message}; the report is written without mistakes");
            return new Judged();
        }
        using TrainedModel opened = trained;
        RunConfig config = trained.Config;
        using Device device = ConfigVerb.OpenDevice(config with { Device = DeviceId ?? config.Device }, output);
        TrainingData data = ConfigVerb.LoadData(trained.Loaded, output, trained.Card.Input);
        SampleSet? samples = data.Test ?? data.Validation;
        if (samples is null || !samples.HasAnswers)
            return new Judged();
        IReadOnlyList<AttentionReading> attention = AttentionReading.Of(trained, samples, device);
        if (samples.Labels is null && samples.Targets is null)
            return new Judged { Attention = attention };
        TestEvaluation? evaluation = TestEvaluation.Of(trained, samples, data.Test is null ? "validation" : "test", device);
        return new Judged(samples.Labels is null ? null : Judgement.Of(trained, samples, data.ClassNames, device), samples, evaluation) { Attention = attention };
    }

    // Results on test (else validation) samples.
    private sealed record Judged(Judgement? Judgement = null, SampleSet? Samples = null, TestEvaluation? Evaluation = null)
    {
        public IReadOnlyList<AttentionReading> Attention { get; init; } = [];
    }
}
