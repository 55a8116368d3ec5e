using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>y = xWᵀ + b over the last axis, as <c>torch.nn.Linear</c>.</summary>
public sealed record DenseConfig : LayerConfig
{
    [Shorthand]
    public required int Units { get; init => field = Config.Require.Positive(value); }

    public bool Bias { get; init; } = true;

    /// <summary>The embedding that shares its table as the weight (weight tying; Press and Wolf, 2017): its name, or its position in the model.</summary>
    [DefaultText("a weight of its own")]
    public string? Tied { get; init; }

    [DefaultText(LayerSite.DefaultInitText)]
    public InitConfig? Init { get; init; }

    [DefaultText(LayerSite.DefaultBiasInitText)]
    public InitConfig? BiasInit { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.Require(
            site.Input.Rank <= 2,
            $"its input has shape {site.Input}; expected [features] or [steps, features]; put 'flatten' before it");
        return new Dense(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class Dense : Layer
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly int units;
    private readonly bool tied;

    internal Dense(DenseConfig config, LayerSite site)
    {
        units = config.Units;
        tied = config.Tied is not null;
        int features = site.Input[^1];
        Output = site.Input.With(site.Input.Rank - 1, units);
        (weight, bias) = site.Weights(new Shape(units, features), config.Bias ? units : 0, (features, units), config.Init, config.BiasInit);
        weight = tied ? TableOf(config, site) : weight;
    }

    public override Shape Output { get; }

    // A tied weight belongs to the embedding.
    public override IReadOnlyList<Parameter> Parameters => [.. tied ? [] : new[] { weight }, .. bias is null ? [] : new[] { bias }];

    private static Parameter TableOf(DenseConfig config, LayerSite site)
    {
        var wanted = new Shape(config.Units, site.Input[^1]);
        EmbeddingLayer? embedding = site.Known.GetValueOrDefault(config.Tied!) as EmbeddingLayer, other = site.Known.Values.OfType<EmbeddingLayer>().FirstOrDefault();
        site.Require(embedding is not null, $"tied to '{config.Tied}', which is not an embedding before it; expected the name or the position of one{(other is null ? "" : $", such as '{other.Path}'")}");
        site.Require(config.Init is null, "a tied weight begins as the embedding's; leave out 'init'");
        site.Require(embedding.Table.Shape == wanted, $"tied to '{config.Tied}', whose table is {embedding.Table.Shape}; expected {wanted}, units and features");
        return embedding.Table;
    }

    public override bool TakesSteps => Input.Rank == 2;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        Tensor rows = g.Graph.Reshape(x, new Shape(x.Shape.Count / x.Shape[^1], x.Shape[^1]));
        Tensor y = g.Add(new MatMul(TransposeB: true, Bias: bias is not null), rows, g[weight], bias);
        return g.Graph.Reshape(y, x.Shape.With(x.Shape.Rank - 1, units));
    }
}
