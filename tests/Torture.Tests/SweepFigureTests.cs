using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Sweeps;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// What searches are worth on a LeNet that learns digits, trained in this process. The long form compares over ten seeds and leaves its figures; the short one sees
/// that the sweeps end and keep to their budgets.
/// </summary>
public sealed class SweepFigureTests : IDisposable
{
    private static readonly int Seeds = Effort.Count(1, 10);

    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-sweeps-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Parzen_estimators_find_a_better_lenet_than_random_search_with_as_many_trials()
    {
        int trials = Effort.Count(4, 40), won = 0;
        var lines = new List<string>();
        for (int seed = 1; seed <= Seeds; seed++)
        {
            (double tpe, double random) = (Search(seed, $"search: tpe\ntrials: {trials}\n", epochs: 4).Best, Search(seed, $"search: random\ntrials: {trials}\n", epochs: 4).Best);
            won += tpe < random ? 1 : 0;
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{tpe:F4} {random:F4}"));
        }
        Effort.Report("sweep-tpe", $"the better LeNet in {won} of {Seeds} seeds with {trials} trials each; validation loss of TPE and random search: {string.Join(", ", lines)}");
        Assert.True(!Effort.IsLong || won >= 8, string.Join('\n', lines));
    }

    [Fact]
    public void Halving_reaches_what_random_search_reaches_with_two_fifths_of_the_steps()
    {
        int trials = Effort.Count(4, 27), epochs = Effort.Count(3, 27), reached = 0;
        var lines = new List<string>();
        for (int seed = 1; seed <= Seeds; seed++)
        {
            Searched random = Search(seed, $"search: random\ntrials: {trials}\n", epochs);
            Searched halving = Search(seed, $"search: random\ntrials: {2 * trials}\nhalving: 3\n", epochs);
            double share = halving.StepsTo(random.Best) / (double)random.Steps;
            reached += share <= 0.4 ? 1 : 0;
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{share:F2} ({halving.Best:F4} {random.Best:F4})"));
            Assert.True(double.IsFinite(halving.Best) && (!Effort.IsLong || halving.Steps < random.Steps), lines[^1]);
        }
        Effort.Report("sweep-halving", $"random search's best of {trials} trials within 40 % of its steps in {reached} of {Seeds} seeds; share of the steps (best validation loss of halving over {2 * trials} trials, of random search): {string.Join(", ", lines)}");
        Assert.True(!Effort.IsLong || reached >= 8, string.Join('\n', lines));
    }

    private Searched Search(int seed, string how, int epochs)
    {
        string path = Path.Combine(folder, "sweep.yaml");
        File.WriteAllText(Path.Combine(folder, "base.yaml"), string.Create(CultureInfo.InvariantCulture, $$$"""
            seed: {{{seed}}}
            device: cpu
            data: {dataset: {digits: {train: 600, test: 10}}, validation: 0.25, batch: 32}
            model:
              - conv: {filters: 6, kernel: 5, padding: same}
              - relu
              - maxpool: 2
              - conv: {filters: 16, kernel: 5}
              - relu
              - maxpool: 2
              - flatten
              - dense: 120
              - relu
              - dense: 84
              - relu
              - dense: 10
            train: {epochs: {{{epochs}}}, optimizer: {sgd: {lr: 0.05, momentum: 0.9, weight-decay: 5e-4} } }
            diagnostics: 0
            """));
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $$"""
            base: base.yaml
            monitor: loss
            seed: {{seed}}
            space:
              train.optimizer.sgd.lr: {log-range: [1e-3, 0.5]}
              train.optimizer.sgd.momentum: {range: [0.5, 0.98]}
              train.optimizer.sgd.weight-decay: {log-range: [1e-6, 1e-2]}
              data.batch: {choice: [16, 32, 64, 128]}
              model.1: {choice: [relu, gelu, tanh]}
              model.8: {choice: [relu, gelu, tanh]}
            {{how}}
            """));
        SweepPlan plan = SweepPlan.Load(path);
        using var trials = new Trials(plan);
        var sweep = new Sweep(plan, trials, parallel: 1, lag: 1);
        var progress = new List<(long Steps, double Best)>();
        sweep.Run((_, result) => progress.Add((trials.Steps, Math.Min(result.Figure ?? double.PositiveInfinity, progress.Count > 0 ? progress[^1].Best : double.PositiveInfinity))), CancellationToken.None).GetAwaiter().GetResult();
        Assert.True(sweep.IsOver);
        return new Searched(progress);
    }

    /// <summary>A sweep that has ended.</summary>
    /// <param name="Progress">The steps of all trials so far and the best figure, after each result.</param>
    private sealed record Searched(IReadOnlyList<(long Steps, double Best)> Progress)
    {
        public double Best => Progress[^1].Best;

        public long Steps => Progress[^1].Steps;

        /// <summary>Steps until a figure was reached; more than all where it never was.</summary>
        public long StepsTo(double figure) => Progress.Where(p => p.Best <= figure).Select(p => p.Steps).FirstOrDefault(long.MaxValue);
    }

    /// <summary>Trains in this process; a trial that goes on has kept its trainer.</summary>
    private sealed class Trials(SweepPlan plan) : ITrialRunner, IDisposable
    {
        private readonly Device device = DeviceCatalog.Open("cpu", 2);
        private readonly TrainingData data = TrainingData.Load(plan.Base.Config, new DataContext(".", plan.Base.Config.Seed));
        private readonly Dictionary<int, (Trainer Trainer, Best Best)> trials = [];

        public long Steps { get; private set; }

        public Task<TrialResult?> Train(int trial, IReadOnlyList<string> overrides, int epochs, int slot, CancellationToken stop)
        {
            if (!trials.TryGetValue(trial, out (Trainer Trainer, Best Best) one))
            {
                var best = new Best(plan.Monitor);
                trials[trial] = one = (new Trainer(RunConfigFile.Load(plan.BasePath, overrides).Config, data, device, best), best);
            }
            long before = one.Trainer.State.Step;
            try
            {
                one.Trainer.Run(stop, epochs);
                return Task.FromResult<TrialResult?>(new TrialResult(one.Best.Figure, epochs));
            }
            catch (GpuGradException e) when (e.Fault == Fault.NonFinite)
            {
                return Task.FromResult<TrialResult?>(new TrialResult(null, one.Trainer.State.Epoch, e.Message, 4));
            }
            finally
            {
                Steps += one.Trainer.State.Step - before;
            }
        }

        public void Dispose()
        {
            foreach ((Trainer trainer, _) in trials.Values)
                trainer.Dispose();
            device.Dispose();
        }
    }

    private sealed class Best(Metric monitor) : IRunObserver
    {
        public double Figure { get; private set; } = double.PositiveInfinity;

        public void OnEpoch(Trainer trainer, EpochReport report) => Figure = Math.Min(Figure, report.Figure(monitor) is var loss && double.IsNaN(loss) ? double.PositiveInfinity : loss);
    }
}
