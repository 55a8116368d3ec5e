using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Lists every kind of layer. To add a layer, write its file and add a line here.</summary>
public static class LayerCatalog
{
    public static IReadOnlyList<Choice> All { get; } =
    [
        new("dense", typeof(DenseConfig), "A fully connected layer: y = xWᵀ + b."),
        new("conv", typeof(ConvConfig), "Convolution of an image [C, H, W] or a signal [C, L] with learned filters."),
        new("conv1d", typeof(Conv1dConfig), "Convolution over the steps of a sequence [T, F]."),
        new("conv-transpose", typeof(ConvTransposeConfig), "Transposed convolution: enlarges an image."),
        new("maxpool", typeof(MaxPoolConfig), "Maximum of each window."),
        new("avgpool", typeof(AvgPoolConfig), "Mean of each window."),
        new("upsample", typeof(UpsampleConfig), "Enlarges an image or a signal by interpolation."),
        new("global-avgpool", typeof(GlobalAvgPoolConfig), "Mean of each channel over all positions."),
        new("global-maxpool", typeof(GlobalMaxPoolConfig), "Maximum of each channel over all positions."),
        new("batchnorm", typeof(BatchNormConfig), "Normalizes each channel by its mean and variance over the batch (Ioffe and Szegedy, 2015)."),
        new("layernorm", typeof(LayerNormConfig), "Normalizes each sample by its own mean and variance (Ba et al., 2016)."),
        new("rmsnorm", typeof(RmsNormConfig), "Normalizes each position by its root mean square (Zhang and Sennrich, 2019)."),
        new("groupnorm", typeof(GroupNormConfig), "Normalizes groups of a sample's channels (Wu and He, 2018)."),
        new("dropout", typeof(DropoutConfig), "Randomly zeroes activations during training (Srivastava et al., 2014)."),
        new("embedding", typeof(EmbeddingConfig), "Looks up rows of a learned table by integer index, as torch.nn.Embedding."),
        new("positions", typeof(PositionsConfig), "Adds a position encoding to each step of a sequence."),
        new("attention", typeof(AttentionConfig), "Multi-head self-attention over a sequence."),
        new("transformer", typeof(TransformerConfig), "A transformer block: self-attention and a feed-forward network, each with a residual connection."),
        new("rnn", typeof(RnnConfig), "A plain recurrent layer over a sequence, as torch.nn.RNN."),
        new("lstm", typeof(LstmConfig), "Long short-term memory over a sequence, as torch.nn.LSTM."),
        new("gru", typeof(GruConfig), "Gated recurrent units over a sequence, as torch.nn.GRU."),
        new("time-pool", typeof(TimePoolConfig), "Pools the steps of a sequence into one row: their mean, maximum or last."),
        new("softmax", typeof(SoftmaxConfig), "exp(x) / Σ exp(x) over the last axis: probabilities."),
        new("log-softmax", typeof(LogSoftmaxConfig), "Logarithm of softmax, computed without overflow."),
        new("permute", typeof(PermuteConfig), "Reorders the axes of a sample."),
        new("flatten", typeof(FlattenConfig), "Flattens a sample into one axis."),
        new("reshape", typeof(ReshapeConfig), "Gives a sample another shape with as many elements."),
        new("residual", typeof(ResidualConfig), "Layers whose output is added to their input (a residual connection)."),
        new("branch", typeof(BranchConfig), "Parallel paths on the same input, joined by concatenation, sum or product."),
        new("repeat", typeof(RepeatConfig), "Repeats layers several times, each time with its own weights."),
        new("prelu", typeof(PReluConfig), "A relu whose slope below 0 is learned."),
        .. Activation.All.Select(ActivationConfig.ChoiceFor),
    ];

    /// <summary>The layer's name in YAML.</summary>
    public static string NameOf(LayerConfig config) =>
        config is ActivationConfig activation ? activation.Function.Name : All.First(c => c.Type == config.GetType()).Name;

    /// <summary>Whether the layer normalises the variance of every channel or sample.</summary>
    internal static bool IsNormalization(string kind) => kind is "batchnorm" or "layernorm" or "rmsnorm" or "groupnorm";

    /// <summary>Whether the layer has weights that determine its output; normalisations don't count.</summary>
    internal static bool HasWeights(string kind) =>
        !IsTransparent(kind) && kind is not ("global-avgpool" or "global-maxpool" or "time-pool" or "upsample" or "softmax" or "log-softmax" or "permute") && !IsActivation(kind);

    /// <summary>Whether the layer is an activation function, with or without learned parameters.</summary>
    internal static bool IsActivation(string kind) => kind == "prelu" || Activation.All.Any(a => a.Name == kind);

    /// <summary>Whether the layer keeps the scale of a signal, so that the activation that follows it decides the initialiser.</summary>
    internal static bool IsTransparent(string kind) => kind is "batchnorm" or "layernorm" or "rmsnorm" or "groupnorm" or "positions" or "dropout" or "flatten" or "reshape" or "maxpool" or "avgpool" or "upsample";
}
