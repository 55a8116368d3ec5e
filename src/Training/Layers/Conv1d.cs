using System.Globalization;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Steps;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Padding of a sequence.</summary>
public enum StepPadding
{
    /// <summary>On both sides, so that the number of steps stays the same (divided by the stride).</summary>
    Same,

    /// <summary>No padding.</summary>
    Valid,

    /// <summary>All padding before the first step: a step sees itself and earlier steps only, as in a network that predicts the next one.</summary>
    Causal,
}

/// <summary>
/// Convolution over the steps of a sequence [T, F], as <c>torch.nn.Conv1d</c> over [F, T]. Padded steps count as 0, like the padding around a
/// sequence, and stay padded in the output; so with sequences of different lengths the output must have as many steps as the input.
/// </summary>
public sealed record Conv1dConfig : LayerConfig
{
    public required int Filters { get; init => field = Config.Require.Positive(value); }

    /// <summary>Number of steps that a filter spans.</summary>
    public required int Kernel { get; init => field = Config.Require.Positive(value); }

    public int Stride { get; init => field = Config.Require.Positive(value); } = 1;

    /// <summary><c>same</c>, <c>valid</c> (none) or <c>causal</c> (all before the first step).</summary>
    public StepPadding Padding { get; init; }

    public int Dilation { get; init => field = Config.Require.Positive(value); } = 1;

    public int Groups { get; init => field = Config.Require.Positive(value); } = 1;

    public bool Bias { get; init; } = true;

    [DefaultText(LayerSite.DefaultInitText)]
    public InitConfig? Init { get; init; }

    [DefaultText(LayerSite.DefaultBiasInitText)]
    public InitConfig? BiasInit { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.RequireRank(2, "[steps, features]", "put 'embedding' or 'reshape' before it");
        site.RequireGroups(Groups, site.Input[1], "features", Filters);
        return new Conv1d(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }

    internal ConvGeometry Geometry(int steps)
    {
        int reach = checked((Kernel - 1) * Dilation);
        var geometry = new ConvGeometry { Stride = (1, Stride), Dilation = (1, Dilation), Groups = Groups };
        return geometry with
        {
            Padding = Padding switch
            {
                StepPadding.Same => Kernels.Ops.Convolutions.Padding.Same((1, steps), (1, Kernel), geometry.Stride, geometry.Dilation),
                StepPadding.Causal => new Padding(0, 0, reach, 0),
                _ => new Padding(0, 0, 0, 0),
            },
        };
    }
}

public sealed class Conv1d : Layer
{
    private readonly ConvGeometry geometry;
    private readonly Parameter weight; // [K, F/groups, S]
    private readonly Parameter? bias;

    internal Conv1d(Conv1dConfig config, LayerSite site)
    {
        (int steps, int features) = (site.Input[0], site.Input[1]);
        geometry = config.Geometry(steps);
        Output = new Shape(geometry.Output((1, steps), (1, config.Kernel)).Item2, config.Filters);
        var shape = new Shape(config.Filters, features / config.Groups, config.Kernel);
        int fanIn = shape.LengthOf(1..), fanOut = checked(config.Filters / config.Groups * config.Kernel);
        (weight, bias) = site.Weights(shape, config.Bias ? config.Filters : 0, (fanIn, fanOut), config.Init, config.BiasInit);
        string padding = config.Padding switch { StepPadding.Same => "same", StepPadding.Causal => "causal", _ => "valid" };
        Details = string.Create(CultureInfo.InvariantCulture, $"{config.Kernel} steps, {padding}{(config.Stride > 1 ? $", stride {config.Stride}" : "")}{(config.Dilation > 1 ? $", dilation {config.Dilation}" : "")}{(config.Groups > 1 ? $", {config.Groups} groups" : "")}");
    }

    public override Shape Output { get; }

    public override string Details { get; }

    public override IReadOnlyList<Parameter> Parameters => bias is null ? [weight] : [weight, bias];

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        (int n, int steps, int features) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        Tensor? lengths = g.LengthsOf(x);
        if (lengths is not null && Output[0] != steps)
            throw new GpuGradException(Fault.Config, string.Create(CultureInfo.InvariantCulture, $"layer {Path} (conv1d) makes {Output[0]} steps of {steps}, and the sequences have different lengths; expected 'padding: same' or 'causal' and a stride of 1"));
        if (lengths is not null)
            x = g.Graph.Add(new StepMask(), x, lengths);
        Tensor signal = g.Graph.Reshape(g.Graph.Add(new Permute([0, 2, 1]), x), new Shape(n, features, 1, steps));
        Tensor filters = g.Graph.Reshape(g[weight], new Shape(weight.Shape[0], weight.Shape[1], 1, weight.Shape[2]));
        Tensor y = g.Add(new Conv2D(geometry, bias is not null), signal, filters, bias);
        return g.Graph.Add(new Permute([0, 2, 1]), g.Graph.Reshape(y, new Shape(n, Output[1], Output[0])));
    }
}
