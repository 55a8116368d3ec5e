using System.Diagnostics;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>Mini-batch gradient descent: epochs, batches, and what hangs on them.</summary>
public sealed class Trainer : IDisposable
{
    private readonly RunConfig config;
    private readonly TrainingData data;
    private readonly IRunObserver observer;
    private readonly Monitor monitor;
    private readonly BatchSource train;
    private readonly BatchSource? validation;
    private readonly BatchSource? test;
    private readonly BatchSource? shown; // samples whose activations a log shows
    private readonly int epochSize;
    private readonly int stepsPerEpoch;
    private readonly Stopwatch clock = new();
    private readonly List<BatchRecord> batchesOfStep = [];
    private int[] order = [];
    private double secondsAtEpochStart;
    private double secondsBefore;
    private readonly RankShare share;
    private readonly RankGroup? group; // null for one process
    private readonly bool hasMasks; // random ones of its own, which ranks must not have alike
    private long finiteStep; // the last that is known to have had a finite loss

    /// <param name="config">The experiment.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="device">Where it runs; not disposed by the trainer.</param>
    /// <param name="observer">Told of every step and epoch.</param>
    /// <param name="ranks">The processes that train it together, of which this is one; null for this one alone. All have the same config and data.</param>
    public Trainer(RunConfig config, TrainingData data, Device device, IRunObserver? observer = null, ICollectives? ranks = null)
    {
        config = config.For(data);
        this.config = config;
        this.data = data;
        EpochOrder.Check(config.Data, data.Train);
        this.observer = observer ?? new Observers();
        Network = ModelCheck.Check(config, data.Shape);
        RequireReachable(config.Target, data);
        train = new BatchSource("train", data.Train, data.Normalization, data.Augmentation, config.Data.Batch);
        validation = data.Validation is null ? null : new BatchSource("validation", data.Validation, data.Normalization, batch: config.Data.Batch);
        test = data.Test is null ? null : new BatchSource("test", data.Test, data.Normalization, batch: config.Data.Batch);
        shown = Logs.ShownSamples.Of(config, data);
        Monitor.Check(config.Train, validation is not null, test is not null);
        monitor = new Monitor(config.Train, validation is not null, test is not null);
        RequireFigures();
        epochSize = config.Data.DropLast && train.Count >= config.Data.Batch ? train.Count / config.Data.Batch * config.Data.Batch : train.Count;
        long samplesPerStep = (long)config.Data.Batch * config.Train.Accumulate;
        stepsPerEpoch = (int)((epochSize + samplesPerStep - 1) / samplesPerStep);
        share = ranks is null ? RankShare.Alone : new RankShare(ranks.Rank, ranks.Size);
        if (Math.Min(config.Data.Batch, train.Count) < share.Size)
            throw ConfigException.At(config.Data.Source, $"a batch of {Math.Min(config.Data.Batch, train.Count)} samples for {share.Size} ranks; expected at least one for each: a larger data.batch, or fewer ranks");
        Model = new Model(config, Network, device, share);
        try
        {
            Model.Load(config.Seed, train, [.. new[] { validation, test, shown }.OfType<BatchSource>()], config.Data.Batch);
        }
        catch
        {
            Model.Dispose();
            throw;
        }
        if (ranks is not null)
        {
            group = new RankGroup(ranks, Model);
            hasMasks = Model.Training(WholePart).Graph.Graph.Nodes.Any(n => n.Inputs.Any(t => t.Name == "rng"));
        }
    }

    public Network Network { get; }

    public Model Model { get; }

    /// <summary>What watching costs; told of steps here, of other work by whoever does it.</summary>
    public DiagnosticsCost Cost { get; } = new();

    /// <summary>What epochs are compared by.</summary>
    public Metric Judged => monitor.Judged;

    /// <summary>Training samples.</summary>
    public int Samples => train.Count;

    /// <summary>What decided the last step, whether it succeeded or not.</summary>
    public StepRecord? LastStep { get; private set; }

    /// <summary>What changes; a resumed run begins with the one that was saved.</summary>
    public RunState State { get; set; } = new();

    // Samples of this process in a whole batch.
    private int WholePart => share.Of(Math.Min(config.Data.Batch, train.Count)).Length;

    /// <summary>Steps of the whole run.</summary>
    public long TotalSteps => (long)stepsPerEpoch * config.Train.Epochs;

    /// <summary>Whether nothing is left to train: all epochs are done, or the run was stopped early.</summary>
    public bool IsOver => State.Epoch >= config.Train.Epochs || monitor.ShouldStop(State);

    /// <summary>Training time so far, earlier sittings included.</summary>
    public double Seconds => secondsBefore + clock.Elapsed.TotalSeconds;

    /// <summary>Means over the epoch so far; reads the device.</summary>
    public EpochFigures Running => Model.ReadTotals(Model.Memory.Totals);

    /// <summary>Trains until the last epoch, an early stop or a request to stop.</summary>
    /// <param name="stop">Stops after the step that is being done.</param>
    /// <param name="until">Stops after this epoch of the config's, to be resumed later.</param>
    public RunResult Run(CancellationToken stop = default, int until = int.MaxValue)
    {
        if (group is not null)
        {
            State = group.Share(State);
            group.ShareModel();
        }
        secondsBefore = State.Seconds;
        finiteStep = State.Step;
        clock.Restart();
        EpochReport? last = null;
        while (!IsOver)
        {
            if (State.Epoch >= until)
                return new RunResult(RunStatus.Stopped, last ?? Report(new EpochFigures(State.LastTrainLoss, double.NaN, 0)));
            BeginEpoch();
            while (State.Cursor < epochSize)
            {
                // Ranks stop together: one that is asked to says so with its next step.
                if (group?.Stops ?? stop.IsCancellationRequested)
                    return new RunResult(RunStatus.Stopped, last ?? Report(Running));
                Step(stop);
            }
            last = EndEpoch();
        }
        if (State.KeptEpoch > 0 && State.KeptEpoch != State.Epoch)
        {
            Model.RestoreBest();
            last = null;
        }
        last ??= Report(new EpochFigures(State.LastTrainLoss, double.NaN, 0));
        return new RunResult(monitor.ShouldStop(State) ? RunStatus.EarlyStopped : RunStatus.Finished, last);
    }

    private void BeginEpoch()
    {
        order = EpochOrder.Of(config.Data, data.Train, config.Seed, State.Epoch);
        train.Shuffle(Model.DeviceMemory, order);
        if (State.Cursor == 0)
            Model.ClearTotals(Model.Memory.Totals);
        secondsAtEpochStart = Seconds;
    }

    private void Step(CancellationToken stop)
    {
        double rate = RateAt(State.Step);
        int batchesLeft = (int)(((long)epochSize - State.Cursor + config.Data.Batch - 1) / config.Data.Batch);
        int batches = Math.Min(config.Train.Accumulate, batchesLeft);
        bool watched = config.Diagnostics.Every > 0 && State.Step % config.Diagnostics.Every == 0;
        // A device that runs ahead is asked for the losses of a step's batches only where somebody will ask for the step's.
        bool asked = watched || group is not null || !Model.Device.RunsAhead || (State.Step + 1) % config.Train.LogEvery == 0;
        batchesOfStep.Clear();
        StepLoss before = default;
        for (int i = 1; i < batches; i++)
        {
            BoundGraph part = NextBatch(rate);
            if (batchesOfStep[^1].Size == 0)
                continue;
            part.Plan.Run(Phase.Batch, Phase.Backward);
            before = asked ? before.With(part) : before;
        }
        BoundGraph step = NextBatch(rate, watched);
        double begin = clock.Elapsed.TotalSeconds;
        if (group is null)
            step.Plan.Run();
        else
            RunTogether(step, before, stop.IsCancellationRequested);
        State.Step++;
        LastStep = new StepRecord(State.Step, State.Epoch + 1, rate, step == Model.Watched, [.. batchesOfStep]);
        var report = new StepReport(State.Epoch, State.Step, State.Cursor, epochSize, rate, step, LastStep.Watched) { Before = before, OfAllRanks = group?.Loss };
        if (!Model.Device.RunsAhead || group is not null || State.Step % config.Train.LogEvery == 0)
            RequireFinite(report);
        if (!Model.Device.RunsAhead && step.Graph.BatchSize == share.Of(config.Data.Batch).Length)
            Cost.Step(LastStep.Watched, clock.Elapsed.TotalSeconds - begin);
        State.Seconds = Seconds;
        observer.OnStep(this, report);
    }

    /// <summary>
    /// Looks whether every loss of the epoch so far was finite: their sum is not, if one was not. A device that runs ahead is
    /// asked every <see cref="TrainConfig.LogEvery"/> steps, at the end of an epoch and before anything is saved.
    /// </summary>
    /// <exception cref="NonFiniteException">Names the steps among which it happened.</exception>
    public void RequireFinite()
    {
        if (State.Step > finiteStep)
            RequireFinite(Running.Loss, null);
    }

    // On a device that runs ahead the loss is the mean over the epoch so far: finite only if that of every step was.
    private void RequireFinite(in StepReport step) =>
        RequireFinite(Model.Device.RunsAhead && group is null ? Running.Loss : step.Loss, step.Bound.Graph.GradientNorm is null ? null : step.Bound.GradientNorm);

    private void RequireFinite(double loss, double? norm)
    {
        if (!double.IsFinite(loss) || (norm is double n && !double.IsFinite(n)))
            throw new NonFiniteException(State.Step, State.Epoch + 1, loss, norm ?? double.NaN, first: finiteStep + 1);
        finiteStep = State.Step;
    }

    private BoundGraph NextBatch(double rate, bool watched = false)
    {
        int whole = Math.Min(config.Data.Batch, epochSize - State.Cursor);
        (int begin, int size) = share.Of(whole);
        begin += State.Cursor;
        long number = State.Batches + (hasMasks ? (long)share.Rank << 32 : 0);
        Model.SetStep(config.Seed, number, begin, State.Step, rate);
        if (size > 0)
            train.Provide(Model.DeviceMemory, begin, size, new BatchTime(config.Seed, number));
        batchesOfStep.Add(new BatchRecord(number, order, begin, size));
        State.Cursor += whole;
        State.Batches++;
        State.Samples += whole;
        // Batches that an epoch's end cuts short are not looked into. A rank that has no sample of one still updates with the others.
        return watched && Model.Watched is { } probed && probed.Graph.BatchSize == size ? probed : Model.Training(size > 0 ? size : WholePart);
    }

    // The gradient of the whole batch is known once every rank has that of its part.
    private void RunTogether(BoundGraph step, StepLoss before, bool stop)
    {
        StepLoss loss = before;
        if (batchesOfStep[^1].Size > 0)
        {
            step.Plan.Run(Phase.Batch, Phase.Backward);
            loss = before.With(step);
        }
        group!.Combine(loss.Weight > 0 ? loss.Mean : 0, batchesOfStep.Sum(b => b.Size), stop, last: State.Cursor >= epochSize);
        step.Plan.Run(Phase.Update, Phase.Update);
    }

    /// <summary>Runs a step again on the state that the model has now; nothing is counted or told.</summary>
    internal void Repeat(StepRecord record)
    {
        for (int i = 0; i < record.Batches.Count; i++)
        {
            BatchRecord batch = record.Batches[i];
            if (i == 0 || batch.Order != record.Batches[i - 1].Order)
                train.Shuffle(Model.DeviceMemory, batch.Order);
            Model.SetStep(config.Seed, batch.Number, batch.Cursor, record.Step - 1, record.Rate);
            train.Provide(Model.DeviceMemory, batch.Cursor, batch.Size, new BatchTime(config.Seed, batch.Number));
            bool last = i == record.Batches.Count - 1;
            Plan plan = (last && record.Watched ? Model.Watched! : Model.Training(batch.Size)).Plan;
            plan.Run(Phase.Batch, last ? Phase.Update : Phase.Backward);
        }
    }

    private EpochReport EndEpoch()
    {
        RequireFinite();
        EpochFigures trained = Running;
        State.Epoch++;
        State.Cursor = 0;
        State.LastTrainLoss = trained.Loss;
        EpochReport report = Report(trained);
        if (monitor.Note(report, State))
            Model.KeepBest();
        State.Seconds = Seconds;
        observer.OnEpoch(this, report);
        return report;
    }

    private EpochReport Report(EpochFigures trained)
    {
        double seconds = Seconds - secondsAtEpochStart;
        (EpochFigures? Figures, EvaluationReport? Report) onValidation = Judge(validation, data.Validation), onTest = Judge(test, data.Test);
        return new EpochReport
        {
            Epoch = State.Epoch,
            Step = State.Step,
            Train = trained,
            Validation = onValidation.Figures,
            ValidationReport = onValidation.Report,
            Test = onTest.Figures,
            TestReport = onTest.Report,
            Rate = RateAt(Math.Max(0, State.Step - 1)),
            Seconds = Seconds,
            SamplesPerSecond = seconds > 0 ? trained.Samples / seconds : 0,
        };
    }

    // Loss and accuracy add up on the device. The other figures need every output here, which many samples of many classes are not asked for at
    // each epoch unless one of them decides something.
    private (EpochFigures?, EvaluationReport?) Judge(BatchSource? source, SampleSet? samples)
    {
        const long MostOutputs = 1 << 22;
        if (source is null)
            return (null, null);
        return samples!.Count * Network.Output.Length <= MostOutputs || monitor.Asked.Any()
            ? Evaluator.Run(Model, config.Loss, source, samples, data.Shape.Classes, config.Data.Batch)
            : (Model.Evaluate(source, config.Data.Batch), null);
    }

    private void RequireFigures()
    {
        foreach ((MetricSet set, SampleSet? samples) in new[] { (MetricSet.Validation, data.Validation), (MetricSet.Test, data.Test) })
        {
            if (samples is not null)
                monitor.Require(set, () => Evaluator.FiguresOf(config.Loss, samples, data.Shape.Classes, Network.Output));
        }
    }

    // Better said now than after hours that it is missed.
    private static void RequireReachable(TargetConfig? target, TrainingData data)
    {
        if (target is null or { TestAccuracy: null, TestLoss: null })
            return;
        if (data.Test is null)
            throw ConfigException.At(target.Source, "target asks for a figure of the test set, and the data has none; give data.test, e.g. 0.2, or ask for train-loss");
        if (target.TestAccuracy is not null && data.Shape.Classes == 0)
            throw ConfigException.At(target.Source, "target asks for test-accuracy, and the data has no classes; expected test-loss");
    }

    /// <summary>The outputs of the layers for some samples, as in an evaluation; none unless a log of the config shows them.</summary>
    internal IReadOnlyList<(string Layer, float[] Values)> Activations() => shown is null ? [] : Model.Activations(shown, config.Data.Batch);

    /// <summary>Judges the weights as they are now, on the validation and the test samples: by name, with loss and accuracy.</summary>
    public IReadOnlyDictionary<string, (EpochFigures Figures, EvaluationReport? Report)> Judge()
    {
        var judged = new Dictionary<string, (EpochFigures, EvaluationReport?)>();
        foreach ((BatchSource? source, SampleSet? samples) in new[] { (validation, data.Validation), (test, data.Test) })
        {
            if (source is not null)
                judged[source.Name] = Evaluator.Run(Model, config.Loss, source, samples!, data.Shape.Classes, config.Data.Batch);
        }
        return judged;
    }

    private double RateAt(long step) =>
        Math.Min(float.MaxValue, config.Train.Optimizer.Lr * State.PlateauFactor * config.Train.Schedule.FactorAt(new Progress(step, TotalSteps, stepsPerEpoch)));

    public void Dispose() => Model.Dispose();
}
