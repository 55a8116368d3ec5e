using GpuGrad.Training.Config;
using GpuGrad.Training.Health;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Health;

/// <summary>A loss that does not fall is noticed however long it fell before, and without keeping all of it.</summary>
public sealed class LossRuleTests
{
    private readonly HealthState state = new();
    private readonly HealthWatch watch;

    public LossRuleTests()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["config.yaml"], """
            data: {dataset: blobs}
            model: [{dense: 3}]
            train: {epochs: 5, optimizer: {sgd: {lr: 0.1}}}
            """);
        watch = new HealthWatch(RunConfigFile.Load(folder["config.yaml"]), state, new RunFacts { Samples = 100, TotalSteps = 50, ExpectedLoss = 1.0986 });
    }

    [Fact]
    public void A_loss_is_compared_with_the_best_of_all_earlier_epochs()
    {
        int[] raised = [.. Epochs([1.0, 0.2, 0.6, 0.5, 0.4, 0.3, 0.25])];
        // Epochs 3 to 5 are the first three in a row of which none is below epoch 2's.
        Assert.Equal([5], raised);
    }

    [Fact]
    public void A_long_run_that_falls_raises_nothing_and_keeps_four_numbers()
    {
        Assert.Empty(Epochs(Enumerable.Range(0, 500).Select(i => Math.Exp(-0.01 * i))));
        Assert.Equal(4, state.EpochLosses.Count);
        Assert.Equal(Math.Exp(-4.96), state.EpochLosses[0], 1e-12);
    }

    [Fact]
    public void What_an_earlier_version_kept_is_read_too()
    {
        state.EpochLosses.AddRange([0.9, 0.2, 0.7, 0.6, 0.6, 0.6]);
        Assert.Single(Epochs([0.55]));
        Assert.Equal([0.2, 0.6, 0.6, 0.55], state.EpochLosses);
    }

    [Fact]
    public void A_loss_far_above_a_guess_is_an_alarm_at_once_and_one_that_was_as_high_before_is_none()
    {
        Assert.Equal([2], Epochs([1.0, 1e27, 1e28]));
        state.Raised.Clear();
        state.LowestLoss = null;
        Assert.Empty(Epochs([900, 800, 300]));
    }

    [Fact]
    public void Samples_not_trained_on_see_what_the_last_step_of_an_epoch_did()
    {
        Assert.Empty(watch.AfterEpoch(10, new EpochFigures(1.0, 0.5, 100), new EpochFigures(1.0, 0.5, 100)));
        Alarm alarm = Assert.Single(watch.AfterEpoch(20, new EpochFigures(0.9, 0.5, 100), new EpochFigures(2e28, 0.5, 100)));
        Assert.Equal(AlarmCatalog.LossStuck, alarm.Id);
        Assert.Contains("the loss on samples not trained on of this epoch is 2E+28, it was 1;", alarm.Finding, StringComparison.Ordinal);
    }

    // The epochs, counted from 1, after which an alarm is raised.
    private IEnumerable<int> Epochs(IEnumerable<double> losses) => losses.Select((loss, i) => (Epoch: i + 1, Alarms: watch.AfterEpoch(10 * i, new EpochFigures(loss, 0.5, 100)).ToList()))
        .Where(e => e.Alarms.Count > 0).Select(e => e.Epoch).ToList();
}
