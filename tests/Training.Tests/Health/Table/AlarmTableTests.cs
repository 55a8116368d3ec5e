using GpuGrad.Training.Diagnostics.AdviceTrials;
using GpuGrad.Training.Health;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Health.Table;

/// <summary>Good networks are left in peace, broken ones are named, and what is advised helps.</summary>
public sealed class AlarmTableTests
{
    public static TheoryData<string> Good => [.. AlarmTable.All.Where(n => n.IsGood).Select(n => n.Name)];

    public static TheoryData<string> Broken => [.. AlarmTable.All.Where(n => !n.IsGood).Select(n => n.Name)];

    [Theory]
    [MemberData(nameof(Good))]
    public void A_good_network_raises_no_alarm(string name)
    {
        foreach (int seed in new[] { 1, 2, 3 })
            Assert.Empty(Train(name, [$"seed={seed}"]).Alarms.Select(a => $"seed {seed}: {a.Id} {a.Finding}"));
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_network_is_named_and_each_printed_line_makes_it_better(string name)
    {
        Outcome broken = Train(name, []);
        string expected = AlarmTable.All.Single(n => n.Name == name).Expected;
        Assert.Contains(expected, broken.Alarms.Select(a => a.Id));
        foreach (Advice advice in broken.Alarms.SelectMany(a => Advice.In(a.Id, a.Remedy)).DistinctBy(a => a.Line))
        {
            Outcome better = Train(name, [.. advice.Settings]);
            Assert.True(better.Score > broken.Score, $"{advice.Alarm} advises {advice.Line}: {better.Score}, it was {broken.Score}");
        }
    }

    [Fact]
    public void Half_of_the_table_is_good_and_every_alarm_of_a_start_or_an_epoch_is_in_it()
    {
        Assert.InRange(AlarmTable.All.Count(n => n.IsGood), 15, AlarmTable.All.Count / 2);
        string[] elsewhere = [AlarmCatalog.SaturatedUnits, AlarmCatalog.Vanishing, AlarmCatalog.Exploding, AlarmCatalog.ClippingBinds];
        Assert.Equal(AlarmCatalog.All.Select(k => k.Id).Except(elsewhere), AlarmTable.All.Where(n => !n.IsGood).Select(n => n.Expected).Distinct().Order());
    }

    private static Outcome Train(string name, string[] overrides)
    {
        using var run = new TestRun(AlarmTable.All.Single(n => n.Name == name).Yaml, overrides: overrides, prepare: TableData.WriteAll);
        EpochReport? final = null;
        try
        {
            final = run.Run().Final;
        }
        catch (NonFiniteException)
        {
            // As bad as it gets.
        }
        return new Outcome([.. run.Alarms.Where(a => !a.IsRemark)], final is null ? double.NegativeInfinity : Score(run, final));
    }

    // The mean over classes of the share found (so that a rare class counts like any other); the loss decides between equals.
    private static double Score(TestRun run, EpochReport final)
    {
        if (run.Data.Test?.Labels is not int[] labels)
            return -(final.Test ?? final.Train).Loss;
        run.Session.Dispose();
        int[,] confusion = Judgement.Of(TrainedModel.Open(run.Folder.Path), run.Data.Test, null, run.Device).Confusion;
        double recall = labels.Distinct().Average(c => (double)confusion[c, c] / labels.Count(l => l == c));
        return recall - (1e-3 * Math.Min(final.Test!.Value.Loss, 100));
    }

    private sealed record Outcome(IReadOnlyList<Alarm> Alarms, double Score);
}
