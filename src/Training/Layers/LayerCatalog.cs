using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Every layer that a network can name. A new layer is a file of its own and a line here.</summary>
public static class LayerCatalog
{
    public static IReadOnlyList<Choice> All { get; } =
    [
        new("dense", typeof(DenseConfig), "Every input to every unit: y = xWᵀ + b."),
        new("conv", typeof(ConvConfig), "Filters moved over an image or a signal."),
        new("conv1d", typeof(Conv1dConfig), "Filters moved over the steps of a sequence."),
        new("conv-transpose", typeof(ConvTransposeConfig), "A convolution read backwards: makes images larger."),
        new("maxpool", typeof(MaxPoolConfig), "The largest of each window."),
        new("avgpool", typeof(AvgPoolConfig), "The mean of each window."),
        new("upsample", typeof(UpsampleConfig), "An image or a signal made larger."),
        new("global-avgpool", typeof(GlobalAvgPoolConfig), "The mean of each channel."),
        new("global-maxpool", typeof(GlobalMaxPoolConfig), "The largest of each channel."),
        new("batchnorm", typeof(BatchNormConfig), "Each channel by its mean and variance over the batch."),
        new("layernorm", typeof(LayerNormConfig), "Each sample by its own mean and variance."),
        new("rmsnorm", typeof(RmsNormConfig), "Each position by the root of its mean square."),
        new("groupnorm", typeof(GroupNormConfig), "Each sample's channels in groups."),
        new("dropout", typeof(DropoutConfig), "In training, numbers set to 0 at random."),
        new("embedding", typeof(EmbeddingConfig), "Whole numbers become rows of a table."),
        new("positions", typeof(PositionsConfig), "Tells each step of a sequence where it stands."),
        new("attention", typeof(AttentionConfig), "Multi-head self-attention over a sequence."),
        new("transformer", typeof(TransformerConfig), "A transformer block: self-attention and a feed-forward part."),
        new("rnn", typeof(RnnConfig), "Plain recurrent units over a sequence."),
        new("lstm", typeof(LstmConfig), "Long short-term memory over a sequence."),
        new("gru", typeof(GruConfig), "Gated recurrent units over a sequence."),
        new("time-pool", typeof(TimePoolConfig), "A sequence's steps as one row: their mean, maximum or last."),
        new("softmax", typeof(SoftmaxConfig), "Positive numbers that add up to 1."),
        new("log-softmax", typeof(LogSoftmaxConfig), "The logarithm of softmax."),
        new("permute", typeof(PermuteConfig), "A sample's axes in another order."),
        new("flatten", typeof(FlattenConfig), "A sample's numbers in one row."),
        new("reshape", typeof(ReshapeConfig), "A sample's numbers under another shape."),
        new("residual", typeof(ResidualConfig), "Layers whose result is added to their input."),
        new("branch", typeof(BranchConfig), "Several paths side by side, joined."),
        new("repeat", typeof(RepeatConfig), "The same layers several times in a row, each with weights of its own."),
        new("prelu", typeof(PReluConfig), "A relu whose slope below 0 is learned."),
        .. Activation.All.Select(ActivationConfig.ChoiceFor),
    ];

    /// <summary>The name under which a layer's settings stand in YAML.</summary>
    public static string NameOf(LayerConfig config) =>
        config is ActivationConfig activation ? activation.Function.Name : All.First(c => c.Type == config.GetType()).Name;

    /// <summary>True for layers that give every channel, or sample, a variance of its own choosing.</summary>
    internal static bool IsNormalization(string kind) => kind is "batchnorm" or "layernorm" or "rmsnorm" or "groupnorm";

    /// <summary>True for layers whose output weights decide; normalisations are not among them.</summary>
    internal static bool HasWeights(string kind) =>
        !IsTransparent(kind) && kind is not ("global-avgpool" or "global-maxpool" or "time-pool" or "upsample" or "softmax" or "log-softmax" or "permute") && !IsActivation(kind);

    /// <summary>True for activation functions, those with learned numbers among them.</summary>
    internal static bool IsActivation(string kind) => kind == "prelu" || Activation.All.Any(a => a.Name == kind);

    /// <summary>True for layers that leave the scale of a signal alone, so that the activation behind them decides the initialiser.</summary>
    internal static bool IsTransparent(string kind) => kind is "batchnorm" or "layernorm" or "rmsnorm" or "groupnorm" or "positions" or "dropout" or "flatten" or "reshape" or "maxpool" or "avgpool" or "upsample";
}
