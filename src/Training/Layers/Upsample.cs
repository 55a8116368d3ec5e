using System.Globalization;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Resampling;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Upsamples an image or a signal, as <c>torch.nn.Upsample</c> with <c>align_corners=False</c>.</summary>
public sealed record UpsampleConfig : LayerConfig
{
    /// <summary>Scale factor.</summary>
    [Shorthand, DefaultText("2")]
    public AxisSizes? Factor { get; init; }

    /// <summary>Height and width of the output, instead of a factor.</summary>
    [DefaultText("the input's times the factor")]
    public AxisSizes? Size { get; init; }

    /// <summary>Interpolation: the nearest pixel, or a weighted mean of the surrounding four (two for a signal).</summary>
    public Interpolation Mode { get; init; }

    public override Layer Build(LayerSite site)
    {
        SpatialInput input = SpatialInput.Of(site);
        site.Require(Factor is null || Size is null, $"both 'factor: {Factor}' and 'size: {Size}'; expected one of the two");
        (int rows, int columns) = (Size ?? Factor ?? 2).For(input);
        (long height, long width) = Size is null ? ((long)input.H * rows, (long)input.W * columns) : (rows, columns);
        site.Require(height * width * input.C <= int.MaxValue, $"the result would be {height} × {width} pixels of {input.C} channels; expected at most 2³¹ numbers a sample");
        return new UpsampleLayer(input, new Upsample((int)height, (int)width, Mode)) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class UpsampleLayer : Layer
{
    private readonly SpatialInput input;
    private readonly Upsample op;

    internal UpsampleLayer(SpatialInput input, Upsample op)
    {
        (this.input, this.op) = (input, op);
        Output = input.Output(input.C, op.Height, op.Width);
    }

    public override Shape Output { get; }

    public override string Details => string.Create(CultureInfo.InvariantCulture, $"{(op.Mode == Interpolation.Nearest ? "nearest" : input.IsSignal ? "linear" : "bilinear")}");

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        Tensor y = g.Graph.Add(op, g.Graph.Reshape(x, input.Image(x.Shape[0])));
        return g.Graph.Reshape(y, Output.Prepend(x.Shape[0]));
    }
}
