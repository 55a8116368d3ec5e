using GpuGrad.Training.Health;

namespace GpuGrad.Training.Tests.Health;

/// <summary>The gradient of recurrent layers, step by step of the sequence.</summary>
public sealed class ThroughTimeTests
{
    private const string Layer = "{rnn: {units: 8, bidirectional: true, layers: 2, return: last}}";

    private static string Yaml(string layer) => """
        seed: 3
        data: {dataset: {copy-first: {steps: 40, noise: 0.01, train: 60, test: 20}}, batch: 10}
        model: [LAYER, {dense: 4}]
        train: {epochs: 1, optimizer: {sgd: {lr: 0.01}}}
        diagnostics: {every: 1, init-audit: false, black-box: false}
        """.Replace("LAYER", layer, StringComparison.Ordinal);

    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl:0")]
    public void The_gradient_fades_from_the_last_time_step_to_the_first(string device)
    {
        using var run = new TestRun(Yaml(Layer), device);
        run.Run();
        IReadOnlyList<TimeReading> times = HealthReading.Of(run.Session.Trainer.Model, run.Session.Trainer.Model.Probe, 10).Times;
        Assert.Equal(["l0", "l0_reverse", "l1", "l1_reverse"], times.Select(t => t.Time.Name));
        TimeReading forward = times[2], reverse = times[3];
        for (int step = 1; step < 40; step++)
        {
            Assert.True(forward.Norms[step] > forward.Norms[step - 1], $"{step}");
            Assert.True(reverse.Norms[step] < reverse.Norms[step - 1], $"{step}");
        }
        Assert.InRange(forward.Left, 1e-14, 1e-6);
        Assert.InRange(reverse.Left, 1e-14, 1e-6);
    }

    [Fact]
    public void Orthogonal_weights_carry_the_gradient_to_the_first_step()
    {
        using var run = new TestRun(Yaml("{rnn: {units: 8, recurrent-init: orthogonal, bias: false, return: last}}"));
        run.Run();
        Assert.InRange(HealthReading.Of(run.Session.Trainer.Model, run.Session.Trainer.Model.Probe, 10).Times.Single().Left, 1e-4, 1);
    }

    [Fact]
    public void The_log_has_the_first_the_last_and_some_steps_between()
    {
        using var run = new TestRun(Yaml("{gru: {units: 8, return: last}}"));
        run.Run();
        string line = run.Metrics().First(l => l.Contains("step_gradient", StringComparison.Ordinal));
        Assert.Contains("\"0.l0@1/step_gradient\":", line, StringComparison.Ordinal);
        Assert.Contains("\"0.l0@40/step_gradient\":", line, StringComparison.Ordinal);
        Assert.Equal(16, line.Split("step_gradient").Length - 1);
    }

    [Fact]
    public void Watching_changes_no_bit_of_what_is_trained()
    {
        using var watched = new TestRun(Yaml(Layer));
        using var plain = new TestRun(Yaml(Layer), overrides: ["diagnostics.every=0"]);
        watched.Run();
        plain.Run();
        Assert.Equal(plain.Weights(), watched.Weights());
    }
}
