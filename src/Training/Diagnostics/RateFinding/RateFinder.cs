using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics.RateFinding;

/// <summary>Losses of short trainings with one seed, each at one learning rate.</summary>
/// <param name="Seed">Seed of the initial weights and the order of the samples.</param>
/// <param name="Start">The loss of the untrained network on the same batches.</param>
/// <param name="Losses">One loss per rate; NaN if it was not tried or the loss diverged.</param>
public sealed record RateCurve(ulong Seed, double Start, double[] Losses)
{
    // A decrease of less than a twentieth does not count.
    private const double Fallen = 0.95;

    /// <summary>Index of the rate with the lowest loss; null if the loss falls at none.</summary>
    public int? Best => Enumerable.Range(0, Losses.Length).Where(i => Losses[i] < Fallen * Start).Cast<int?>().MinBy(i => Losses[i!.Value]);

    /// <summary>Loss after training at a rate, relative to that of the untrained network.</summary>
    public double Left(int rate) => Losses[rate] / Start;
}

/// <summary>Results of a learning rate search with several seeds.</summary>
/// <param name="Rates">The rates, ascending.</param>
/// <param name="Curves">One curve per seed.</param>
public sealed record RateFinding(double[] Rates, IReadOnlyList<RateCurve> Curves)
{
    // Rates whose remaining loss exceeds the best one's by this much are considered equal: the middle of them is safest.
    private const double AsGood = 0.02;

    // A seed disagrees if the common rate achieves less than half of what its own best rate does.
    private const double Agreed = 0.5;

    private double[] Found => [.. Curves.Where(c => c.Best is not null).Select(c => Rates[c.Best!.Value]).Order()];

    /// <summary>Smallest and largest of the seeds' best rates; null if there is none.</summary>
    public (double Low, double High)? Range => Found.Length == 0 ? null : (Found[0], Found[^1]);

    /// <summary>The suggested rate with two digits; null if there is no reliable answer.</summary>
    public double? Suggestion => Problem is null ? Round(Math.Exp(Good.Average(i => Math.Log(Rates[i])))) : null;

    /// <summary>Why there is no reliable answer; null if there is one.</summary>
    public string? Problem
    {
        get
        {
            int silent = Curves.Count(c => c.Best is null);
            if (silent > 0)
                return $"with {silent} of {Curves.Count} seeds the loss never falls clearly; try more steps, a larger range of rates, or look at the initial weights";
            return Good.Count == 0 || Curves.Any(c => Good.All(i => 1 - c.Left(i) < Agreed * (1 - c.Left(c.Best!.Value))))
                ? string.Create(CultureInfo.InvariantCulture, $"the seeds disagree: from {Range!.Value.Low:G2} to {Range.Value.High:G2}; try a larger batch or more steps")
                : null;
        }
    }

    // The rates that are about as good as the best, over all seeds.
    private IReadOnlyList<int> Good
    {
        get
        {
            (int Rate, double Left)[] tried = [.. Enumerable.Range(0, Rates.Length).Select(i => (i, Curves.Average(c => c.Left(i)))).Where(r => double.IsFinite(r.Item2))];
            return tried.Length == 0 ? [] : [.. tried.Where(r => r.Left <= tried.Min(t => t.Left) + AsGood).Select(r => r.Rate)];
        }
    }

    /// <summary>Rounds to two significant digits.</summary>
    private static double Round(double rate) => double.Parse(rate.ToString("G2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}

/// <summary>Settings of the learning rate search.</summary>
public sealed record RateFinderOptions
{
    public double Lowest { get; init; } = 1e-6;

    public double Highest { get; init; } = 10;

    /// <summary>Number of steps per trial.</summary>
    public int Steps { get; init; } = 100;

    public int Seeds { get; init; } = 3;

    /// <summary>Receives the number of steps done, and an upper limit of their total.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>
/// Finds a learning rate by trial: short trainings from the start, at rates a decade apart with the first seed, then at a third of a
/// decade around the best of them with every seed. A range test (Smith, 2015), in which the rate rises during one training, costs a tenth but
/// was off by three decades on LeNet: at most rates the network has hardly started to learn. It does not affect a run.
/// </summary>
public static class RateFinder
{
    private const int Fine = 2, Parts = 3; // rates tried on each side of the best, and fine steps per coarse one

    public static RateFinding Find(RunConfig config, Network network, Device device, TrainingData data, RateFinderOptions options)
    {
        int coarse = Math.Max(2, (int)Math.Round(Math.Log10(options.Highest / options.Lowest)) + 1);
        // All candidates: every Parts-th one is coarse.
        double[] rates = [.. Enumerable.Range(0, ((coarse - 1) * Parts) + 1).Select(i => options.Lowest * Math.Pow(options.Highest / options.Lowest, (double)i / ((coarse - 1) * Parts)))];
        int done = 0, all = (coarse + (2 * Fine) + 1 + ((options.Seeds - 1) * ((2 * Fine) + 2))) * options.Steps;
        var trials = new RateTrials(config, network, device, data, options.Steps, () => options.Progress?.Invoke(Math.Min(++done, all), all));
        var curves = new List<RateCurve>();
        int centre = 0;
        for (int s = 0; s < options.Seeds; s++)
        {
            ulong seed = config.Seed + (ulong)s;
            double[] losses = [.. Enumerable.Repeat(double.NaN, rates.Length)];
            double start = trials.Loss(seed, 0);
            if (s == 0)
            {
                // Rates above one that diverges are not tried.
                for (int i = 0; i < rates.Length && (i == 0 || double.IsFinite(losses[i - Parts])); i += Parts)
                    losses[i] = trials.Loss(seed, rates[i]);
                centre = Enumerable.Range(0, rates.Length).Where(i => double.IsFinite(losses[i])).DefaultIfEmpty(0).MinBy(i => losses[i]);
            }
            for (int i = Math.Max(0, centre - Fine); i <= Math.Min(rates.Length - 1, centre + Fine); i++)
                losses[i] = double.IsFinite(losses[i]) ? losses[i] : trials.Loss(seed, rates[i]);
            curves.Add(new RateCurve(seed, start, losses));
        }
        int[] tried = [.. Enumerable.Range(0, rates.Length).Where(i => curves.Any(c => double.IsFinite(c.Losses[i])))];
        return new RateFinding([.. tried.Select(i => rates[i])], [.. curves.Select(c => c with { Losses = [.. tried.Select(i => c.Losses[i])] })]);
    }
}

/// <summary>Short trainings of a network from its start, one per rate.</summary>
internal sealed class RateTrials(RunConfig config, Network network, Device device, TrainingData data, int steps, Action progress)
{
    private readonly BatchSource source = new("train", data.Train, data.Normalization, data.Augmentation, config.Data.Batch);

    /// <summary>The mean loss of the last fifth of the steps; NaN if it diverged.</summary>
    public double Loss(ulong seed, double rate)
    {
        using var model = new Model(config, network, device);
        model.Initialise(seed, source);
        source.Upload(model.DeviceMemory);
        int batch = Math.Min(config.Data.Batch, source.Count), batches = source.Count / batch, last = Math.Max(1, steps / 5);
        model.Prepare(source, [], batch);
        double sum = 0, first = double.NaN;
        for (int i = 0; i < steps; i++)
        {
            if (i % batches == 0)
            {
                model.Memory.Carried.Clear(model.DeviceMemory);
                source.Shuffle(model.DeviceMemory, config.Data.InStreams ? [.. Enumerable.Range(0, source.Count)] : new RandomStream(seed, Purpose.Shuffle, (uint)(i / batches)).Permutation(source.Count));
            }
            model.SetStep(seed, i, i % batches * batch, i, rate);
            source.Provide(model.DeviceMemory, i % batches * batch, batch, new BatchTime(seed, i));
            BoundGraph step = model.Training(batch);
            step.Plan.Run();
            double loss = step.Loss;
            first = i == 0 ? loss : first;
            progress();
            if (!double.IsFinite(loss) || loss > 10 * Math.Max(first, 1))
                return double.NaN;
            sum += i >= steps - last ? loss : 0;
        }
        return sum / last;
    }
}
