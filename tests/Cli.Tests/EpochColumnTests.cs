using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Cli.Tests;

/// <summary>The row of an epoch fits the terminal, and what decides is always in it.</summary>
public sealed class EpochColumnTests
{
    private static readonly EpochReport Report = new()
    {
        Epoch = 3,
        Step = 30,
        Train = new EpochFigures(0.5, 0.9, 100),
        Validation = new EpochFigures(0.6, 0.8, 20),
        Test = new EpochFigures(0.7, 0.7, 20),
        ValidationReport = new EvaluationReport { Values = [("accuracy", 0.8), ("f1", 0.7), ("roc_auc", 0.9), ("pr_auc", 0.6)] },
    };

    [Theory]
    [InlineData(200, "epoch|train loss|train acc|val loss|val acc|f1|roc auc|test loss|test acc|lr|samples/s|time")]
    [InlineData(80, "epoch|train loss|val loss|val acc|f1|roc auc|test acc")]
    [InlineData(40, "epoch|train loss|val loss|val acc")]
    [InlineData(10, "epoch|train loss|val loss|val acc")]
    public void The_least_important_columns_are_left_out_first(int width, string names)
    {
        IReadOnlyList<EpochColumn> columns = EpochColumns.Of(Report, new Metric(MetricSet.Validation, "loss"), width);
        Assert.Equal(names.Split('|'), columns.Select(c => c.Name));
        Assert.True(columns.Sum(c => c.Width) <= Math.Max(40, width));
    }

    [Theory]
    [InlineData(0.004)]
    [InlineData(627)] // 10 min 27 s
    [InlineData(86_399)] // 23 h 59 min
    public void Values_are_shorter_than_their_column(double seconds) =>
        Assert.All(EpochColumns.Of(Report with { Seconds = seconds, Rate = 0.000123456, SamplesPerSecond = 123_456_789 }, new Metric(MetricSet.Validation, "loss"), 200), c => Assert.True(c.Value.Length < c.Width, $"'{c.Value}' in {c.Width}"));

    [Fact]
    public void The_monitored_metric_is_always_shown() =>
        Assert.Contains(EpochColumns.Of(Report, new Metric(MetricSet.Validation, "pr_auc"), 40), c => c is { Name: "pr auc", Value: "0.6000" });
}
