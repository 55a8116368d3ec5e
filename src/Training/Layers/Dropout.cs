using System.Globalization;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Randomly zeroes activations in training and scales up the others to keep the mean (Srivastava et al., 2014), as <c>torch.nn.Dropout</c>.</summary>
public sealed record DropoutConfig : LayerConfig
{
    [Shorthand]
    public double Rate { get; init => field = Config.Require.Fraction(value); } = 0.5;

    /// <summary>Zero whole channels, as <c>torch.nn.Dropout2d</c>.</summary>
    public bool Channels { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.Require(!Channels || site.Input.Rank >= 2, $"its input has shape {site.Input}, which has no channels to drop");
        return new DropoutLayer(this) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class DropoutLayer : Layer
{
    private readonly DropoutConfig config;

    internal DropoutLayer(DropoutConfig config) => this.config = config;

    public override Shape Output => Input;

    public override string Details => string.Create(CultureInfo.InvariantCulture, $"rate {config.Rate}");

    public override bool TakesSteps => !config.Channels;

    public override Tensor Apply(LayerGraph g, Tensor x) =>
        g.Training && config.Rate > 0 ? g.Graph.Add(new Dropout(config.Rate, g.NextRandomStream(), config.Channels), x, g.Random) : x;
}
