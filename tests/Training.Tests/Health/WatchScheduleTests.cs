using GpuGrad.Training.Health;

namespace GpuGrad.Training.Tests.Health;

/// <summary>Which steps are watched: every so many, or as the budget allows.</summary>
public sealed class WatchScheduleTests
{
    [Fact]
    public void Without_a_budget_every_step_of_a_multiple_is_watched()
    {
        Assert.Equal([0, 5, 10, 15], Watched(new DiagnosticsConfig { Every = 5 }, watchedCost: 100, steps: 20));
        Assert.Empty(Watched(new DiagnosticsConfig { Every = 0, Budget = 0.5 }, watchedCost: 1, steps: 20));
    }

    // Until five plain and two watched steps are timed beyond the first two of each, their cost is not known.
    [Fact]
    public void With_a_budget_the_distance_grows_until_the_cost_is_its_share()
    {
        long[] watched = Watched(new DiagnosticsConfig { Every = 3, Budget = 0.1 }, watchedCost: 3, steps: 400);
        Assert.Equal([0, 3, 6, 9], watched[..4]);
        Assert.All(watched[4..].Zip(watched[5..]), pair => Assert.Equal(20, pair.Second - pair.First));
        double share = watched[4..].Length * 2.0 / (400 - watched[4] + (watched[4..].Length * 2.0));
        Assert.InRange(share, 0.05, 0.1);
    }

    [Fact]
    public void Steps_that_cost_less_than_the_budget_are_watched_as_often_as_asked() =>
        Assert.Equal([0, 3, 6, 9, 12, 15, 18], Watched(new DiagnosticsConfig { Every = 3, Budget = 0.5 }, watchedCost: 1.1, steps: 20));

    // A plain step takes 1.
    private static long[] Watched(DiagnosticsConfig config, double watchedCost, int steps)
    {
        var cost = new DiagnosticsCost();
        var schedule = new WatchSchedule(config, cost);
        var watched = new List<long>();
        for (long step = 0; step < steps; step++)
        {
            bool isDue = schedule.IsDue(step);
            if (isDue)
                watched.Add(step);
            cost.Step(isDue, isDue ? watchedCost : 1);
        }
        return [.. watched];
    }
}
