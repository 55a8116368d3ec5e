using System.Diagnostics;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>Mini-batch gradient descent: epochs, batches, and what hangs on them.</summary>
public sealed class Trainer : IDisposable
{
    private readonly RunConfig config;
    private readonly BatchSource train;
    private readonly BatchSource? test;
    private readonly IRunObserver observer;
    private readonly int stepsPerEpoch;

    /// <param name="config">The experiment.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="device">Where it runs; not disposed by the trainer.</param>
    /// <param name="observer">Told of every step and epoch.</param>
    public Trainer(RunConfig config, DataSet data, Device device, IRunObserver? observer = null)
    {
        this.config = config;
        this.observer = observer ?? new SilentObserver();
        Network = ModelCheck.Check(config, data.Shape);
        Normalization normalization = Normalization.Standard(data.Train);
        train = new BatchSource("train", data.Train, normalization);
        test = data.Test is null ? null : new BatchSource("test", data.Test, normalization);
        stepsPerEpoch = (data.Train.Count + config.Data.Batch - 1) / config.Data.Batch;
        Model = new Model(config, Network, device);
        Model.Initialise(config.Seed);
        train.Upload(Model.DeviceMemory);
        test?.Upload(Model.DeviceMemory);
        Model.Prepare(train, test is null ? [] : [test], config.Data.Batch);
    }

    public Network Network { get; }

    public Model Model { get; }

    public RunState State { get; private set; } = new();

    /// <summary>Trains until the last epoch, an early stop or a request to stop; gives the figures of the last epoch.</summary>
    public RunResult Run(CancellationToken stop = default)
    {
        var clock = Stopwatch.StartNew();
        double before = State.Seconds;
        var last = new EpochReport();
        while (State.Epoch < config.Train.Epochs)
        {
            BeginEpoch();
            while (State.Cursor < train.Count)
            {
                if (stop.IsCancellationRequested)
                    return new RunResult(RunStatus.Stopped, last);
                Step();
                State.Seconds = before + clock.Elapsed.TotalSeconds;
            }
            last = EndEpoch();
            observer.OnEpoch(last);
        }
        return new RunResult(RunStatus.Finished, last);
    }

    private void BeginEpoch()
    {
        int[] order = config.Data.Shuffle
            ? new RandomStream(config.Seed, Purpose.Shuffle, (uint)State.Epoch).Permutation(train.Count)
            : [.. Enumerable.Range(0, train.Count)];
        Model.DeviceMemory.Write(train.Order, 0, order);
        if (State.Cursor == 0)
            Model.ClearTotals(Model.Memory.Totals);
    }

    private void Step()
    {
        int size = Math.Min(config.Data.Batch, train.Count - State.Cursor);
        double rate = config.Train.Optimizer.Lr * State.PlateauFactor
            * config.Train.Schedule.FactorAt(new Progress(State.Step, (long)stepsPerEpoch * config.Train.Epochs, stepsPerEpoch));
        Model.SetStep(config.Seed, State.Step, State.Cursor, rate);
        BoundGraph step = Model.Training(size);
        step.Plan.Run();
        State.Step++;
        State.Cursor += size;
        observer.OnStep(new StepReport(State.Epoch, State.Step, State.Cursor, train.Count, rate, step));
    }

    private EpochReport EndEpoch()
    {
        EpochFigures trained = Model.ReadTotals(Model.Memory.Totals);
        EpochFigures? tested = test is null ? null : Model.Evaluate(test, config.Data.Batch);
        State.Epoch++;
        State.Cursor = 0;
        State.LastTrainLoss = trained.Loss;
        return new EpochReport { Epoch = State.Epoch, Step = State.Step, Train = trained, Test = tested, Seconds = State.Seconds };
    }

    public void Dispose() => Model.Dispose();

    private sealed class SilentObserver : IRunObserver;
}

public enum RunStatus
{
    Finished,
    Stopped,
}

/// <summary>How a run ended.</summary>
public sealed record RunResult(RunStatus Status, EpochReport Last);

/// <summary>The figures of an epoch.</summary>
public sealed record EpochReport
{
    /// <summary>Epochs done.</summary>
    public int Epoch { get; init; }

    public long Step { get; init; }

    public EpochFigures Train { get; init; }

    public EpochFigures? Test { get; init; }

    public double Seconds { get; init; }
}

/// <summary>A step just done. The loss is read from the device when asked for.</summary>
public readonly record struct StepReport(int Epoch, long Step, int Done, int Samples, double Rate, BoundGraph Bound);

/// <summary>Looks on while a run goes on.</summary>
public interface IRunObserver
{
    void OnStep(in StepReport report)
    {
    }

    void OnEpoch(EpochReport report)
    {
    }
}
