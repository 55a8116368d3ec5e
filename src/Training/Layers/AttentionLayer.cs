using System.Globalization;
using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Multi-head self-attention over a sequence [T, F], as <c>torch.nn.MultiheadAttention</c>. Padding is not attended to, and gives 0 before the last projection.</summary>
public sealed record AttentionConfig : LayerConfig
{
    /// <summary>Number of query heads; it must divide the number of features.</summary>
    [Shorthand]
    public required int Heads { get; init => field = Config.Require.Positive(value); }

    /// <summary>Number of key and value heads, each shared by several query heads (grouped-query attention; 1: multi-query).</summary>
    [DefaultText("as `heads`")]
    public int? KvHeads { get; init => field = value is int v ? Config.Require.Positive(v) : null; }

    /// <summary>Let each step attend only to itself and earlier steps, as next-token prediction requires.</summary>
    public bool Causal { get; init; }

    /// <summary>Rotary positions: rotate queries and keys by an angle proportional to the step (Su et al., 2021).</summary>
    public bool Rotary { get; init; }

    /// <summary>Base of the rotary wavelengths; the longest wavelength is 2π times this many steps.</summary>
    public double RotaryBase { get; init => field = Config.Require.Positive(value); } = 10000;

    /// <summary>Scores decrease with distance, with a different slope per head (ALiBi; Press et al., 2022): the network needs no <c>positions</c>, and handles sequences longer than those in training. Without <c>causal</c> they decrease on both sides.</summary>
    public bool Alibi { get; init; }

    /// <summary>Dropout rate of the attention weights in training; the others are scaled up to keep the mean, as with <c>dropout</c> of <c>torch.nn.MultiheadAttention</c>.</summary>
    public double Dropout { get; init => field = Config.Require.Fraction(value); }

    public bool Bias { get; init; } = true;

    [DefaultText("`lecun: {gain: 0.577}`")]
    public InitConfig? Init { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.RequireRank(2, "[steps, features]", "put 'embedding' or 'reshape' before it");
        int features = site.Input[1], groups = KvHeads ?? Heads;
        site.Require(features % Heads == 0, $"{Heads} heads of {features} features; expected a number of heads that divides them");
        site.Require(Heads % groups == 0, $"{groups} kv-heads for {Heads} heads; expected a number that divides them");
        site.Require(!Rotary || features / Heads % 2 == 0, $"rotary positions turn pairs of numbers, {features} features in {Heads} heads are {features / Heads} each; expected an even number");
        site.Require(!(Rotary && Alibi), "'rotary' and 'alibi' both say where a step stands; expected one of the two");
        return new AttentionLayer(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class AttentionLayer : Layer
{
    private readonly AttentionConfig config;
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly Parameter outWeight;
    private readonly Parameter? outBias;
    private readonly int groups;
    private readonly int width;

    internal AttentionLayer(AttentionConfig config, LayerSite site)
    {
        this.config = config;
        int features = site.Input[1];
        groups = config.KvHeads ?? config.Heads;
        width = features / config.Heads;
        int rows = checked((config.Heads + (2 * groups)) * width);
        InitConfig init = config.Init ?? new LecunInit { Gain = 1 / Math.Sqrt(3) };
        weight = new Parameter($"{site.Path}.in_proj_weight", site.Path, new Shape(rows, features)) { Penalized = true, Init = init, FanIn = features, FanOut = features };
        bias = config.Bias ? new Parameter($"{site.Path}.in_proj_bias", site.Path, new Shape(rows)) { Init = new ConstantInit(), FanIn = features, FanOut = features } : null;
        outWeight = new Parameter($"{site.Path}.out_proj.weight", site.Path, new Shape(features, features)) { Penalized = true, Init = init, FanIn = features, FanOut = features };
        outBias = config.Bias ? new Parameter($"{site.Path}.out_proj.bias", site.Path, new Shape(features)) { Init = new ConstantInit(), FanIn = features, FanOut = features } : null;
        Details = string.Create(CultureInfo.InvariantCulture, $"{config.Heads} heads of {width}{(groups == config.Heads ? "" : $", {groups} of keys")}{(config.Causal ? ", causal" : "")}{(config.Rotary ? ", rotary" : "")}{(config.Alibi ? ", alibi" : "")}");
    }

    public override Shape Output => Input;

    /// <summary>Number of query heads.</summary>
    public int Heads => config.Heads;

    public override string Details { get; }

    public override IReadOnlyList<Parameter> Parameters => [.. new[] { weight, bias, outWeight, outBias }.OfType<Parameter>()];

    public override bool TakesSteps => config.Causal;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        Tensor qkv = Project(g, x, weight, bias);
        if (g.Place is StepPlace place)
            return Project(g, Further(g, qkv, place), outWeight, outBias);
        if (config.Rotary)
            qkv = g.Graph.Add(new Rotary(config.Heads + groups, width, config.RotaryBase), qkv);
        Tensor? lengths = g.LengthsOf(x);
        bool drops = g.Training && config.Dropout > 0;
        var op = new Attention(config.Heads, groups, config.Causal, lengths is not null, config.Alibi, drops ? config.Dropout : 0, drops ? g.NextRandomStream() : 0);
        Tensor y = g.Graph.AddAll(op, [qkv, .. lengths is null ? [] : new[] { lengths }, .. drops ? new[] { g.Random } : []])[0];
        return Project(g, y, outWeight, outBias);
    }

    // For a single further step: the keys and values of earlier steps are cached.
    private Tensor Further(LayerGraph g, Tensor qkv, StepPlace place)
    {
        if (config.Rotary)
            qkv = g.Graph.Add(new Rotary(config.Heads + groups, width, config.RotaryBase, Most: place.Most), qkv, place.Position);
        Tensor cache = g.CarriedBy($"{Path} keys and values", new Shape(qkv.Shape[0], place.Most, 2 * groups * width));
        return g.Graph.Add(new StepAttention(config.Heads, groups, config.Alibi), qkv, cache, place.Position);
    }

    // Position-wise: one matmul over the steps of all samples.
    private static Tensor Project(LayerGraph g, Tensor x, Parameter weight, Parameter? bias)
    {
        Tensor rows = g.Graph.Reshape(x, new Shape(x.Shape[0] * x.Shape[1], x.Shape[2]));
        Tensor y = bias is null
            ? g.Graph.Add(new MatMul(TransposeB: true), rows, g[weight])
            : g.Graph.Add(new MatMul(TransposeB: true, Bias: true), rows, g[weight], g[bias]);
        return g.Graph.Reshape(y, new Shape(x.Shape[0], x.Shape[1], weight.Shape[0]));
    }
}
