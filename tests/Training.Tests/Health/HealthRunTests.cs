using System.Text.Json;
using GpuGrad.Training.Health;

namespace GpuGrad.Training.Tests.Health;

/// <summary>What is measured and raised while a network trains.</summary>
public sealed class HealthRunTests
{
    private const string Small = """
        data: {dataset: {digits: {train: 320, test: 32}}, batch: 32}
        model:
          - conv: {filters: 4, kernel: 5}
          - batchnorm
          - relu
          - maxpool: 4
          - residual: [{conv: {filters: 4, kernel: 3, padding: same}}, gelu]
          - flatten
          - dense: 12
          - tanh
          - dropout: 0.2
          - dense: 10
        train: {epochs: 2, optimizer: {adam: {lr: 0.01}}, log-every: 5}

        """;

    [Theory]
    [InlineData("")]
    [InlineData(", clip: {norm: 0.5}, ema: 0.9")]
    [InlineData(", accumulate: 2")]
    public void Watching_changes_no_bit_of_the_weights(string more)
    {
        string yaml = Small.Replace(", log-every: 5", ", log-every: 5" + more, StringComparison.Ordinal);
        using var watched = new TestRun(yaml + "diagnostics: 2\n");
        using var plain = new TestRun(yaml + "diagnostics: {every: 0, black-box: false, init-audit: false}\n");
        watched.Run();
        plain.Run();
        Assert.Equal(plain.Weights(), watched.Weights());
        Assert.Contains(watched.Metrics(), l => l.Contains("update_ratio", StringComparison.Ordinal));
        Assert.DoesNotContain(plain.Metrics(), l => l.Contains("update_ratio", StringComparison.Ordinal));
    }

    [Fact]
    public void The_figures_of_a_step_are_those_of_the_reference()
    {
        using var actual = new TestRun(Small);
        using var expected = new TestRun(Small, "reference");
        actual.Run();
        expected.Run();
        JsonElement a = FirstReading(actual), e = FirstReading(expected);
        Assert.Equal(e.EnumerateObject().Select(p => p.Name), a.EnumerateObject().Select(p => p.Name));
        foreach (JsonProperty figure in e.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Number))
        {
            double want = figure.Value.GetDouble(), found = a.GetProperty(figure.Name).GetDouble();
            // Adam divides each gradient by its own size in its first step: elements near 0 may move either way.
            double tolerance = figure.Name.EndsWith("update_ratio", StringComparison.Ordinal) ? 2e-2 : 1e-4;
            Assert.True(Math.Abs(want - found) <= (tolerance * Math.Abs(want)) + 1e-6, $"{figure.Name}: {found}, expected {want}");
        }
    }

    [Fact]
    public void Twelve_sigmoids_let_the_gradient_vanish()
    {
        using var run = new TestRun("""
            data: {dataset: {blobs: {train: 320, test: 32}}, batch: 32}
            model: [{repeat: {times: 12, layers: [{dense: 16}, sigmoid]}}, {dense: 3}]
            train: {epochs: 8, optimizer: {sgd: {lr: 0.1}}}
            """);
        run.Run();
        Alarm alarm = Assert.Single(run.Raised(AlarmCatalog.Vanishing));
        Assert.Equal("0", alarm.Layer);
        Assert.Equal(41, alarm.Step);
        Assert.Single(run.Raised(AlarmCatalog.UpdatesSmall));
    }

    [Fact]
    public void A_limit_that_always_binds_is_reported_and_one_that_would_bind_on_a_tenth_is_suggested()
    {
        using var run = new TestRun("""
            data: {dataset: {blobs: {train: 640, test: 32}}, batch: 32}
            model: [{dense: 8}, tanh, {dense: 3}]
            train: {epochs: 6, optimizer: {sgd: {lr: 0.01}}, clip: {norm: 1e-6}, log-every: 1}
            """);
        run.Run();
        Alarm alarm = Assert.Single(run.Raised(AlarmCatalog.ClippingBinds));
        Assert.Equal(100, alarm.Step);
        double[] norms = [.. run.Metrics().Select(l => JsonDocument.Parse(l).RootElement).Where(l => l.TryGetProperty("loss", out _)).Take(100).Select(l => l.GetProperty("gradient_norm").GetDouble())];
        double named = double.Parse(alarm.Remedy.Split("clip.norm=")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(norms.Count(n => n > named), 8, 12);
    }

    [Fact]
    public void A_rate_far_too_high_makes_updates_too_large()
    {
        using var run = new TestRun("""
            data: {dataset: {digits: {train: 320, test: 32}}, batch: 32}
            model: [flatten, {dense: 16}, tanh, {dense: 10}]
            train: {epochs: 1, optimizer: {adam: {lr: 0.5}}}
            diagnostics: 1
            """);
        run.Run();
        Alarm alarm = Assert.Single(run.Raised(AlarmCatalog.UpdatesLarge));
        // The first step moved the weights by ten times their norm: half a per cent takes a rate two thousand times lower.
        double rate = double.Parse(alarm.Remedy.Split("--set train.optimizer.adam.lr=")[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(rate, 1e-4, 1e-3);
    }

    [Fact]
    public void A_loss_that_never_falls_is_noticed()
    {
        using var run = new TestRun("""
            data: {dataset: {blobs: {train: 320, test: 32}}, batch: 32}
            model: [{dense: 8}, tanh, {dense: {units: 3, init: zeros}}]
            train: {epochs: 5, optimizer: {sgd: {lr: 1e-7}}}
            """.Replace("init: zeros", "init: {constant: 0}", StringComparison.Ordinal));
        run.Run();
        Assert.Contains("1.099 is that of an uninformed guess", Assert.Single(run.Raised(AlarmCatalog.LossStuck)).Finding);
    }

    [Fact]
    public void A_healthy_run_raises_nothing()
    {
        using var run = new TestRun("""
            data: {dataset: {blobs: {train: 640, test: 64}}, batch: 32}
            model: [{dense: 32}, tanh, {dense: 3}]
            train: {epochs: 5, optimizer: {sgd: {lr: 0.05, momentum: 0.9}}}
            """);
        run.Run();
        Assert.Empty(run.Alarms);
    }

    [Fact]
    public void Every_alarm_is_explained_once()
    {
        Assert.Equal(AlarmCatalog.All.Count, AlarmCatalog.All.Select(k => k.Id).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, AlarmCatalog.All.Count).Select(i => $"G{i:D3}"), AlarmCatalog.All.Select(k => k.Id));
        Assert.Same(AlarmCatalog.Find("g003"), AlarmCatalog.All[2]);
        Assert.Null(AlarmCatalog.Find("G999"));
    }

    private static JsonElement FirstReading(TestRun run) =>
        run.Metrics().Select(l => JsonDocument.Parse(l).RootElement).First(l => l.TryGetProperty("0.weight/gradient_norm", out _));
}
