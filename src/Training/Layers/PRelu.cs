using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Number of slopes of a <c>prelu</c>.</summary>
public enum Slopes
{
    /// <summary>One slope in all.</summary>
    One,

    /// <summary>One per index of a sample's first axis: a channel of [C, H, W], a feature of [F].</summary>
    Channel,

    /// <summary>One per index of a sample's last axis: a feature of a sequence [T, F].</summary>
    Feature,
}

/// <summary>A relu whose slope below 0 is learned (He et al., 2015), as <c>torch.nn.PReLU</c>.</summary>
public sealed record PReluConfig : LayerConfig
{
    /// <summary>Initial value of the slopes.</summary>
    [Shorthand]
    public double Slope { get; init => field = Config.Require.Finite(value); } = 0.25;

    /// <summary><c>one</c> slope in all, one per <c>channel</c> (the first axis of a sample; PyTorch's <c>num_parameters=C</c>), or one per <c>feature</c> of a sequence [T, F] (the last axis).</summary>
    public Slopes Slopes { get; init; }

    public override Layer Build(LayerSite site) => new PReluLayer(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
}

public sealed class PReluLayer : Layer
{
    private readonly Slopes kind;
    private readonly Parameter slopes;

    internal PReluLayer(PReluConfig config, LayerSite site)
    {
        kind = config.Slopes;
        int count = kind switch { Slopes.One => 1, Slopes.Channel => site.Input[0], _ => site.Input[^1] };
        slopes = new Parameter($"{site.Path}.weight", site.Path, new Shape(count)) { Init = new ConstantInit { Value = config.Slope } };
    }

    public override Shape Output => Input;

    public override IReadOnlyList<Parameter> Parameters => [slopes];

    public override string Details => slopes.Shape.Count == 1 ? "one slope" : string.Create(CultureInfo.InvariantCulture, $"{slopes.Shape.Count} slopes");

    public override bool TakesSteps => kind != Slopes.Channel || Input.Rank == 1;

    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.Add(new Kernels.Ops.Activations.PRelu(kind == Slopes.Feature ? x.Shape.Rank - 1 : 1), x, g[slopes]);
}
