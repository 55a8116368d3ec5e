using GpuGrad.Training.Health;

namespace GpuGrad.Training.Tests.Health;

/// <summary>What is wrong with a network before its first step is said before its first step.</summary>
public sealed class InitAuditTests
{
    [Theory]
    [InlineData("[{dense: {units: 16, init: {constant: 0.1}}}, relu, {dense: 3}]", "G010")]
    [InlineData("[{dense: {units: 64, init: {normal: {std: 40}}}}, sigmoid, {dense: 3}]", "G011")]
    [InlineData("[{dense: {units: 64, init: {normal: {std: 40}}}}, tanh, {dense: 3}]", "G011")]
    [InlineData("[{dense: 16}, relu, {dense: {units: 3, init: {normal: {std: 30}}}}]", "G009")]
    [InlineData("[{repeat: {times: 12, layers: [{dense: 16}, sigmoid]}}, {dense: 3}]", "G014")]
    [InlineData("[{repeat: {times: 5, layers: [{dense: {units: 32, init: {normal: {std: 0.02}}}}, relu]}}, {dense: 3}]", "G013")]
    [InlineData("[{dense: 16}, relu, {dense: 3}]", null)]
    [InlineData("[{dense: 16}, tanh, {dense: {units: 3, init: {constant: 0}}}]", null)]
    public void Alarms_before_the_first_step(string model, string? id)
    {
        using var run = new TestRun($"data: {{dataset: {{blobs: {{train: 64, test: 8}}}}, batch: 32}}\nmodel: {model}\ntrain: {{epochs: 1, optimizer: {{sgd: {{lr: 0}}}}}}\n");
        run.Run();
        string[] before = [.. run.Alarms.Where(a => a.Step == 0).Select(a => a.Id).Distinct()];
        if (id is null)
            Assert.Empty(before);
        else
            Assert.Contains(id, before);
    }

    [Fact]
    public void The_expected_loss_is_ln_c_and_margin_times_c_minus_1()
    {
        InitAudit softmax = Audit("softmax-cross-entropy"), hinge = Audit("{hinge: {margin: 2}}");
        Assert.Equal(Math.Log(3), softmax.ExpectedLoss);
        Assert.Equal(Math.Log(3), softmax.Loss, 1e-6);
        Assert.Equal(4, hinge.ExpectedLoss);
        Assert.Equal(4, hinge.Loss, 1e-6);
    }

    [Fact]
    public void A_sigmoid_lets_at_most_a_quarter_of_the_gradient_through()
    {
        using var run = new TestRun("data: {dataset: {blobs: {train: 64, test: 8}}, batch: 32}\nmodel: [{dense: 16}, sigmoid, {dense: 3}]\ntrain: {epochs: 1}\n", "reference");
        InitAudit audit = Audit(run);
        Assert.Equal(["0", "1", "2"], audit.Layers.Select(l => l.Path));
        Assert.InRange(audit.Layers[0].Gradient / audit.Layers[1].Gradient, 0.05, 0.25);
        Assert.InRange(audit.InputDeviation, 0.9, 1.1);
    }

    private static InitAudit Audit(string loss)
    {
        using var run = new TestRun($"data: {{dataset: {{blobs: {{train: 64, test: 8}}}}, batch: 32}}\nmodel: [{{dense: {{units: 3, init: {{constant: 0}}}}}}]\nloss: {loss}\ntrain: {{epochs: 1}}\n");
        return Audit(run);
    }

    private static InitAudit Audit(TestRun run) =>
        InitAudit.Run(run.Loaded.Config, run.Session.Trainer.Network, run.Session.Trainer.Model.Device, run.Data.Train, run.Data.Normalization, run.Data.Shape);
}
