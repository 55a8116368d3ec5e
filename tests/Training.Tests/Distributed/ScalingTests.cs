using GpuGrad.Kernels.Benchmarks;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Training.Distributed.Scaling;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>The cost model against numbers worked by hand. Nothing is timed.</summary>
public sealed class ScalingTests
{
    private static readonly Link Plain = new(1e-6, 1e-9); // 1 µs, 1 GB/s

    [Theory]
    [InlineData(1, 4000, 0, 0)]
    [InlineData(2, 4000, 6, 10)] // 2 rounds of 1 + 2 µs; 2 levels of 1 + 4
    [InlineData(4, 4000, 12, 20)] // 6 rounds of 1 + 1; 4 of 1 + 4
    [InlineData(5, 1000, 9.6, 12)] // 8 rounds of 1 + 0.2; 6 of 1 + 1
    [InlineData(8, 0, 14, 6)]
    [InlineData(1024, 1024000, 4092, 20500)] // 2046 rounds of 1 + 1; 20 of 1 + 1024
    public void An_all_reduce_costs_what_the_formulas_say(int ranks, double bytes, double ring, double tree)
    {
        Assert.Null(Tolerance.AgreementInDouble.Explain("µs", [ring, tree, Math.Min(ring, tree)], [1e6 * Plain.Ring(ranks, bytes), 1e6 * Plain.Tree(ranks, bytes), 1e6 * Plain.Sum(ranks, bytes)]));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(33)]
    public void Latency_and_bandwidth_are_found_from_sums_of_several_sizes(int ranks)
    {
        Link link = Link.Of(microseconds: 20, gigabytesPerSecond: 2.5);
        double[] sizes = [8, 1024, 65536, 1 << 20, 1 << 24];
        Link found = Link.Fit(ranks, [.. sizes.Select(s => (s, link.Sum(ranks, s)))]);
        Assert.Null(Tolerance.AgreementInDouble.Explain("µs and ns", [20, 0.4], [1e6 * found.Latency, 1e9 * found.SecondsPerByte]));
    }

    [Fact]
    public void Sums_that_take_no_longer_for_more_bytes_have_no_bandwidth_and_proportional_ones_no_latency()
    {
        Link same = Link.Fit(2, [(8, 1e-5), (1024, 1e-5), (4096, 0.9e-5)]), proportional = Link.Fit(2, [(1000, 0.9e-6), (2000, 2e-6), (4000, 4.1e-6)]);
        Assert.Equal(0, same.SecondsPerByte);
        Assert.InRange(1e6 * same.Latency, 4.5, 5);
        Assert.Equal(0, proportional.Latency);
        Assert.InRange(1e9 * proportional.SecondsPerByte, 0.9, 1.1);
        Assert.Throws<ArgumentOutOfRangeException>(() => Link.Fit(1, [(8, 1), (16, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Link.Fit(2, [(8, 1)]));
    }

    [Fact]
    public void A_sum_overlaps_with_the_backward_pass_while_that_lasts()
    {
        // Two ranks, 1 µs a byte: the first piece is there at 4 ms and added up at 5, the second at 7 and 9, a millisecond after the backward pass.
        var profile = new StepProfile(10e-3, 8e-3, [new(1000, 4e-3), new(2000, 7e-3)], [500]);
        StepForecast step = profile.On(new Link(0, 1e-6), 2);
        Assert.Null(Tolerance.AgreementInDouble.Explain("ms", [11.5, 3.5, 1.5, 2], [1e3 * step.Step, 1e3 * step.Communication, 1e3 * step.Exposed, 1e3 * step.Hidden]));
        Assert.Equal(new StepForecast(10e-3, 0, 0), profile.On(new Link(0, 1e-6), 1));
    }

    [Fact]
    public void A_piece_waits_for_the_pieces_before_it()
    {
        // 6 ms from 1 to 7, then 1 ms although the piece was there at 2.
        StepForecast step = new StepProfile(10e-3, 7.5e-3, [new(6000, 1e-3), new(1000, 2e-3)], []).On(new Link(0, 1e-6), 2);
        Assert.Null(Tolerance.AgreementInDouble.Explain("ms", [10.5, 7, 0.5], [1e3 * step.Step, 1e3 * step.Communication, 1e3 * step.Exposed]));
    }

    [Fact]
    public void Every_network_is_forecast_for_8_to_1024_ranks_with_the_best_of_the_buckets()
    {
        // Four pieces of 64 KiB that are there one by one, or the whole at the end, behind a backward pass of 0.1 ms.
        StepProfile Profile(int floats) => floats == int.MaxValue
            ? new StepProfile(0.2e-3, 0.1e-3, [new(1 << 18, 0.1e-3)], [])
            : new StepProfile(0.2e-3, 0.1e-3, [.. Enumerable.Range(1, 4).Select(i => new GradientPiece(1 << 16, i * 0.025e-3))], []);
        IReadOnlyList<ScalingForecast> all = Forecaster.Of(Profile, KnownLink.All);
        Assert.Equal(KnownLink.All.SelectMany(_ => new[] { 8, 16, 32, 64, 128, 256, 512, 1024 }), all.Select(f => f.Ranks));
        Assert.Equal(KnownLink.All.SelectMany(n => Enumerable.Repeat(n.Name, 8)), all.Select(f => f.Network.Name));
        Assert.All(all, f => Assert.True(f.Best.Step <= f.Step.Step && f.Step.Step >= 0.2e-3));
        // Over Ethernet four sums wait for four times as many messages, 30 µs each: one is better. Over NVLink what is hidden is worth more.
        Assert.Null(all.Single(f => f.Ranks == 1024 && f.Network.Name.StartsWith("Ethernet", StringComparison.Ordinal)).BestBucket);
        Assert.NotNull(all.Single(f => f.Ranks == 8 && f.Network.Name.StartsWith("NVLink", StringComparison.Ordinal)).BestBucket);
    }

    [Fact]
    public void A_row_of_the_table_says_what_was_hidden_how_efficient_it_was_and_how_far_the_model_is_off()
    {
        var one = new ScalingRow(1, 64, new Timing([20]), 20e-3, 0, 0, [], null);
        var two = new ScalingRow(2, 32, new Timing([12.5]), 11e-3, 2e-3, 0.5e-3, [1000, 250], new Link(0, 1e-6));
        Assert.Equal(1, one.EfficiencyAgainst(one));
        Assert.Null(Tolerance.AgreementInDouble.Explain("row", [0.8, 1.5, 12.25, -0.02], [two.EfficiencyAgainst(one), 1e3 * two.Hidden, 1e3 * two.Predicted, two.Error]));
        Assert.Equal(0, one.Error);
    }

    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(6, new[] { 1, 2, 4, 6 })]
    [InlineData(8, new[] { 1, 2, 4, 8 })]
    public void Powers_of_two_and_all_ranks_are_measured(int ranks, int[] sizes) => Assert.Equal(sizes, RankBenchmark.GroupSizes(ranks));
}
