using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Schedules;

/// <summary>Progress of a run, for schedules.</summary>
/// <param name="Step">Number of steps done.</param>
/// <param name="TotalSteps">Number of steps in the run.</param>
/// <param name="StepsPerEpoch">Number of steps per epoch.</param>
public readonly record struct Progress(long Step, long TotalSteps, long StepsPerEpoch)
{
    /// <summary>Number of completed epochs.</summary>
    public long Epoch => Step / StepsPerEpoch;
}

/// <summary>
/// The learning rate over the run, as a factor on the optimizer's. Any schedule can be preceded by a warm-up, during which the factor rises linearly to its
/// initial value.
/// </summary>
public abstract record ScheduleConfig : IChoice<ScheduleConfig>, ILocated
{
    public static string What => "schedule";

    public static IReadOnlyList<Choice> Choices => All;

    public static IReadOnlyList<Choice> All { get; } =
    [
        new("constant", typeof(ConstantSchedule), "Constant."),
        new("step", typeof(StepSchedule), "Multiplies the rate by a factor every few epochs."),
        new("multi-step", typeof(MultiStepSchedule), "Multiplies the rate by a factor at given epochs."),
        new("exponential", typeof(ExponentialSchedule), "Multiplies the rate by a factor every epoch."),
        new("polynomial", typeof(PolynomialSchedule), "Falls to an end value as a power of the remaining time."),
        new("cosine", typeof(CosineSchedule), "Falls to an end value along half a cosine (Loshchilov and Hutter, 2017)."),
        new("one-cycle", typeof(OneCycleSchedule), "Rises, then falls far, along half cosines (Smith and Topin, 2017)."),
        new("plateau", typeof(PlateauSchedule), "Multiplies the rate by a factor when a metric stops improving."),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Steps of warm-up before the schedule begins.</summary>
    public int Warmup { get; init => field = Require.NonNegative(value); }

    /// <summary>The factor for the step after <paramref name="at"/>'s steps: finite and never negative.</summary>
    public double FactorAt(Progress at)
    {
        var after = new Progress(Math.Max(0, at.Step - Warmup), Math.Max(1, at.TotalSteps - Warmup), at.StepsPerEpoch);
        double factor = Factor(after);
        return Bounded(at.Step < Warmup ? factor * (at.Step + 1) / (Warmup + 1L) : factor);
    }

    /// <summary>The largest factor of a run, sampled at some of its steps; 1 or less for a schedule that only lowers the rate.</summary>
    public double Highest(int epochs, long stepsPerEpoch)
    {
        const int Places = 256;
        long total = epochs * Math.Max(1, stepsPerEpoch);
        return Enumerable.Range(0, Places + 1).Max(i => FactorAt(new Progress((long)((total - 1) * ((double)i / Places)), total, total / epochs)));
    }

    protected abstract double Factor(Progress at);

    /// <summary>A factor above 1 per epoch, or a divisor near 0, would overflow at some point.</summary>
    protected static double Bounded(double factor) => Math.Min(factor, double.MaxValue / 4);

    /// <summary>From one value to another along half a cosine; <paramref name="share"/> from 0 to 1.</summary>
    protected static double Cosine(double from, double to, double share) => to + ((from - to) * 0.5 * (1 + Math.Cos(Math.PI * share)));
}

public sealed record ConstantSchedule : ScheduleConfig
{
    protected override double Factor(Progress at) => 1;
}

public sealed record StepSchedule : ScheduleConfig
{
    /// <summary>Epochs between changes.</summary>
    [Shorthand]
    public required int Every { get; init => field = Require.Positive(value); }

    /// <summary>Factor at each change.</summary>
    public double By { get; init => field = Require.Positive(value); } = 0.1;

    protected override double Factor(Progress at) => Math.Pow(By, at.Epoch / Every);
}

public sealed record MultiStepSchedule : ScheduleConfig
{
    [Shorthand]
    public required IReadOnlyList<int> Epochs { get; init => field = Require.NotEmpty(value); }

    /// <summary>Factor at each of the epochs.</summary>
    public double By { get; init => field = Require.Positive(value); } = 0.1;

    protected override double Factor(Progress at) => Math.Pow(By, Epochs.Count(e => at.Epoch >= e));
}

public sealed record ExponentialSchedule : ScheduleConfig
{
    /// <summary>Factor at each epoch.</summary>
    [Shorthand]
    public required double By { get; init => field = Require.Positive(value); }

    protected override double Factor(Progress at) => Math.Pow(By, at.Epoch);
}

public sealed record PolynomialSchedule : ScheduleConfig
{
    [Shorthand]
    public double Power { get; init => field = Require.Positive(value); } = 1;

    /// <summary>The factor at the end.</summary>
    public double End { get; init => field = Require.Fraction(value); }

    protected override double Factor(Progress at) => End + ((1 - End) * Math.Pow(1 - Math.Min(1, (double)at.Step / at.TotalSteps), Power));
}

public sealed record CosineSchedule : ScheduleConfig
{
    /// <summary>The factor at the end.</summary>
    public double End { get; init => field = Require.Fraction(value); }

    protected override double Factor(Progress at) => Cosine(1, End, Math.Min(1, (double)at.Step / at.TotalSteps));
}

/// <summary>As <c>torch.optim.lr_scheduler.OneCycleLR</c> without its cycling of the momentum; the optimizer's rate is the peak.</summary>
public sealed record OneCycleSchedule : ScheduleConfig
{
    /// <summary>Share of the run in which the rate rises.</summary>
    public double Rise { get; init => field = Require.Between(value, 0, 1); } = 0.3;

    /// <summary>The rate starts at the peak divided by this.</summary>
    public double StartDivisor { get; init => field = Require.Positive(value); } = 25;

    /// <summary>The rate ends at its initial value divided by this.</summary>
    public double EndDivisor { get; init => field = Require.Positive(value); } = 1e4;

    protected override double Factor(Progress at)
    {
        double start = Bounded(1 / StartDivisor), end = Bounded(start / EndDivisor);
        double peak = (Rise * at.TotalSteps) - 1, last = at.TotalSteps - 1;
        // A rise of one step starts at the peak.
        return at.Step <= peak
            ? Cosine(start, 1, peak > 0 ? at.Step / peak : 1)
            : Cosine(1, end, last > peak ? Math.Min(1, (at.Step - peak) / (last - peak)) : 1);
    }
}

/// <summary>As <c>ReduceLROnPlateau</c>: the trainer counts the epochs without a better metric and holds the factor.</summary>
public sealed record PlateauSchedule : ScheduleConfig
{
    /// <summary>Factor at each change.</summary>
    [Shorthand]
    public double By { get; init => field = Require.Fraction(value); } = 0.1;

    /// <summary>Epochs without improvement to wait.</summary>
    public int Patience { get; init => field = Require.NonNegative(value); } = 10;

    /// <summary>The metric to watch: a loss or an error has to fall, an accuracy or an area has to rise.</summary>
    [DefaultText("that of `train.monitor`")]
    public Metric? Metric { get; init; }

    /// <summary>Relative change that counts as an improvement.</summary>
    public double MinDelta { get; init => field = Require.NonNegative(value); } = 1e-4;

    /// <summary>The factor never falls below this.</summary>
    public double Min { get; init => field = Require.Between(value, 0, 1); }

    // The trainer multiplies by the factor that it holds.
    protected override double Factor(Progress at) => 1;
}
