using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;

namespace GpuGrad.Training.Layers;

/// <summary>Activation between the two dense layers of a transformer's feed-forward network.</summary>
public enum TransformerActivation
{
    Gelu,

    /// <summary>The tanh approximation of gelu, as GPT-2.</summary>
    GeluTanh,
    Relu,
    Silu,

    /// <summary>silu of one projection times another (Shazeer, 2020), as Llama: three matmuls.</summary>
    Swiglu,
}

public enum TransformerNorm
{
    Layernorm,
    Rmsnorm,
}

/// <summary>
/// A transformer block over a sequence [T, F]: self-attention, then a feed-forward network, each added to its input, as <c>torch.nn.TransformerEncoderLayer</c>;
/// with <c>causal</c> a decoder block that predicts the next step.
/// </summary>
public sealed record TransformerConfig : LayerConfig
{
    /// <summary>Number of query heads; it must divide the number of features.</summary>
    [Shorthand]
    public required int Heads { get; init => field = Config.Require.Positive(value); }

    /// <summary>Number of key and value heads, each shared by several query heads.</summary>
    [DefaultText("as `heads`")]
    public int? KvHeads { get; init => field = value is int v ? Config.Require.Positive(v) : null; }

    /// <summary>Width of the feed-forward network.</summary>
    [DefaultText("4 times the features, with swiglu 8/3 times, rounded up to a multiple of 8")]
    public int? FeedForward { get; init => field = value is int v ? Config.Require.Positive(v) : null; }

    public TransformerActivation Activation { get; init; }

    /// <summary>Let each step attend only to itself and earlier steps.</summary>
    public bool Causal { get; init; }

    /// <summary>Use rotary positions in the attention.</summary>
    public bool Rotary { get; init; }

    /// <summary>Attention scores decrease with distance (ALiBi).</summary>
    public bool Alibi { get; init; }

    public TransformerNorm Norm { get; init; }

    /// <summary>Normalize before attention and feed-forward network (pre-norm, as GPT-2), which trains deep stacks without warm-up; false: after each residual sum (post-norm, Vaswani et al., 2017).</summary>
    public bool NormFirst { get; init; } = true;

    /// <summary>Dropout rate of the attention weights.</summary>
    public double AttentionDropout { get; init => field = Config.Require.Fraction(value); }

    /// <summary>Dropout rate after the attention, after the activation and after the feed-forward network.</summary>
    public double Dropout { get; init => field = Config.Require.Fraction(value); }

    public bool Bias { get; init; } = true;

    [DefaultText("`lecun: {gain: 0.577}`")]
    public InitConfig? Init { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.RequireRank(2, "[steps, features]", "put 'embedding' or 'reshape' before it");
        int features = site.Input[1], units = FeedForward ?? (Activation == TransformerActivation.Swiglu ? ((8 * features) + 23) / 24 * 8 : checked(4 * features));
        var attention = new AttentionConfig { Name = "self_attn", Heads = Heads, KvHeads = KvHeads, Causal = Causal, Rotary = Rotary, Alibi = Alibi, Dropout = AttentionDropout, Bias = Bias, Init = Init };
        LayerConfig[] dropout = Dropout > 0 ? [new DropoutConfig { Rate = Dropout }] : [];
        LayerConfig[] Named(string name) => [.. dropout.Select(d => d with { Name = name })];
        LayerConfig[] First(string name) => NormFirst ? [NormOf(name)] : [];
        LayerConfig[] Last(string name) => NormFirst ? [] : [NormOf(name)];
        IReadOnlyList<Layer> Part(LayerConfig[] layers, Shape input) =>
            site.Build([.. layers.Select(l => l is AttentionConfig ? l with { Source = Source } : l)], site.Path, input);
        var hidden = site.Input.With(1, units);
        return new TransformerLayer
        {
            Path = site.Path,
            Kind = site.Kind,
            Input = site.Input,
            Attention = Part([.. First("norm1"), attention, .. Named("dropout1")], site.Input),
            AttentionNorm = Part(Last("norm1"), site.Input),
            FeedForwardNorm = Part(First("norm2"), site.Input),
            Hidden = Part([Projection("linear1", units), ActivationOf()], site.Input),
            Gate = Activation == TransformerActivation.Swiglu ? Part([Projection("linear3", units)], site.Input) : [],
            Down = Part([.. Named("dropout"), Projection("linear2", features), .. Named("dropout2")], hidden),
            LastNorm = Part(Last("norm2"), site.Input),
        };
    }

    private DenseConfig Projection(string name, int units) =>
        new() { Name = name, Units = units, Bias = Bias, Init = Init ?? new LecunInit { Gain = 1 / Math.Sqrt(3) }, BiasInit = new ConstantInit() };

    private LayerConfig NormOf(string name) =>
        Norm == TransformerNorm.Rmsnorm ? new RmsNormConfig { Name = name } : new LayerNormConfig { Name = name, Axes = 1 };

    private ActivationConfig ActivationOf()
    {
        string name = Activation switch
        {
            TransformerActivation.GeluTanh => "gelu-tanh",
            TransformerActivation.Relu => "relu",
            TransformerActivation.Silu or TransformerActivation.Swiglu => "silu",
            _ => "gelu",
        };
        Activation function = Kernels.Ops.Activations.Activation.All.First(a => a.Name == name);
        return new ActivationConfig { Name = "activation", Function = function, Parameter = function.Default };
    }
}

public sealed class TransformerLayer : Layer
{
    public override Shape Output => Input;

    public override IReadOnlyList<Layer> Inner => [.. Attention, .. AttentionNorm, .. FeedForwardNorm, .. Hidden, .. Gate, .. Down, .. LastNorm];

    public override string Details => Attention.OfType<AttentionLayer>().Single().Details;

    public required IReadOnlyList<Layer> Attention { get; init; }

    public required IReadOnlyList<Layer> AttentionNorm { get; init; }

    public required IReadOnlyList<Layer> FeedForwardNorm { get; init; }

    public required IReadOnlyList<Layer> Hidden { get; init; }

    /// <summary>Gate of the hidden units; null unless the feed-forward network is gated.</summary>
    public required IReadOnlyList<Layer> Gate { get; init; }

    public required IReadOnlyList<Layer> Down { get; init; }

    public required IReadOnlyList<Layer> LastNorm { get; init; }

    public override bool TakesSteps => true;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        x = g.Apply(AttentionNorm, g.Graph.Add(new Add(), x, g.Apply(Attention, x)));
        Tensor input = g.Apply(FeedForwardNorm, x), hidden = g.Apply(Hidden, input);
        if (Gate.Count > 0)
            hidden = g.Graph.Add(new Multiply(), hidden, g.Apply(Gate, input));
        return g.Apply(LastNorm, g.Graph.Add(new Add(), x, g.Apply(Down, hidden)));
    }
}
