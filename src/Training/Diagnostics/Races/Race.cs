using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics.Races;

/// <summary>Result of one method: the loss over all samples against its cost.</summary>
/// <param name="Name">Name of the method.</param>
/// <param name="Spent">Passes over the data at each point; a backward pass counts as two forward passes.</param>
/// <param name="Losses">Loss over all samples.</param>
/// <param name="Accuracy">Share of correctly classified samples at the end; NaN for regression.</param>
/// <param name="Updates">Number of changes of the weights (tried or made).</param>
public sealed record RaceResult(string Name, IReadOnlyList<double> Spent, IReadOnlyList<double> Losses, double Accuracy, long Updates);

/// <summary>Settings that all methods share.</summary>
public sealed record RaceOptions
{
    /// <summary>Budget of each method in forward passes over all samples; a backward pass counts as two.</summary>
    public double Budget { get; init; } = 300;

    /// <summary>Learning rate of plain gradient descent; momentum uses a tenth of it.</summary>
    public double Rate { get; init; } = 0.1;

    public double AdamRate { get; init; } = 0.01;

    /// <summary>Receives the name of the current method.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>
/// Compares random search, random local search, descent along the numeric gradient, and the family of stochastic gradient descent on
/// one problem with the same budget of forward passes. It shows that following the gradient beats searching, and that computing it
/// by the backward pass beats finite differences by a factor of the number of parameters.
/// </summary>
public sealed class Race(RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization, RaceOptions options)
{
    private const int Marks = 40;
    private const double BackwardCost = 2;

    // Every method starts with random weights and changes all of them.
    private readonly RunConfig config = config with { InitFrom = null, Freeze = null };
    private readonly double forwardBudget = options.Budget * samples.Count;

    /// <summary>Runs all methods.</summary>
    public IReadOnlyList<RaceResult> Run()
    {
        int mini = Math.Min(config.Data.Batch, samples.Count);
        return
        [
            Search("random search", (model, random, _) => Fresh(model, random)),
            Search("random local search", LocalStep),
            Numeric($"numeric gradient, batch {mini}", mini),
            Descend("gradient, all samples", samples.Count, new SgdConfig { Lr = options.Rate }),
            Descend($"gradient, batch {mini}", mini, new SgdConfig { Lr = options.Rate }),
            Descend("gradient, one sample", 1, new SgdConfig { Lr = options.Rate / 4 }),
            Descend($"momentum, batch {mini}", mini, new SgdConfig { Lr = options.Rate / 4, Momentum = 0.9 }),
            Descend($"adam, batch {mini}", mini, new AdamConfig { Lr = options.AdamRate }),
        ];
    }

    private RaceResult Descend(string name, int batch, OptimizerConfig optimizer)
    {
        options.Progress?.Invoke(name);
        using var track = new Track(this, batch, optimizer);
        int batches = samples.Count / batch;
        for (long step = 0; track.Spent < forwardBudget; step++)
        {
            if (step % batches == 0)
                track.Shuffle((uint)(step / batches));
            track.Step(step, (int)(step % batches) * batch, optimizer.Lr);
            track.Spent += batch * (1 + BackwardCost);
            track.Note();
        }
        return track.Result(name);
    }

    // Each parameter is perturbed separately: forward differences on one batch, then a step. The budget may end before the first one.
    private RaceResult Numeric(string name, int batch)
    {
        options.Progress?.Invoke(name);
        using var track = new Track(this, samples.Count, new SgdConfig());
        using var probe = new LossProbe(config, network, device, samples.Pick([.. Enumerable.Range(0, batch).Select(i => (int)((long)i * samples.Count / batch))]), normalization);
        probe.Model.Initialise(config.Seed);
        // In float the effect of a change of 1e-5 would drown in rounding.
        double h = device.RealSize == sizeof(double) ? 1e-5 : 1e-2;
        bool spent = false;
        while (!spent)
        {
            double here = probe.Evaluate();
            track.Spent += batch;
            var gradients = new List<double[]>();
            foreach (Movable movable in probe.Movables.Where(m => m.Parameter is not null))
            {
                double[] values = probe.Read(movable), slopes = new double[values.Length];
                for (int i = 0; i < values.Length && !spent; i++)
                {
                    double moved = values[i] + h;
                    probe.Write(movable, i, new ReadOnlySpan<double>(in moved));
                    slopes[i] = (probe.EvaluateFrom(movable) - here) / h;
                    probe.Write(movable, i, new ReadOnlySpan<double>(in values[i]));
                    track.Spent += batch;
                    spent = track.Spent >= forwardBudget;
                }
                probe.EvaluateFrom(movable);
                gradients.Add(slopes);
            }
            if (spent)
                break;
            foreach ((Movable movable, double[] slopes) in probe.Movables.Where(m => m.Parameter is not null).Zip(gradients))
                probe.Write(movable, 0, probe.Read(movable).Zip(slopes, (v, s) => v - (options.Rate * s)).ToArray());
            foreach (Parameter parameter in network.Parameters)
                track.Model.Write(parameter, probe.Model.Read(parameter));
            track.Updates++;
            track.Note();
        }
        return track.Result(name);
    }

    private RaceResult Search(string name, Action<Model, RandomStream, double[][]> propose)
    {
        options.Progress?.Invoke(name);
        using var track = new Track(this, samples.Count, new SgdConfig());
        var random = new RandomStream(config.Seed, Purpose.Explore, 99);
        Parameter[] trained = [.. network.Parameters.Where(p => p.Trained)];
        double[][] best = [.. trained.Select(p => track.Model.Read(p))];
        double bestLoss = track.Evaluate().Loss;
        while (track.Spent < forwardBudget)
        {
            propose(track.Model, random, best);
            double loss = track.Evaluate().Loss;
            track.Spent += samples.Count;
            track.Updates++;
            if (loss < bestLoss)
            {
                bestLoss = loss;
                best = [.. trained.Select(p => track.Model.Read(p))];
            }
            track.Note(bestLoss);
        }
        for (int i = 0; i < trained.Length; i++)
            track.Model.Write(trained[i], best[i]);
        return track.Result(name);
    }

    private void Fresh(Model model, RandomStream random) => model.Initialise(config.Seed + 1 + random.NextBits());

    // From the best so far, a step of a tenth of each tensor's size in a random direction.
    private void LocalStep(Model model, RandomStream random, double[][] best)
    {
        int index = 0;
        foreach (Parameter parameter in network.Parameters.Where(p => p.Trained))
        {
            double[] from = best[index++];
            double size = 0.1 * Math.Max(0.1, Math.Sqrt(from.Average(v => v * v)));
            model.Write(parameter, Array.ConvertAll(from, v => v + (size * random.NextNormal())));
        }
    }

    /// <summary>A model in the race, with its cost and results. Evaluating the loss is free.</summary>
    private sealed class Track : IDisposable
    {
        private readonly Race race;
        private readonly BatchSource train;
        private readonly BatchSource all;
        private readonly int batch;
        private readonly List<double> spent = [];
        private readonly List<double> losses = [];
        private double nextMark;

        public Track(Race race, int batch, OptimizerConfig optimizer)
        {
            (this.race, this.batch) = (race, batch);
            RunConfig config = race.ConfigWith(batch, optimizer);
            train = new BatchSource("train", race.Samples, race.Normalization);
            all = new BatchSource("all", race.Samples, race.Normalization);
            Model = new Model(config, race.Network, race.Device);
            Model.Initialise(config.Seed);
            train.Upload(Model.DeviceMemory);
            all.Upload(Model.DeviceMemory);
            EvaluationBatch = Math.Min(race.Samples.Count, 512);
            Model.Prepare(train, [], batch);
            evaluation = new Model(config, race.Network, race.Device);
            all.Upload(evaluation.DeviceMemory);
            evaluation.Prepare(null, [all], EvaluationBatch);
            Mark(Evaluate().Loss);
        }

        private readonly Model evaluation;

        private int EvaluationBatch { get; }

        public Model Model { get; }

        /// <summary>Samples in forward passes; a backward pass counts as two.</summary>
        public double Spent { get; set; }

        public long Updates { get; set; }

        public void Shuffle(uint epoch) =>
            train.Shuffle(Model.DeviceMemory, new RandomStream(race.Seed, Purpose.Shuffle, epoch).Permutation(train.Count));

        public void Step(long step, int cursor, double rate)
        {
            Model.SetStep(race.Seed, step, cursor, step, rate);
            Model.Training(batch).Plan.Run();
            Updates++;
        }

        public EpochFigures Evaluate()
        {
            foreach (Parameter parameter in race.Network.Parameters)
                evaluation.Write(parameter, Model.Read(parameter));
            return evaluation.Evaluate(all, EvaluationBatch);
        }

        /// <summary>Evaluates the loss whenever another part of the budget is spent.</summary>
        public void Note(double? known = null)
        {
            if (Spent >= nextMark)
                Mark(known ?? Evaluate().Loss);
        }

        public RaceResult Result(string name)
        {
            EpochFigures final = Evaluate();
            spent.Add(Spent / race.Samples.Count);
            losses.Add(final.Loss);
            return new RaceResult(name, spent, losses, final.Accuracy, Updates);
        }

        public void Dispose()
        {
            Model.Dispose();
            evaluation.Dispose();
        }

        private void Mark(double loss)
        {
            spent.Add(Spent / race.Samples.Count);
            losses.Add(loss);
            nextMark = Spent + (race.Budget / Marks);
        }
    }

    private RunConfig ConfigWith(int batch, OptimizerConfig optimizer) => config with
    {
        Data = config.Data with { Batch = batch },
        Train = config.Train with { Optimizer = optimizer, Accumulate = 1, Ema = null, KeepBest = null },
    };

    private SampleSet Samples => samples;

    private Normalization Normalization => normalization;

    private Network Network => network;

    private Device Device => device;

    private ulong Seed => config.Seed;

    private double Budget => forwardBudget;
}
