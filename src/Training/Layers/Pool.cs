using System.Globalization;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Pooling over an image [C, H, W] or a signal [C, L], each channel by itself.</summary>
public abstract record PoolConfig : LayerConfig
{
    /// <summary>Size of the window.</summary>
    [Shorthand]
    public required AxisSizes Kernel { get; init; }

    /// <summary>Stride of the window.</summary>
    [DefaultText("the window's size")]
    public AxisSizes? Stride { get; init; }

    public PaddingConfig Padding { get; init; } = PaddingConfig.Valid;

    internal abstract Op Op(PoolGeometry geometry);

    public override Layer Build(LayerSite site)
    {
        SpatialInput input = SpatialInput.Of(site);
        (int R, int S) window = Kernel.For(input);
        (int H, int W) stride = (Stride ?? Kernel).For(input);
        var geometry = new PoolGeometry(window) { Stride = stride, Padding = Padding.For(input, window, stride, (1, 1)) };
        return new Pool(input, geometry, Op(geometry)) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

/// <summary>The maximum of each window, as <c>torch.nn.MaxPool2d</c>.</summary>
public sealed record MaxPoolConfig : PoolConfig
{
    /// <summary>Where the gradient of a tie goes: to the first maximum, or split equally among all.</summary>
    public Ties Ties { get; init; }

    internal override Op Op(PoolGeometry geometry) => new MaxPool2D(geometry, Ties);
}

/// <summary>The mean of each window, as <c>torch.nn.AvgPool2d</c>.</summary>
public sealed record AvgPoolConfig : PoolConfig
{
    /// <summary>Whether the padding counts as zeros.</summary>
    public bool CountPadding { get; init; } = true;

    internal override Op Op(PoolGeometry geometry) => new AveragePool2D(geometry, CountPadding);
}

/// <summary>The mean or maximum of each whole channel: [C, H, W] becomes [C].</summary>
public abstract record GlobalPoolConfig : LayerConfig
{
    internal abstract Op Op(PoolGeometry geometry);

    public override Layer Build(LayerSite site)
    {
        SpatialInput input = SpatialInput.Of(site);
        var geometry = new PoolGeometry((input.H, input.W));
        return new Pool(input, geometry, Op(geometry), new Shape(input.C)) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed record GlobalAvgPoolConfig : GlobalPoolConfig
{
    internal override Op Op(PoolGeometry geometry) => new AveragePool2D(geometry);
}

public sealed record GlobalMaxPoolConfig : GlobalPoolConfig
{
    public Ties Ties { get; init; }

    internal override Op Op(PoolGeometry geometry) => new MaxPool2D(geometry, Ties);
}

public sealed class Pool : Layer
{
    private readonly SpatialInput input;
    private readonly Op op;

    internal Pool(SpatialInput input, PoolGeometry geometry, Op op, Shape? output = null)
    {
        this.input = input;
        this.op = op;
        (int p, int q) = geometry.Output((input.H, input.W));
        Output = output ?? input.Output(input.C, p, q);
        Window = geometry.Window.R * geometry.Window.S;
        Details = string.Create(CultureInfo.InvariantCulture, $"{geometry.Window.R}×{geometry.Window.S}, stride {geometry.Stride.H}×{geometry.Stride.W}");
    }

    public override Shape Output { get; }

    public override string Details { get; }

    /// <summary>Number of elements in a window.</summary>
    public int Window { get; }

    /// <summary>Whether it averages each window.</summary>
    public bool IsAverage => op is AveragePool2D;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        Tensor y = g.Graph.AddAll(op, g.Graph.Reshape(x, input.Image(x.Shape[0])))[0];
        return g.Graph.Reshape(y, Output.Prepend(x.Shape[0]));
    }
}
