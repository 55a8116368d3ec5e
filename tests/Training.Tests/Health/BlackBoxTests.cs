using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs;
using static GpuGrad.Training.Tests.Health.PlantedFault;

namespace GpuGrad.Training.Tests.Health;

/// <summary>A NaN planted in each kind of layer, forward, backward and in the update, is named: layer, tensor, direction, place.</summary>
public sealed class BlackBoxTests
{
    // Every kind of layer between an input and a loss; the names are what the tests ask for.
    internal const string Images = """
        data: {dataset: {digits: {train: 60, test: 8}}, batch: 16, augment: [{shift: 2}]}
        model:
          - conv: {filters: 4, kernel: 5, padding: same, name: conv}
          - batchnorm: {name: batchnorm}
          - relu: {name: relu}
          - maxpool: {kernel: 2, name: maxpool}
          - residual: {layers: [{conv: {filters: 4, kernel: 3, padding: same, name: inner}}, {gelu: {name: gelu}}], name: residual}
          - conv-transpose: {filters: 3, kernel: 2, stride: 2, name: transpose}
          - groupnorm: {groups: 3, name: groupnorm}
          - avgpool: {kernel: 4, name: avgpool}
          - branch: {paths: [[{sigmoid: {name: left}}], [{tanh: {name: right}}]], name: branch}
          - permute: {axes: [1, 2, 0], name: permute}
          - flatten
          - dense: {units: 12, name: dense}
          - layernorm: {name: layernorm}
          - dropout: {rate: 0.25, name: dropout}
          - dense: {units: 10, name: head}
          - softmax: {name: softmax}
        loss: squared-error
        train: {epochs: 3, optimizer: {momentum: {lr: 0.01}}, log-every: 1}
        diagnostics: 3
        """;

    public static TheoryData<string> Layers =>
        ["conv", "batchnorm", "relu", "maxpool", "residual", "residual.inner", "residual.gelu", "transpose", "groupnorm", "avgpool", "branch.0.left", "branch.1.right", "branch", "permute", "dense", "layernorm", "dropout", "head", "softmax"];

    public static TheoryData<string> Trained => ["conv", "batchnorm", "residual.inner", "transpose", "groupnorm", "dense", "layernorm", "head"];

    [Theory]
    [MemberData(nameof(Layers))]
    public void A_nan_in_a_forward_pass_is_named(string layer)
    {
        Finding finding = Planted(Images, new Fault(6, Phase.Forward, layer, 3));
        Assert.Equal((Direction.Forward, 7L, 1L), (finding.Direction, finding.Step, finding.Count));
        Assert.Equal(layer, finding.Layer);
        Assert.Equal(3, Flat(finding));
        Assert.NotNull(finding.Before);
        Assert.True(finding.Tensor is "output" || finding.Tensor.EndsWith("inside", StringComparison.Ordinal), finding.Tensor);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void A_nan_in_a_backward_pass_is_named(string layer)
    {
        if (layer == "residual")
            return; // the sum hands its gradient on: there is no op of its own on the way back
        Finding finding = Planted(Images, new Fault(6, Phase.Backward, layer, 3));
        Assert.Equal((Direction.Backward, 7L), (finding.Direction, finding.Step));
        Assert.Equal(layer, finding.Layer);
        Assert.Equal(3, Flat(finding));
        Assert.StartsWith("gradient", finding.Tensor);
    }

    [Theory]
    [MemberData(nameof(Trained))]
    public void A_nan_in_an_update_is_named(string layer)
    {
        Finding finding = Planted(Images, new Fault(5, Phase.Update, layer, 1));
        Assert.Equal((Direction.Update, 6L), (finding.Direction, finding.Step));
        Assert.Equal(layer, finding.Layer);
        Assert.Equal($"{layer}.weight", finding.Tensor);
        Assert.Equal(1, Flat(finding));
    }

    [Fact]
    public void The_first_step_has_none_before_it()
    {
        Finding finding = Planted(Images, new Fault(0, Phase.Forward, "dense", 0));
        Assert.Equal((1L, "dense"), (finding.Step, finding.Layer));
        Assert.Null(finding.Before);
    }

    [Theory]
    [InlineData(", accumulate: 2")]
    [InlineData(", clip: {norm: 1}, ema: 0.9")]
    public void Other_update_rules_change_nothing(string more)
    {
        string yaml = Images.Replace(", log-every: 1", ", log-every: 1" + more, StringComparison.Ordinal);
        Assert.Equal("residual.gelu", Planted(yaml, new Fault(7, Phase.Backward, "residual.gelu", 5)).Layer);
        Assert.Equal("head", Planted(yaml, new Fault(5, Phase.Update, "head", 5)).Layer);
    }

    [Fact]
    public void On_the_reference_device_too() => Assert.Equal("groupnorm", Planted(Images, new Fault(4, Phase.Forward, "groupnorm", 9), "reference").Layer);

    [Fact]
    public void A_bundle_runs_again_from_its_folder_and_is_finite_on_a_sound_device()
    {
        var fault = new Fault(6, Phase.Forward, "dense", 4);
        using TestRun run = Faulty(Images, fault, "cpu");
        var e = Assert.Throws<NonFiniteException>(() => run.Run());
        Assert.Contains("layer dense (dense), forward pass of step 7", e.Message);
        Assert.Contains(AlarmCatalog.NonFinite, run.Alarms.Select(a => a.Id));
        StepBundle bundle = StepBundle.Load(Path.Combine(run.Folder.Path, "nonfinite-step-7"));
        Assert.Equal([6, 7], bundle.Steps.Select(s => s.Step));
        using Device sound = DeviceCatalog.Open("cpu", 1), oracle = DeviceCatalog.Open("reference");
        Assert.Null(new StepReplay(bundle).Run(sound));
        Assert.Null(new StepReplay(bundle).Run(oracle));
        using var broken = new FaultyDevice(DeviceCatalog.Open("cpu", 1), fault, () => 0);
        Assert.Equal(run.Session.NonFinite!.ToString(), new StepReplay(bundle).Run(broken)!.ToString());
    }

    [Fact]
    public void A_rate_far_too_high_is_stopped_and_explained()
    {
        using var run = new TestRun("""
            data: {dataset: {digits: {train: 320, test: 32}}, batch: 32}
            model: [flatten, {dense: 32}, relu, {dense: 10}]
            loss: mse
            train: {epochs: 40, optimizer: {sgd: {lr: 1000}}}
            """);
        var e = Assert.Throws<NonFiniteException>(() => run.Run());
        Assert.Contains("gpugrad replay", e.Message);
        Assert.NotNull(run.Session.NonFinite);
        Assert.Equal("non-finite", run.Folder.ReadSummary().Status);
    }
}
