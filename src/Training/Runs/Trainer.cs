using System.Diagnostics;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>Mini-batch gradient descent: epochs of steps, with observers called after each.</summary>
public sealed class Trainer : IDisposable
{
    private readonly RunConfig config;
    private readonly TrainingData data;
    private readonly RunSources sources;
    private readonly Monitor monitor;
    private readonly StepRunner steps;
    private readonly EpochJudge judge;
    private readonly FiniteWatch finite;
    private readonly List<IRunObserver> observers = [];
    private readonly RankGroup? group; // null for one process
    private readonly Stopwatch clock = new();
    private double secondsAtEpochStart;
    private double secondsBefore;

    /// <param name="config">The experiment.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="device">The device; not disposed by the trainer.</param>
    /// <param name="observer">Receives every step and epoch.</param>
    /// <param name="ranks">The processes that train together, of which this is one; null for a single process. All have the same config and data.</param>
    public Trainer(RunConfig config, TrainingData data, Device device, IRunObserver? observer = null, ICollectives? ranks = null)
    {
        config = config.For(data);
        this.config = config;
        this.data = data;
        EpochOrder.Check(config.Data, data.Train);
        Network = ModelCheck.Check(config, data.Shape);
        Monitor.RequireReachable(config.Target, data);
        sources = new RunSources(config, data);
        monitor = new Monitor(config.Train, sources.Validation is not null, sources.Test is not null);
        RequireFigures();
        RankShare share = ranks is null ? RankShare.Alone : new RankShare(ranks.Rank, ranks.Size);
        if (Math.Min(config.Data.Batch, sources.Train.Count) < share.Size)
            throw ConfigException.At(config.Data.Source, $"a batch of {Math.Min(config.Data.Batch, sources.Train.Count)} samples for {share.Size} ranks; expected at least one for each: a larger data.batch, or fewer ranks");
        if (share.Size > 1 && config.Data.InStreams)
            throw ConfigException.At(config.Data.Dataset!.Source, $"text has 'streams', whose state would be spread over {share.Size} ranks, but a checkpoint holds that of one; expected one process, or no 'streams'");
        if (share.Size > 1 && config.Diagnostics.OnDead != OnDead.Nothing)
            throw ConfigException.At(config.Diagnostics.Source, $"diagnostics.on-dead: each of {share.Size} ranks sees a part of the samples, and a unit that is dead for one may be alive for another; expected one process, or no 'on-dead'");
        Model = new Model(config, Network, device, share);
        try
        {
            Model.Load(config.Seed, sources.Train, sources.Evaluated, config.Data.Batch);
        }
        catch
        {
            Model.Dispose();
            throw;
        }
        group = ranks is null ? null : new RankGroup(ranks, Model, overlaps: config.Train.Accumulate == 1 && !device.RunsAhead);
        steps = new StepRunner(config, Model, sources, new WatchSchedule(config.Diagnostics, Cost), share, group);
        judge = new EpochJudge(config, data, Model, sources, monitor, group);
        finite = new FiniteWatch(config.Train.LogEvery, isOneOfMany: group is not null);
        observers.Add(finite);
        if (observer is not null)
            observers.Add(observer);
    }

    public Network Network { get; }

    public Model Model { get; }

    /// <summary>Cost of the diagnostics; steps are counted here, other work by its caller.</summary>
    public DiagnosticsCost Cost { get; } = new();

    /// <summary>The metric that epochs are compared by.</summary>
    public Metric Judged => monitor.Judged;

    /// <summary>Number of training samples.</summary>
    public int Samples => sources.Train.Count;

    /// <summary>Outcome of the last step.</summary>
    public StepRecord? LastStep => steps.Last;

    /// <summary>The changing state; a resumed run starts with the saved one.</summary>
    public RunState State { get; set; } = new();

    /// <summary>Number of steps in the whole run.</summary>
    public long TotalSteps => (long)sources.StepsPerEpoch * config.Train.Epochs;

    /// <summary>Whether nothing is left to train: all epochs are done, or the run was stopped early.</summary>
    public bool IsOver => State.Epoch >= config.Train.Epochs || monitor.ShouldStop(State);

    /// <summary>Training time so far, before resuming included.</summary>
    public double Seconds => secondsBefore + clock.Elapsed.TotalSeconds;

    /// <summary>Means over the epoch so far; reads the device.</summary>
    public EpochFigures Running => Model.ReadTotals(Model.Memory.Totals);

    /// <summary>Adds an observer, called after those that were added before.</summary>
    public void Observe(IRunObserver observer) => observers.Add(observer);

    /// <summary>Trains until the last epoch, an early stop or a request to stop.</summary>
    /// <param name="stop">Stops after the current step.</param>
    /// <param name="until">Stops after this epoch, to be resumed later.</param>
    public RunResult Run(CancellationToken stop = default, int until = int.MaxValue)
    {
        Begin();
        EpochReport? last = null;
        while (!IsOver)
        {
            if (State.Epoch >= until)
                return new RunResult(RunStatus.Stopped, last ?? Report(Unmeasured));
            BeginEpoch();
            while (State.Cursor < sources.EpochSize)
            {
                // Ranks stop together: a rank that is asked to stop announces it with its next step.
                if (group?.Stops ?? stop.IsCancellationRequested)
                    return new RunResult(RunStatus.Stopped, last ?? Report(Running));
                Step(stop.IsCancellationRequested);
            }
            last = EndEpoch();
        }
        if (State.KeptEpoch > 0 && State.KeptEpoch != State.Epoch)
        {
            Model.RestoreBest();
            last = null;
        }
        return new RunResult(monitor.ShouldStop(State) ? RunStatus.EarlyStopped : RunStatus.Finished, last ?? Report(Unmeasured));
    }

    private void Begin()
    {
        if (group is not null)
        {
            State = group.Share(State);
            group.ShareModel();
        }
        secondsBefore = State.Seconds;
        finite.Begin(State.Step);
        clock.Restart();
    }

    private void BeginEpoch()
    {
        steps.BeginEpoch(EpochOrder.Of(config.Data, data.Train, config.Seed, State.Epoch));
        if (State.Cursor == 0)
        {
            Model.ClearTotals(Model.Memory.Totals);
            Model.Memory.Carried.Clear(Model.DeviceMemory);
        }
        secondsAtEpochStart = Seconds;
    }

    private void Step(bool stop)
    {
        double begin = clock.Elapsed.TotalSeconds;
        StepReport report = steps.Run(State, RateAt(State.Step), stop);
        if (!Model.Device.RunsAhead && steps.WasWhole)
            Cost.Step(report.Watched, clock.Elapsed.TotalSeconds - begin);
        State.Seconds = Seconds;
        foreach (IRunObserver observer in observers)
            observer.OnStep(this, report);
    }

    private EpochReport EndEpoch()
    {
        finite.Require(this);
        EpochFigures trained = Running;
        State.Epoch++;
        State.Cursor = 0;
        (State.LastTrainLoss, State.LastTrainAccuracy) = (trained.Loss, trained.Accuracy);
        EpochReport report = Report(trained);
        if (monitor.Note(report, State))
            Model.KeepBest();
        State.Seconds = Seconds;
        foreach (IRunObserver observer in observers)
            observer.OnEpoch(this, report);
        return report;
    }

    // The metrics of an epoch that was trained before resuming.
    private EpochFigures Unmeasured => new(State.LastTrainLoss, State.LastTrainAccuracy, 0);

    private EpochReport Report(EpochFigures trained)
    {
        double seconds = Seconds - secondsAtEpochStart;
        return judge.Judge(new EpochReport
        {
            Epoch = State.Epoch,
            Step = State.Step,
            Train = trained,
            Rate = RateAt(Math.Max(0, State.Step - 1)),
            Seconds = Seconds,
            SamplesPerSecond = seconds > 0 ? trained.Samples / seconds : 0,
        });
    }

    /// <summary>
    /// Throws if a loss of the epoch so far was not finite: then neither is their sum. A device that runs ahead is
    /// read every <see cref="TrainConfig.LogEvery"/> steps, at the end of an epoch and before anything is saved.
    /// </summary>
    /// <exception cref="NonFiniteException">Names the range of steps in which it happened.</exception>
    public void RequireFinite() => finite.Require(this);

    /// <summary>Runs a step again from the model's current state; nothing is counted or reported.</summary>
    internal void Repeat(StepRecord record) => steps.Repeat(record);

    /// <summary>The outputs of the layers for some samples, as in an evaluation; empty unless a log of the config shows them.</summary>
    internal IReadOnlyList<(string Layer, float[] Values)> Activations() => sources.Shown is null ? [] : Model.Activations(sources.Shown, config.Data.Batch);

    /// <summary>Evaluates the current weights on the validation and the test samples: loss and accuracy by name of the set.</summary>
    public IReadOnlyDictionary<string, (EpochFigures Figures, EvaluationReport? Report)> Judge() => judge.All();

    public void Dispose() => Model.Dispose();

    private void RequireFigures()
    {
        foreach ((MetricSet set, SampleSet? samples) in new[] { (MetricSet.Validation, data.Validation), (MetricSet.Test, data.Test) })
        {
            if (samples is not null)
                monitor.Require(set, () => Evaluator.FiguresOf(config.Loss, samples, data.Shape.Classes, Network.Output));
        }
    }

    private double RateAt(long step) =>
        Math.Min(float.MaxValue, config.Train.Optimizer.Lr * State.PlateauFactor * config.Train.Schedule.FactorAt(new Progress(step, TotalSteps, sources.StepsPerEpoch)));
}
