using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics.AdviceTrials;

/// <summary>
/// Tries what the alarms of a run advise: trains from the same initial weights, over the same samples in the same order, once with the config unchanged and once with
/// each advice, and compares the results. The run itself is not changed.
/// </summary>
/// <param name="load">Loads the experiment with settings added, as <c>--set</c> takes them.</param>
/// <param name="data">Its samples.</param>
/// <param name="device">The device to train on.</param>
/// <param name="progress">Reports the current work, with the share that is done.</param>
public sealed class AdviceTrial(Func<IEnumerable<string>, LoadedConfig> load, TrainingData data, Device device, Action<string, double>? progress = null)
{
    private const int MostAdvices = 4, MostJudged = 2000;
    private const long FewestSteps = 200;
    private const string Training = "training";

    /// <summary>The advices of a run's alarms that can be typed, each once.</summary>
    /// <param name="log">The run's log.</param>
    public static IReadOnlyList<Advice> AdvicesIn(RunLog log) =>
        [.. log.Alarms.SelectMany(a => Advice.In(a.Texts["alarm"], a.Texts.GetValueOrDefault("remedy", ""))).DistinctBy(a => a.Line).Take(MostAdvices)];

    /// <summary>Trains and compares.</summary>
    /// <param name="advices">The advice to try.</param>
    /// <param name="alarmed">The last step at which an alarm was raised: trials train for twice as many steps.</param>
    public AdviceReport Run(IReadOnlyList<Advice> advices, long alarmed)
    {
        LoadedConfig before = load([]);
        long steps = Math.Max(FewestSteps, 2 * alarmed);
        (AdviceResult asItIs, long done) = Train(before, data, "as it is", steps);
        var outcomes = new List<AdviceOutcome>();
        foreach (Advice advice in advices)
        {
            (AdviceResult result, long also) = Try(advice, steps);
            done = Math.Max(done, also);
            bool isSameLoss = !advice.Settings.Any(s => s.StartsWith("loss", StringComparison.Ordinal));
            outcomes.Add(new AdviceOutcome(advice, result, result.Against(asItIs, isSameLoss)));
        }
        return new AdviceReport(done, JudgedBy, asItIs, outcomes);
    }

    // Of settings that were advised for this config, some may still not fit it.
    private (AdviceResult Result, long Steps) Try(Advice advice, long steps)
    {
        try
        {
            LoadedConfig loaded = load(advice.Settings);
            bool changesData = advice.Settings.Any(s => s.StartsWith("data", StringComparison.Ordinal));
            TrainingData samples = changesData ? TrainingData.Load(loaded.Config, new DataContext(loaded.Folder, loaded.Config.Seed)) : data;
            return Train(loaded, samples, advice.Line, steps);
        }
        catch (GpuGradException e) when (e.Fault is Fault.Config or Fault.Memory)
        {
            return (AdviceResult.Failed(e.Message), 0);
        }
    }

    private (AdviceResult Result, long Steps) Train(LoadedConfig loaded, TrainingData samples, string what, long steps)
    {
        RunConfig config = loaded.Config with { Target = null, Log = [], Diagnostics = loaded.Config.Diagnostics with { Every = 0 } };
        using var enough = new CancellationTokenSource();
        using var trainer = new Trainer(config, WithJudged(samples), device, new StepLimit(steps, share => progress?.Invoke(what, share), enough));
        try
        {
            RunResult result = trainer.Run(enough.Token);
            if (result.Status == RunStatus.Stopped && trainer.State.KeptEpoch > 0)
                trainer.Model.RestoreBest();
            trainer.RequireFinite();
        }
        catch (NonFiniteException e)
        {
            return (AdviceResult.Failed(e.Message.Split(';')[0]), trainer.State.Step);
        }
        (EpochFigures figures, EvaluationReport? report) = trainer.Judge()[JudgedBy == Training ? "validation" : JudgedBy];
        string figure = new[] { "balanced_accuracy", "rmse" }.FirstOrDefault(n => report is not null && double.IsFinite(report[n])) ?? "loss";
        double value = figure == "loss" ? figures.Loss : report![figure];
        return (double.IsFinite(figures.Loss) ? new AdviceResult(figures.Loss, figure, value) : AdviceResult.Failed($"its loss is {figures.Loss}"), trainer.State.Step);
    }

    private string JudgedBy => data.Validation is not null ? "validation" : data.Test is not null ? "test" : Training;

    // Without validation and test samples, trials are compared on some of the training samples.
    private TrainingData WithJudged(TrainingData samples)
    {
        if (JudgedBy != Training)
            return samples;
        int[] order = new RandomStream(1, Purpose.Explore, 901).Permutation(samples.Train.Count);
        return samples with { Validation = samples.Train.Part(order.AsSpan(0, Math.Min(MostJudged, order.Length))) };
    }
}
