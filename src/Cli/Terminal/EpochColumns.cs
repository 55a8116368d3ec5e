using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Cli.Terminal;

/// <summary>A column of the table of epochs.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Value">Its value in this epoch.</param>
/// <param name="Width">Width including the space before it; the same in every epoch.</param>
/// <param name="Weight">The column with the smallest weight is left out first if the table is too wide; of two with the same, the later one.</param>
public readonly record struct EpochColumn(string Name, string Value, int Width, int Weight);

/// <summary>The row of an epoch, with the columns that fit the terminal.</summary>
public static class EpochColumns
{
    private const int Narrowest = 40, Number = 9, Share = 8, Time = 11, Always = int.MaxValue;

    /// <param name="report">The epoch.</param>
    /// <param name="judged">The monitored metric.</param>
    /// <param name="width">Characters per line.</param>
    public static IReadOnlyList<EpochColumn> Of(EpochReport report, Metric judged, int width)
    {
        List<EpochColumn> columns = [.. All(report, judged)];
        while (columns.Sum(c => c.Width) > Math.Max(Narrowest, width) && columns.Any(c => c.Weight < Always))
            columns.RemoveAt(columns.FindLastIndex(c => c.Weight == columns.Min(other => other.Weight)));
        return columns;
    }

    private static IEnumerable<EpochColumn> All(EpochReport report, Metric judged)
    {
        yield return new("epoch", Format.Invariant($"{report.Epoch}"), 5, Always);
        foreach ((string set, EpochFigures f, EvaluationReport? all) in report.Sets)
        {
            bool decides = judged.Set!.ToString()!.Equals(set, StringComparison.OrdinalIgnoreCase), train = set == "train";
            string name = set == "validation" ? "val" : set;
            bool hasAccuracy = !double.IsNaN(f.Accuracy);
            yield return Column($"{name} loss", Format.Loss(f.Loss), Is("loss") ? Always : train ? 9 : decides ? 8 : hasAccuracy ? 3 : 6);
            if (hasAccuracy)
                yield return new($"{name} acc", Format.Percent(f.Accuracy), 2 + Math.Max(name.Length + 4, Share), Is("accuracy") ? Always : train ? 4 : decides ? 9 : 7);
            // The monitored samples get a few more metrics.
            if (all is null || !decides)
                continue;
            foreach ((string figure, double value) in all.Values.Where(v => v.Name == judged.Figure || all.Chosen.Contains(v)).Where(v => v.Name != "accuracy"))
                yield return Column(figure.Replace('_', ' '), Format.Loss(value), Is(figure) ? Always : 5);

            bool Is(string figure) => decides && judged.Figure == figure;
        }
        yield return Column("lr", Format.Invariant($"{report.Rate:G3}"), 1);
        yield return Column("samples/s", Format.Count(report.SamplesPerSecond), 0);
        yield return new("time", Format.Seconds(report.Seconds), 2 + Time, 2);
    }

    private static EpochColumn Column(string name, string value, int weight) => new(name, value, 2 + Math.Max(name.Length, Number), weight);
}
