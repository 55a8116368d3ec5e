using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Tests.Runs;

/// <summary>Learning rates at the edges of a run.</summary>
public sealed class ScheduleTests
{
    private const int Schedules = 4000;

    [Fact]
    public void Every_factor_of_random_schedules_is_finite_and_not_negative()
    {
        var random = new Random(11);
        for (int i = 0; i < Schedules; i++)
        {
            ScheduleConfig schedule = Any(random);
            long perEpoch = Length(random), epochs = Length(random), total = perEpoch * epochs;
            foreach (long step in Steps(schedule.Warmup, total, random))
            {
                double factor = schedule.FactorAt(new Progress(step, total, perEpoch));
                Assert.True(double.IsFinite(factor) && factor >= 0, $"{schedule} at step {step} of {total}, {perEpoch} an epoch: {factor}");
            }
        }
    }

    [Fact]
    public void The_highest_factor_is_that_of_the_step_that_has_it()
    {
        Assert.Equal(1, new CosineSchedule { Warmup = 3 }.Highest(4, 10), 1e-12);
        Assert.Equal(1e30 * 1e30, new ExponentialSchedule { By = 1e30 }.Highest(3, 7), 1e50);
        Assert.Equal(25, new OneCycleSchedule { StartDivisor = 0.04 }.Highest(3, 7), 1e-9);
        Assert.Equal(8, new StepSchedule { Every = 2, By = 2 }.Highest(7, 1), 1e-12);
        Assert.True(double.IsFinite(new ExponentialSchedule { By = 2 }.Highest(int.MaxValue, long.MaxValue / int.MaxValue)));
    }

    [Theory]
    [InlineData(0.25, 4)]
    [InlineData(0.5, 2)]
    [InlineData(1, 1)]
    public void A_one_cycle_with_a_rise_of_one_step_starts_at_the_peak(double rise, int steps) =>
        Assert.Equal(1, new OneCycleSchedule { Rise = rise }.FactorAt(new Progress(0, steps, steps)));

    [Fact]
    public void A_one_cycle_without_a_fall_ends_at_the_peak() =>
        Assert.Equal(1, new OneCycleSchedule { Rise = 1 }.FactorAt(new Progress(9, 10, 10)), 12);

    [Fact]
    public void A_warm_up_rises_in_a_line_however_long_it_is()
    {
        var schedule = new ConstantSchedule { Warmup = int.MaxValue };
        foreach (long step in new[] { 0, 1, 29, int.MaxValue - 1L })
            Assert.Equal((step + 1) / (double)(1L << 31), schedule.FactorAt(new Progress(step, 30, 10)));
        Assert.Equal(1, schedule.FactorAt(new Progress(int.MaxValue, 30, 10)));
    }

    private static long Length(Random random) => random.Next(5) switch
    {
        0 => 1,
        1 => random.Next(1, 5),
        2 => random.Next(1, 1000),
        3 => int.MaxValue,
        _ => random.Next(1, int.MaxValue),
    };

    private static IEnumerable<long> Steps(long warmup, long total, Random random) =>
        new[] { 0, 1, warmup - 1, warmup, warmup + 1, total / 2, total - 1, total, random.NextInt64(total) }.Where(s => s >= 0).Distinct();

    private static ScheduleConfig Any(Random random)
    {
        int warmup = random.Next(3) switch { 0 => 0, 1 => random.Next(1, 100), _ => (int)(int.MaxValue - Length(random) + 1) };
        double by = Positive(random), share = random.Next(4) == 0 ? 0 : random.NextDouble();
        return random.Next(8) switch
        {
            0 => new ConstantSchedule { Warmup = warmup },
            1 => new StepSchedule { Warmup = warmup, Every = (int)Length(random), By = by },
            2 => new MultiStepSchedule { Warmup = warmup, Epochs = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(5))], By = by },
            3 => new ExponentialSchedule { Warmup = warmup, By = by },
            4 => new PolynomialSchedule { Warmup = warmup, Power = by, End = share },
            5 => new CosineSchedule { Warmup = warmup, End = share },
            6 => new PlateauSchedule { Warmup = warmup, By = share },
            _ => new OneCycleSchedule { Warmup = warmup, Rise = random.Next(3) == 0 ? 1.0 / random.Next(1, 9) : share, StartDivisor = Positive(random), EndDivisor = Positive(random) },
        };
    }

    private static double Positive(Random random) => random.Next(4) switch
    {
        0 => double.Epsilon,
        1 => double.MaxValue,
        2 => 1,
        _ => Math.Exp(20 * (random.NextDouble() - 0.5)),
    };
}
