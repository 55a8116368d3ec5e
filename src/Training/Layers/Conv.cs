using System.Globalization;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>
/// Convolution over an image [C, H, W] or a signal [C, L], as <c>torch.nn.Conv2d</c> and <c>Conv1d</c>. With as many groups as
/// channels it is depthwise.
/// </summary>
public sealed record ConvConfig : LayerConfig
{
    public required int Filters { get; init => field = Config.Require.Positive(value); }

    public required AxisSizes Kernel { get; init; }

    public AxisSizes Stride { get; init; } = 1;

    public PaddingConfig Padding { get; init; } = PaddingConfig.Valid;

    public AxisSizes Dilation { get; init; } = 1;

    public int Groups { get; init => field = Config.Require.Positive(value); } = 1;

    public bool Bias { get; init; } = true;

    [DefaultText(LayerSite.DefaultInitText)]
    public InitConfig? Init { get; init; }

    [DefaultText(LayerSite.DefaultBiasInitText)]
    public InitConfig? BiasInit { get; init; }

    public override Layer Build(LayerSite site)
    {
        SpatialInput input = SpatialInput.Of(site);
        site.RequireGroups(Groups, input.C, "channels", Filters);
        return new Conv(this, site, input) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class Conv : Layer
{
    private readonly ConvGeometry geometry;
    private readonly SpatialInput input;
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly Shape image; // of the weights, [K, C/groups, R, S]

    internal Conv(ConvConfig config, LayerSite site, SpatialInput input)
    {
        this.input = input;
        (int R, int S) filter = config.Kernel.For(input);
        (int H, int W) stride = config.Stride.For(input), dilation = config.Dilation.For(input);
        geometry = new ConvGeometry
        {
            Stride = stride,
            Dilation = dilation,
            Groups = config.Groups,
            Padding = config.Padding.For(input, filter, stride, dilation),
        };
        (int p, int q) = geometry.Output((input.H, input.W), filter);
        Output = input.Output(config.Filters, p, q);
        image = new Shape(config.Filters, input.C / config.Groups, filter.R, filter.S);
        int fanIn = image.LengthOf(1..), fanOut = config.Filters / config.Groups * filter.R * filter.S;
        (weight, bias) = site.Weights(input.IsSignal ? new Shape(image[0], image[1], image[3]) : image, config.Bias ? config.Filters : 0, (fanIn, fanOut), config.Init, config.BiasInit);
        if (site.IsFirst && config.Groups == 1)
            weight = weight with { Patches = new PatchWindow(new Shape(input.C, input.H, input.W), filter.R, filter.S, dilation.H, dilation.W) };
        Details = string.Create(CultureInfo.InvariantCulture, $"{filter.R}×{filter.S}, stride {stride.H}×{stride.W}{(config.Groups > 1 ? $", {config.Groups} groups" : "")}");
    }

    public override Shape Output { get; }

    public override string Details { get; }

    public override IReadOnlyList<Parameter> Parameters => bias is null ? [weight] : [weight, bias];

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        int n = x.Shape[0];
        Tensor pixels = g.Graph.Reshape(x, input.Image(n)), filters = g.Graph.Reshape(g[weight], image);
        return g.Graph.Reshape(g.Add(new Conv2D(geometry, bias is not null), pixels, filters, bias), Output.Prepend(n));
    }
}
