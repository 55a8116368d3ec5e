using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

public enum PositionKind
{
    /// <summary>A learned vector per position (GPT, BERT).</summary>
    Learned,

    /// <summary>Sines and cosines of many wavelengths (Vaswani et al., 2017).</summary>
    Sinusoidal,
}

/// <summary>Adds positional information to each step of a sequence [T, F]; attention by itself ignores the order of steps.</summary>
public sealed record PositionsConfig : LayerConfig
{
    [Shorthand]
    public PositionKind Kind { get; init; }

    [DefaultText("`normal: 0.02`")]
    public InitConfig? Init { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.RequireRank(2, "[steps, features]", "put 'embedding' before it");
        site.Require(Init is null || Kind == PositionKind.Learned, "sinusoidal positions are not learned; leave out 'init'");
        return new PositionsLayer(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class PositionsLayer : Layer
{
    private readonly Parameter? table;

    internal PositionsLayer(PositionsConfig config, LayerSite site)
    {
        table = config.Kind == PositionKind.Sinusoidal ? null
            : new Parameter($"{site.Path}.weight", site.Path, site.Input) { Init = config.Init ?? new NormalInit { Std = 0.02 }, FanOut = site.Input[1] };
        Details = config.Kind == PositionKind.Sinusoidal ? "sinusoidal" : "learned";
    }

    public override Shape Output => Input;

    public override string Details { get; }

    public override IReadOnlyList<Parameter> Parameters => table is null ? [] : [table];

    public override bool TakesSteps => true;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        if (g.Place is StepPlace place)
            return table is null ? g.Graph.Add(new AddSinusoids(Most: place.Most), x, place.Position) : g.Graph.Add(new AddPositions(Placed: true), x, g[table], place.Position);
        return table is null ? g.Graph.Add(new AddSinusoids(), x) : g.Graph.Add(new AddPositions(), x, g[table]);
    }
}
