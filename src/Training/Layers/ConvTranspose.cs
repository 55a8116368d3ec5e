using System.Globalization;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Transposed convolution, which upsamples images, as <c>torch.nn.ConvTranspose2d</c>.</summary>
public sealed record ConvTransposeConfig : LayerConfig
{
    public required int Filters { get; init => field = Config.Require.Positive(value); }

    public required AxisSizes Kernel { get; init; }

    public AxisSizes Stride { get; init; } = 1;

    /// <summary>Padding of the convolution that this layer transposes; it makes the output smaller.</summary>
    public PaddingConfig Padding { get; init; } = PaddingConfig.Valid;

    /// <summary>Rows and columns added at the bottom and the right.</summary>
    public int OutputPadding { get; init => field = Config.Require.NonNegative(value); }

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
        return new ConvTranspose(this, site, input) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class ConvTranspose : Layer
{
    private readonly ConvGeometry geometry;
    private readonly SpatialInput input;
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly Shape image; // of the weights, [C, K/groups, R, S]
    private readonly int height;
    private readonly int width;

    internal ConvTranspose(ConvTransposeConfig config, LayerSite site, SpatialInput input)
    {
        this.input = input;
        (int R, int S) filter = config.Kernel.For(input);
        (int H, int W) stride = config.Stride.For(input), dilation = config.Dilation.For(input);
        geometry = new ConvGeometry
        {
            Stride = stride,
            Dilation = dilation,
            Groups = config.Groups,
            Padding = config.Padding.For(input, filter, (1, 1), dilation),
        };
        int extra = config.OutputPadding;
        (height, width) = geometry.TransposedOutput((input.H, input.W), filter, (input.IsSignal ? 0 : extra, extra));
        Output = input.Output(config.Filters, height, width);
        image = new Shape(input.C, config.Filters / config.Groups, filter.R, filter.S);
        int fanIn = input.C / config.Groups * filter.R * filter.S, fanOut = image.LengthOf(1..);
        (weight, bias) = site.Weights(input.IsSignal ? new Shape(image[0], image[1], image[3]) : image, config.Bias ? config.Filters : 0, (fanIn, fanOut), config.Init, config.BiasInit);
        Details = string.Create(CultureInfo.InvariantCulture, $"{filter.R}×{filter.S}, stride {stride.H}×{stride.W}");
    }

    public override Shape Output { get; }

    public override string Details { get; }

    public override IReadOnlyList<Parameter> Parameters => bias is null ? [weight] : [weight, bias];

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        int n = x.Shape[0];
        Tensor pixels = g.Graph.Reshape(x, input.Image(n)), filters = g.Graph.Reshape(g[weight], image);
        return g.Graph.Reshape(g.Add(new ConvTranspose2D(geometry, height, width, bias is not null), pixels, filters, bias), Output.Prepend(n));
    }
}
