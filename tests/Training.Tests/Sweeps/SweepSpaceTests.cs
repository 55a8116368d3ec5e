using GpuGrad.Kernels.Random;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Sweeps;

namespace GpuGrad.Training.Tests.Sweeps;

/// <summary>From numbers between 0 and 1 to settings.</summary>
public sealed class SweepSpaceTests
{
    [Theory]
    [InlineData("range: [-1, 3]", "-1", "1", "3")]
    [InlineData("log-range: [1e-4, 1]", "0.0001", "0.01", "1")]
    [InlineData("integer: [2, 4]", "2", "3", "4")]
    [InlineData("log-integer: [1, 64]", "1", "6", "64")]
    [InlineData("choice: [relu, {leaky-relu: {slope: 0.2}}, 'a, b']", "relu", "{leaky-relu: {slope: 0.2}}", "\"a, b\"")]
    public void A_value_stands_at_each_place(string values, string low, string middle, string high)
    {
        DimensionConfig dimension = SweepScheduleTests.Space($"k: {{{values}}}").Dimensions[0].Values;
        Assert.Equal([low, middle, high], [dimension.ValueAt(0), dimension.ValueAt(0.5), dimension.ValueAt(1 - 1e-12)]);
    }

    [Fact]
    public void The_sweep_of_the_repository_fits_its_base()
    {
        SweepPlan plan = SweepPlan.Load(Path.Combine(Effort.Root, "configs", "sweeps", "lenet.yaml"));
        Assert.Equal((27, "validation-accuracy", "tpe"), (plan.Trials, plan.Monitor.ToString(), plan.SearchName));
        Assert.Equal([1, 3, 9], plan.Rungs);
    }

    [Fact]
    public void Every_whole_number_is_as_likely_as_any_other()
    {
        DimensionConfig dimension = SweepScheduleTests.Space("k: {integer: [-1, 2]}").Dimensions[0].Values;
        var random = new RandomStream(3, Purpose.Search);
        Assert.All(Enumerable.Range(0, 8000).GroupBy(_ => dimension.ValueAt(random.NextDouble())), g => Assert.InRange(g.Count(), 1800, 2200));
    }

    [Fact]
    public void A_key_whose_condition_does_not_hold_is_not_set()
    {
        SweepSpace space = SweepScheduleTests.Space("o: {choice: [{sgd: {lr: 1}}, adam]}\nm: {range: {between: [0, 1], when: {o: sgd}}}\nn: {choice: {values: [1, 2], when: {m: [0.5], o: sgd}}}");
        Assert.Equal(["o={sgd: {lr: 1}}", "m=0.25"], space.Overrides(space.Point(d => 0.25)));
        Assert.Equal(["o={sgd: {lr: 1}}", "m=0.5", "n=2"], space.Overrides(space.Point(d => d == 0 ? 0.2 : 0.5)));
        Assert.Equal(["o=adam"], space.Overrides(space.Point(d => 0.75)));
    }

    [Fact]
    public void A_grid_holds_every_combination_once()
    {
        SweepSpace space = SweepScheduleTests.Space("o: {choice: [sgd, adam]}\nm: {range: {between: [0, 1], when: {o: sgd}}}\nk: {integer: [1, 2]}");
        var grid = new GridSearch(space, 3);
        Assert.Equal(
            ["o=sgd m=0 k=1", "o=sgd m=0 k=2", "o=sgd m=0.5 k=1", "o=sgd m=0.5 k=2", "o=sgd m=1 k=1", "o=sgd m=1 k=2", "o=adam k=1", "o=adam k=2"],
            Enumerable.Range(0, grid.Count!.Value).Select(t => string.Join(' ', space.Overrides(grid.Pick(t, [])))));
    }

    [Theory]
    [InlineData("k: {range: [3, 1]}", "sweep.yaml:3:14: between is [3, 1]; expected two numbers, the lower one first")]
    [InlineData("k: {log-range: [0, 1]}", "between is [0, 1]; expected two numbers above 0")]
    [InlineData("k: {integer: [0.5, 2]}", "expected two whole numbers")]
    [InlineData("k: {choice: []}", "values is a list; expected a list of values")]
    [InlineData("k: {choice: [1, 2, 1]}", "a list with a value twice")]
    [InlineData("k: {uniform: [1, 2]}", "no range of values is called 'uniform'")]
    [InlineData("k: {range: {between: [0, 1], when: {j: 1}}}", "'when' of k names 'j'; expected a key of the space that is listed above it")]
    [InlineData("j: {choice: [a, b]}\nk: {range: {between: [0, 1], when: {j: c}}}", "j is never 'c'; expected one of a, b")]
    public void What_cannot_be_is_one_line_with_its_place(string yaml, string message)
    {
        string said = Assert.ThrowsAny<GpuGradException>(() => SweepScheduleTests.Space(yaml)).Message;
        Assert.StartsWith("sweep.yaml:", said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
    }
}
