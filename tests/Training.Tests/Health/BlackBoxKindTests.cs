using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Layers;
using static GpuGrad.Training.Tests.Health.PlantedFault;

namespace GpuGrad.Training.Tests.Health;

/// <summary>A NaN planted in the kinds of layer that <see cref="BlackBoxTests"/> leaves out.</summary>
public sealed class BlackBoxKindTests
{
    private const string Words = """
        data: {dataset: {random: {shape: [6], train: 24, test: 8, classes: 4, ids: 9}}, batch: 8}
        model: [{embedding: {rows: 9, width: 5, name: embedding}}, flatten, {dense: {units: 8, name: dense}}, FUNCTION, {dense: 4}, {log-softmax: {name: log-softmax}}]
        train: {epochs: 2, optimizer: {momentum: {lr: 0.01}}, log-every: 1}
        """;

    internal const string Pools = """
        data: {dataset: {random: {shape: [2, 6, 6], train: 16, test: 8, classes: 3}}, batch: 4}
        model:
          - conv: {filters: 3, kernel: 3, name: conv}
          - batchnorm: {name: batchnorm}
          - tanh: {name: tanh} # a relu that is off would swallow what comes back
          - branch: {name: branch, paths: [[{global-avgpool: {name: global-avgpool}}], [{global-maxpool: {name: global-maxpool}}]]}
          - dense: {units: 3, name: head}
        train: {epochs: 1, optimizer: {momentum: {lr: 0.01}}, log-every: EVERY}
        diagnostics: {every: 0, init-audit: false}
        """;

    private const string Masks = """
        data: {dataset: {shapes: {size: 16, train: 16, test: 8, classes: 3}}, batch: 4, augment: [flip]}
        model:
          - conv: {filters: 4, kernel: 2, stride: 2, name: down}
          - tanh: {name: bend}
          - upsample: {name: upsample, mode: bilinear}
          - conv: {filters: 3, kernel: 1, name: head}
        train: {epochs: 1, optimizer: {momentum: {lr: 0.01}}, log-every: 1}
        diagnostics: {every: 0, init-audit: false}
        """;

    private const string Sequences = """
        data: {dataset: {random: {shape: [6], train: 24, test: 8, classes: 4, ids: 9}}, batch: 8}
        model:
          - embedding: {rows: 9, width: 4}
          - positions: {name: positions}
          - rmsnorm: {name: rmsnorm}
          - attention: {heads: 2, causal: true, rotary: true, name: attention}
          - conv1d: {filters: 4, kernel: 3, padding: causal, name: conv1d}
          - transformer: {heads: 2, norm: rmsnorm, activation: swiglu, name: transformer}
          - rnn: {units: 4, name: rnn}
          - lstm: {units: 4, name: lstm}
          - gru: {units: 4, name: gru}
          - time-pool: {name: time-pool}
          - dense: 4
        train: {epochs: 2, optimizer: {momentum: {lr: 0.01}}, log-every: 1}
        diagnostics: {every: 0, init-audit: false}
        """;

    // These hand numbers on as they are: no op of their own could compute one wrong.
    private static readonly string[] WithoutOps = ["flatten", "reshape", "repeat"];

    private static readonly string[] FunctionNames = [.. Activation.All.Select(f => f.Name), "prelu"];

    public static TheoryData<string> Functions => [.. FunctionNames];

    [Theory]
    [InlineData("embedding", "gradient of embedding.weight")]
    [InlineData("log-softmax", "gradient of its input (SoftmaxGradient)")]
    public void A_nan_in_an_embedding_or_a_log_softmax_is_named(string layer, string gradient)
    {
        string yaml = Words.Replace("FUNCTION", "relu", StringComparison.Ordinal);
        Finding forward = Planted(yaml, new Fault(3, Phase.Forward, layer, 7)), backward = Planted(yaml, new Fault(3, Phase.Backward, layer, 7));
        Assert.Equal((Direction.Forward, 4L, layer, "output", 7), (forward.Direction, forward.Step, forward.Layer, forward.Tensor, Flat(forward)));
        Assert.Equal((Direction.Backward, 4L, layer, gradient, 7), (backward.Direction, backward.Step, backward.Layer, backward.Tensor, Flat(backward)));
    }

    [Fact]
    public void A_nan_in_the_update_of_an_embedding_is_named()
    {
        Finding update = Planted(Words.Replace("FUNCTION", "relu", StringComparison.Ordinal), new Fault(2, Phase.Update, "embedding", 7));
        Assert.Equal((Direction.Update, 3L, "embedding.weight", 7), (update.Direction, update.Step, update.Tensor, Flat(update)));
    }

    [Theory]
    [InlineData("branch.0.global-avgpool")]
    [InlineData("branch.1.global-maxpool")]
    public void A_nan_in_a_global_pool_is_named(string layer)
    {
        string yaml = Pools.Replace("EVERY", "1", StringComparison.Ordinal);
        Finding forward = Planted(yaml, new Fault(2, Phase.Forward, layer, 4)), backward = Planted(yaml, new Fault(2, Phase.Backward, layer, 4));
        Assert.Equal((Direction.Forward, 3L, layer, 4), (forward.Direction, forward.Step, forward.Layer, Flat(forward)));
        Assert.Equal((Direction.Backward, 3L, layer, 4), (backward.Direction, backward.Step, backward.Layer, Flat(backward)));
    }

    [Fact]
    public void A_nan_in_an_upsampling_before_masks_is_named()
    {
        Finding forward = Planted(Masks, new Fault(2, Phase.Forward, "upsample", 4)), backward = Planted(Masks, new Fault(2, Phase.Backward, "upsample", 4));
        Assert.Equal((Direction.Forward, 3L, "upsample", 4), (forward.Direction, forward.Step, forward.Layer, Flat(forward)));
        Assert.Equal((Direction.Backward, 3L, "upsample", 4), (backward.Direction, backward.Step, backward.Layer, Flat(backward)));
    }

    [Theory]
    [InlineData("positions")]
    [InlineData("rmsnorm")]
    [InlineData("attention")]
    [InlineData("conv1d")]
    [InlineData("transformer.norm2")]
    [InlineData("transformer.self_attn")]
    [InlineData("transformer.linear3")]
    [InlineData("rnn")]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("time-pool")]
    public void A_nan_in_a_layer_over_sequences_is_named(string layer)
    {
        Finding forward = Planted(Sequences, new Fault(2, Phase.Forward, layer, 4)), backward = Planted(Sequences, new Fault(2, Phase.Backward, layer, 4));
        Assert.Equal((Direction.Forward, 3L, layer, 4), (forward.Direction, forward.Step, forward.Layer, Flat(forward)));
        Assert.Equal((Direction.Backward, 3L, layer), (backward.Direction, backward.Step, backward.Layer));
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_nan_in_an_activation_function_is_named(string function)
    {
        string yaml = Words.Replace("FUNCTION", $"{{{function}: {{name: planted}}}}", StringComparison.Ordinal);
        Finding forward = Planted(yaml, new Fault(1, Phase.Forward, "planted", 5)), backward = Planted(yaml, new Fault(1, Phase.Backward, "planted", 5));
        Assert.Equal((Direction.Forward, 2L, "planted", function, 5), (forward.Direction, forward.Step, forward.Layer, forward.Kind, Flat(forward)));
        Assert.Equal((Direction.Backward, 2L, "planted", function, 5), (backward.Direction, backward.Step, backward.Layer, backward.Kind, Flat(backward)));
    }

    [Fact]
    public void Every_kind_of_layer_is_planted_somewhere()
    {
        string all = BlackBoxTests.Images + Words + Pools + Masks + Sequences;
        foreach (string kind in LayerCatalog.All.Select(c => c.Name).Except(WithoutOps).Except(FunctionNames))
            Assert.Contains(kind + ": {", all);
    }
}
