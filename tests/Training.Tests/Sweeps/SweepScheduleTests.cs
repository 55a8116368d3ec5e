using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Sweeps;

namespace GpuGrad.Training.Tests.Sweeps;

/// <summary>Which trial is trained how far, and that neither time nor a kill changes it.</summary>
public sealed class SweepScheduleTests
{
    private static readonly SweepSpace Square = Space("a: {range: [0, 1]}\nb: {range: [0, 1]}\n");

    internal static SweepSpace Space(string yaml) => new(ConfigBinder.Bind<SweepConfig>(YamlReader.Read("base: x.yaml\nspace:\n" + string.Concat(yaml.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => $"  {l}\n")), "sweep.yaml"), "the sweep").Space);

    // How far a trial is from the best place, less noise with each rung.
    private static double Score(IReadOnlyList<double> point, int rung) => Math.Pow(point[0] - 0.3, 2) + Math.Pow(point[1] - 0.8, 2) + (0.05 / (rung + 1) * Math.Sin(1000 * point[0]));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_order_in_which_trials_end_changes_nothing(int lag)
    {
        string[] runs = [.. Enumerable.Range(0, 20).Select(order => Run(new TpeSearch(Square, 7, new TpeSearchConfig { Startup = 4 }), 40, 3, 3, lag, (ulong)order))];
        Assert.Single(runs.Distinct());
    }

    [Fact]
    public void One_trial_in_three_is_promoted_and_the_best_is_trained_to_the_end()
    {
        var schedule = new SweepSchedule(new RandomSearch(Square, 1), 27, 4, 3, 1);
        var trained = new Dictionary<int, List<double>>();
        while (schedule.Next() is SweepJob job)
        {
            double score = schedule.Points[job.Trial][0];
            (trained.TryGetValue(job.Rung, out List<double>? rung) ? rung : trained[job.Rung] = []).Add(score);
            schedule.Report(job, score);
        }
        Assert.True(schedule.IsOver);
        Assert.Equal(27, trained[0].Count);
        // Those of the first nine best of each rung are there; ASHA may have promoted a few more before it knew better.
        Assert.InRange(trained[1].Count, 9, 18);
        Assert.Empty(trained[0].Order().Take(9).Except(trained[1]));
        Assert.Contains(trained[0].Min(), trained[3]);
        Assert.Equal(trained[0].Min(), schedule.Points[schedule.Best!.Value][0]);
    }

    [Fact]
    public void With_too_few_trials_for_the_rule_the_best_is_trained_to_the_end()
    {
        var schedule = new SweepSchedule(new RandomSearch(Square, 1), 2, 3, 4, 2);
        var jobs = new List<SweepJob>();
        while (schedule.Next() is SweepJob job)
        {
            jobs.Add(job);
            schedule.Report(job, job.Trial == 1 ? 0 : 1);
        }
        Assert.Equal([new SweepJob(0, 0), new SweepJob(1, 0), new SweepJob(1, 1), new SweepJob(1, 2)], jobs);
        Assert.Equal((true, 1), (schedule.IsOver, schedule.Best));
    }

    [Fact]
    public void Failed_trials_are_never_the_best_and_are_not_promoted()
    {
        var schedule = new SweepSchedule(new RandomSearch(Square, 1), 6, 2, 2, 1);
        while (schedule.Next() is SweepJob job)
        {
            Assert.True(job.Rung == 0 || job.Trial == 4);
            schedule.Report(job, job.Trial == 4 ? 3 : double.NaN);
        }
        Assert.Equal((true, 4), (schedule.IsOver, schedule.Best));
    }

    [Fact]
    public void A_pick_waits_for_the_trials_that_it_learns_from()
    {
        var schedule = new SweepSchedule(new TpeSearch(Square, 1, new TpeSearchConfig { Startup = 2 }), 9, 1, 2, lag: 3);
        SweepJob[] first = [schedule.Next()!.Value, schedule.Next()!.Value, schedule.Next()!.Value];
        Assert.Null(schedule.Next());
        schedule.Report(first[2], 1);
        Assert.Null(schedule.Next());
        schedule.Report(first[0], 1);
        Assert.Equal(new SweepJob(3, 0), schedule.Next());
        Assert.Null(schedule.Next());
    }

    [Fact]
    public void Parzen_estimators_find_better_places_than_chance_for_as_many_trials()
    {
        SweepSpace space = Space("kind: {choice: [a, b, c]}\nx: {range: [-5, 5]}\ny: {log-range: [1e-4, 1]}\n");
        double At(IReadOnlyList<double> p) => (p[0] is > 0.33 and < 0.67 ? 0 : 1) + (4 * Math.Pow(p[1] - 0.7, 2)) + (4 * Math.Pow(p[2] - 0.2, 2));
        double Best(ISearch search)
        {
            var known = new List<KnownTrial>();
            for (int trial = 0; trial < 60; trial++)
            {
                double[] point = search.Pick(trial, known);
                known.Add(new KnownTrial(point, At(point)));
            }
            return known.Min(k => k.Score);
        }
        int won = Enumerable.Range(1, 20).Count(seed => Best(new TpeSearch(space, (ulong)seed, new TpeSearchConfig())) < Best(new RandomSearch(space, (ulong)seed)));
        Assert.InRange(won, 16, 20);
    }

    [Fact]
    public void Halving_finds_what_random_search_finds_with_less_training()
    {
        // 81 trials to the end are 81 * 27 epochs.
        int close = 0;
        for (ulong seed = 1; seed <= 10; seed++)
        {
            var schedule = new SweepSchedule(new RandomSearch(Square, seed), 81, 4, 3, 2);
            long epochs = 0;
            int[] rungs = [1, 3, 9, 27];
            while (schedule.Next() is SweepJob job)
            {
                epochs += rungs[job.Rung] - (job.Rung > 0 ? rungs[job.Rung - 1] : 0);
                schedule.Report(job, Score(schedule.Points[job.Trial], job.Rung));
            }
            double best = schedule.Points.Min(p => Score(p, 3));
            close += Score(schedule.Points[schedule.Best!.Value], 3) <= best + 0.01 ? 1 : 0;
            Assert.InRange(epochs, 81, 0.4 * 81 * 27);
        }
        Assert.InRange(close, 8, 10);
    }

    // Ends jobs in an order of its own; gives all that was decided.
    private static string Run(ISearch search, int trials, int rungs, int factor, int lag, ulong order)
    {
        var schedule = new SweepSchedule(search, trials, rungs, factor, lag);
        var random = new RandomStream(order, Purpose.Generate);
        var running = new List<SweepJob>();
        var done = new SortedSet<string>(StringComparer.Ordinal);
        while (true)
        {
            while (running.Count < lag && schedule.Next() is SweepJob job)
                running.Add(job);
            if (running.Count == 0)
                break;
            SweepJob ended = running[random.NextInt(running.Count)];
            running.Remove(ended);
            schedule.Report(ended, Score(schedule.Points[ended.Trial], ended.Rung));
            done.Add($"{ended.Trial} {ended.Rung} {string.Join(' ', schedule.Points[ended.Trial].Select(p => p.ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}");
        }
        Assert.True(schedule.IsOver);
        return $"{schedule.Best}\n{string.Join('\n', done)}";
    }
}
