using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics.RateFinding;

/// <summary>The loss while the learning rate rises, for one seed.</summary>
/// <param name="Seed">Decides initial weights and the order of the samples.</param>
/// <param name="Losses">Smoothed, one a rate; NaN after the loss blew up.</param>
/// <param name="Steepest">Where the loss falls fastest; null when it never falls.</param>
public sealed record RateCurve(ulong Seed, double[] Losses, double? Steepest);

/// <summary>What several seeds say of the learning rate.</summary>
/// <param name="Rates">Those tried, rising.</param>
/// <param name="Curves">One a seed.</param>
public sealed record RateFinding(double[] Rates, IReadOnlyList<RateCurve> Curves)
{
    // Seeds that lie further apart than this leave no number to recommend.
    private const double WidestSpread = 6;

    private double[] Found => [.. Curves.Where(c => c.Steepest is not null).Select(c => c.Steepest!.Value).Order()];

    /// <summary>Smallest and largest of what the seeds say; null when none says anything.</summary>
    public (double Low, double High)? Range => Found.Length == 0 ? null : (Found[0], Found[^1]);

    /// <summary>The rate to take, to two digits; null when there is no reliable answer.</summary>
    public double? Suggestion => Problem is null ? Round(Math.Exp(Found.Average(Math.Log))) : null;

    /// <summary>Why there is no reliable answer; null when there is.</summary>
    public string? Problem
    {
        get
        {
            int silent = Curves.Count(c => c.Steepest is null);
            if (silent > 0)
                return $"with {silent} of {Curves.Count} seeds the loss never falls clearly; try more steps, a larger range of rates, or look at the initial weights";
            return Range is { } r && r.High > WidestSpread * r.Low
                ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the seeds disagree: from {r.Low:G2} to {r.High:G2}; try a larger batch or more steps")
                : null;
        }
    }

    /// <summary>Two significant digits.</summary>
    private static double Round(double rate)
    {
        double unit = Math.Pow(10, Math.Floor(Math.Log10(rate)) - 1);
        return double.Parse((Math.Round(rate / unit) * unit).ToString("G2", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);
    }
}

/// <summary>How the learning rate is looked for.</summary>
public sealed record RateFinderOptions
{
    public double Lowest { get; init; } = 1e-6;

    public double Highest { get; init; } = 10;

    public int Steps { get; init; } = 100;

    public int Seeds { get; init; } = 3;

    /// <summary>Told how many steps of how many are done.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>
/// The learning-rate range test (Smith, 2015): trains a copy of the network while the rate rises from step to step and looks
/// where the loss falls fastest; with several seeds, because one curve says little. Nothing of a run is touched.
/// </summary>
public static class RateFinder
{
    private const double Smoothing = 0.9;

    public static RateFinding Find(RunConfig config, Network network, Device device, TrainingData data, RateFinderOptions options)
    {
        double[] rates = [.. Enumerable.Range(0, options.Steps).Select(i => options.Lowest * Math.Pow(options.Highest / options.Lowest, i / (double)Math.Max(1, options.Steps - 1)))];
        var curves = new List<RateCurve>();
        for (int s = 0; s < options.Seeds; s++)
        {
            ulong seed = config.Seed + (ulong)s;
            int before = s * options.Steps;
            double[] losses = Smooth(Losses(config, network, device, data, seed, rates, i => options.Progress?.Invoke(before + i, options.Seeds * options.Steps)));
            curves.Add(new RateCurve(seed, losses, Steepest(rates, losses)));
        }
        return new RateFinding(rates, curves);
    }

    private static double[] Losses(RunConfig config, Network network, Device device, TrainingData data, ulong seed, double[] rates, Action<int> progress)
    {
        using var model = new Model(config, network, device);
        var source = new BatchSource("train", data.Train, data.Normalization, data.Augmentation);
        model.Initialise(seed);
        source.Upload(model.DeviceMemory);
        int batch = Math.Min(config.Data.Batch, source.Count), batches = source.Count / batch;
        model.Prepare(source, [], batch);
        double[] losses = [.. Enumerable.Repeat(double.NaN, rates.Length)];
        for (int i = 0; i < rates.Length; i++)
        {
            if (i % batches == 0)
                model.DeviceMemory.Write(source.Order, 0, new RandomStream(seed, Purpose.Shuffle, (uint)(i / batches)).Permutation(source.Count));
            model.SetStep(seed, i, i % batches * batch, i, rates[i]);
            BoundGraph step = model.Training(batch);
            step.Plan.Run();
            losses[i] = step.Loss;
            progress(i);
            // Beyond recovery: what comes later says nothing.
            if (!double.IsFinite(losses[i]) || losses[i] > 10 * losses[0])
                break;
        }
        return losses;
    }

    // An exponential mean, corrected for its start, as Adam's.
    private static double[] Smooth(double[] losses)
    {
        var smooth = new double[losses.Length];
        double mean = 0, weight = 0;
        for (int i = 0; i < losses.Length; i++)
        {
            mean = (Smoothing * mean) + ((1 - Smoothing) * losses[i]);
            weight = (Smoothing * weight) + 1 - Smoothing;
            smooth[i] = mean / weight;
        }
        return smooth;
    }

    /// <summary>The rate at which the smoothed loss falls fastest per decade, before its minimum; null when it falls by less than a twentieth.</summary>
    internal static double? Steepest(double[] rates, double[] losses)
    {
        const int Reach = 4;
        int end = Array.FindIndex(losses, l => !double.IsFinite(l));
        end = end < 0 ? losses.Length : end;
        if (end < (2 * Reach) + 2)
            return null;
        int lowest = Enumerable.Range(0, end).MinBy(i => losses[i]);
        double start = losses.Take(Reach).Average();
        if (!(losses[lowest] < start - (0.05 * Math.Abs(start))))
            return null;
        int best = Enumerable.Range(Reach, Math.Max(1, Math.Min(lowest, end - Reach) - Reach)).MinBy(i => losses[i + Math.Min(Reach, end - 1 - i)] - losses[i - Reach]);
        return rates[best];
    }
}
