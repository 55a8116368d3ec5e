using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.AdviceTrials;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

/// <summary>The part of <c>train --apply-advice</c> after the training: tries what its alarms advised.</summary>
internal static class AdviceCommand
{
    /// <param name="config">The config as the user named it.</param>
    /// <param name="load">Loads it with settings added.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="device">The device to train on.</param>
    /// <param name="folder">The run; <c>advice.json</c> is left in it.</param>
    /// <param name="output">Receives the results.</param>
    public static void Run(string config, Func<IEnumerable<string>, LoadedConfig> load, TrainingData data, Device device, RunFolder folder, Output output)
    {
        RunLog log = RunLog.Read(folder.Metrics);
        IReadOnlyList<Advice> advices = AdviceTrial.AdvicesIn(log);
        output.Line();
        if (advices.Count == 0)
        {
            output.Line(log.Alarms.Count == 0 ? "advice     none: no alarm was raised" : "advice     none that could be tried: the alarms advise no settings");
            return;
        }
        long alarmed = log.Alarms.Where(a => advices.Any(o => o.Alarm == a.Texts["alarm"])).Max(a => a.Step);
        using var progress = new LoadingDisplay();
        AdviceReport report = new AdviceTrial(load, data, device, (what, share) => progress.Show("trying " + what, share)).Run(advices, alarmed);
        progress.Dispose();
        DurableFile.WriteText(folder.Folder, "advice.json", ToJson(report).ToJsonString() + "\n");
        output.Line(Format.Invariant($"advice     {report.Steps:N0} steps from the same initial weights, compared on {report.JudgedBy} samples"));
        output.Line();
        output.Table(["alarm", "settings", report.Figure.Replace('_', ' '), "loss", ""], report.Outcomes.Select(o => Row(o.Advice.Alarm, o.Advice.Line, o.Result, Words(o.Verdict))).Prepend(Row("", "as it is", report.Before, "")), 2, 3);
        foreach (AdviceOutcome outcome in report.Outcomes.Where(o => o.Result.Problem is not null))
            output.Line($"{outcome.Advice.Line}: {outcome.Result.Problem}");
        output.Line();
        output.Line(report.Best is { } best ? $"train with what helps most: gpugrad train {config} {best.Advice.Line}" : "none of them helps");
    }

    private static string[] Row(string alarm, string settings, AdviceResult result, string verdict) => result.Problem is null
        ? [alarm, settings, result.Figure == "balanced_accuracy" ? Format.Percent(result.Value) : Format.Loss(result.Value), Format.Loss(result.Loss), verdict]
        : [alarm, settings, "none", "none", verdict];

    private static string Words(AdviceVerdict verdict) => verdict switch
    {
        AdviceVerdict.Helps => "helps",
        AdviceVerdict.Harms => "makes it worse",
        _ => "no difference",
    };

    private static JsonObject ToJson(AdviceReport report) => new()
    {
        ["steps"] = report.Steps,
        ["compared_on"] = report.JudgedBy,
        ["before"] = ToJson(report.Before),
        ["advice"] = new JsonArray([.. report.Outcomes.Select(o =>
        {
            JsonObject json = ToJson(o.Result);
            json["alarm"] = o.Advice.Alarm;
            json["settings"] = new JsonArray([.. o.Advice.Settings.Select(s => JsonValue.Create(s))]);
            json["verdict"] = Words(o.Verdict);
            return json;
        })]),
    };

    private static JsonObject ToJson(AdviceResult result) => result.Problem is null
        ? new JsonObject { ["figure"] = result.Figure, ["value"] = result.Value, ["loss"] = result.Loss }
        : new JsonObject { ["problem"] = result.Problem };
}
