using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Flattens [C, H, W] to [C·H·W].</summary>
public sealed record FlattenConfig : LayerConfig
{
    public override Layer Build(LayerSite site) =>
        new ReshapeLayer(new Shape(site.Input.Count)) { Path = site.Path, Kind = site.Kind, Input = site.Input };
}

/// <summary>Reshapes a sample; one size may be -1 and is computed.</summary>
public sealed record ReshapeConfig : LayerConfig
{
    [Shorthand]
    public required IReadOnlyList<int> Shape { get; init => field = Config.Require.NotEmpty(value); }

    public override Layer Build(LayerSite site)
    {
        int known = 1, unknown = 0;
        foreach (int size in Shape)
        {
            site.Require(size is > 0 or -1, $"size {size}; expected sizes above 0, or one -1");
            unknown += size == -1 ? 1 : 0;
            known = checked(known * Math.Max(size, 1));
        }
        site.Require(unknown <= 1, $"{unknown} sizes are -1; expected at most one");
        bool fits = unknown == 1 ? site.Input.Count % known == 0 : site.Input.Count == known;
        site.Require(fits, $"its input {site.Input} has {site.Input.Count} numbers, which do not fill [{string.Join(", ", Shape)}]");
        var to = new Shape([.. Shape.Select(s => s == -1 ? site.Input.Count / known : s)]);
        return new ReshapeLayer(to) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class ReshapeLayer : Layer
{
    internal ReshapeLayer(Shape output) => Output = output;

    public override Shape Output { get; }

    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.Reshape(x, Output.Prepend(x.Shape[0]));
}

/// <summary>x + f(x): gradients also pass through the sum directly, however deep f is (He et al., 2015).</summary>
public sealed record ResidualConfig : LayerConfig
{
    [Shorthand]
    public required IReadOnlyList<LayerConfig> Layers { get; init => field = Config.Require.NotEmpty(value); }

    /// <summary>Layers on the shortcut, for when shapes differ; by default the identity.</summary>
    public IReadOnlyList<LayerConfig> Shortcut { get; init; } = [];

    public override Layer Build(LayerSite site)
    {
        IReadOnlyList<Layer> body = site.Build(Layers, site.Path, site.Input);
        IReadOnlyList<Layer> shortcut = site.Build(Shortcut, $"{site.Path}.shortcut", site.Input);
        Shape around = shortcut.Count > 0 ? shortcut[^1].Output : site.Input;
        site.Require(
            body[^1].Output == around,
            $"its layers give {body[^1].Output}, its {(shortcut.Count > 0 ? "shortcut" : "input")} is {around}; they are added, so both must have one shape; give a 'shortcut:' such as a 1×1 convolution");
        return new Residual(body, shortcut) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class Residual : Layer
{
    private readonly IReadOnlyList<Layer> body;
    private readonly IReadOnlyList<Layer> shortcut;

    internal Residual(IReadOnlyList<Layer> body, IReadOnlyList<Layer> shortcut) => (this.body, this.shortcut) = (body, shortcut);

    public override Shape Output => body[^1].Output;

    /// <summary>The two lists of layers that get its input.</summary>
    internal IReadOnlyList<IReadOnlyList<Layer>> Paths => [body, shortcut];

    public override IReadOnlyList<Layer> Inner => [.. body, .. shortcut];

    public override bool TakesSteps => true;

    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.Add(new Add(), g.Apply(body, x), g.Apply(shortcut, x));
}

/// <summary>Repeats layers several times, each time with its own weights, as if written out.</summary>
public sealed record RepeatConfig : LayerConfig
{
    public required int Times { get; init => field = Config.Require.Between(value, 1, 1000); }

    public required IReadOnlyList<LayerConfig> Layers { get; init => field = Config.Require.NotEmpty(value); }

    public override Layer Build(LayerSite site) => throw new InvalidOperationException("Repeats are written out before layers are built.");

    internal static IEnumerable<LayerConfig> WriteOut(LayerConfig config)
    {
        if (config is not RepeatConfig repeat)
            return [config];
        List<LayerConfig> once = [.. repeat.Layers.SelectMany(WriteOut)];
        // Copies, so that a repeated name can be told from one given twice.
        return Enumerable.Range(0, repeat.Times).SelectMany(i => once.Select(l => i == 0 ? l : l with { Copy = true }));
    }

    internal static bool IsRepeated(LayerConfig config) => config.Copy;
}
