using System.Text.Json.Nodes;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Evaluation;

/// <summary>Writes the metrics of a set as in <c>summary.json</c> and <c>--json</c>.</summary>
public static class EvaluationJson
{
    /// <param name="figures">Loss and accuracy.</param>
    /// <param name="report">All other metrics; null for none.</param>
    /// <param name="classNames">Names of the classes; null for their numbers.</param>
    public static JsonObject Of(EpochFigures figures, EvaluationReport? report, IReadOnlyList<string>? classNames)
    {
        var json = new JsonObject { ["loss"] = Number(figures.Loss) };
        if (!double.IsNaN(figures.Accuracy))
            json["accuracy"] = figures.Accuracy;
        foreach ((string name, double value) in report?.Values ?? [])
            json[name] = Number(value);
        if (report?.PerClass is { } classes)
            json["per_class"] = new JsonArray([.. classes.Select((c, i) => OfClass(c, classNames?.ElementAtOrDefault(i) ?? i.ToString(System.Globalization.CultureInfo.InvariantCulture), report.AreRegions))]);
        if (report?.Confusion is { } confusion)
            json["confusion"] = new JsonArray([.. Enumerable.Range(0, confusion.GetLength(0)).Select(r => new JsonArray([.. Enumerable.Range(0, confusion.GetLength(1)).Select(c => (JsonNode)confusion[r, c])]))]);
        return json;
    }

    private static JsonObject OfClass(ClassFigures figures, string name, bool region)
    {
        var json = new JsonObject
        {
            ["class"] = name,
            ["precision"] = figures.Precision,
            ["recall"] = figures.Recall,
            ["f1"] = figures.F1,
            ["support"] = figures.Support,
        };
        if (region)
            (json["iou"], json["dice"]) = (figures.Iou, figures.F1);
        return json;
    }

    private static JsonNode Number(double value) => double.IsFinite(value) ? value : value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
