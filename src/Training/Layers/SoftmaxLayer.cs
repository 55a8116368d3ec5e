using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Softmax;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Softmax over the last axis. (The loss softmax-cross-entropy has its own.)</summary>
public sealed record SoftmaxConfig : LayerConfig
{
    public override Layer Build(LayerSite site) => new SoftmaxLayer(false) { Path = site.Path, Kind = site.Kind, Input = site.Input };
}

/// <summary>Logarithm of softmax, computed without overflow.</summary>
public sealed record LogSoftmaxConfig : LayerConfig
{
    public override Layer Build(LayerSite site) => new SoftmaxLayer(true) { Path = site.Path, Kind = site.Kind, Input = site.Input };
}

public sealed class SoftmaxLayer : Layer
{
    private readonly bool log;

    internal SoftmaxLayer(bool log) => this.log = log;

    public override Shape Output => Input;

    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.Add(new Softmax(log), x);
}

/// <summary>Permutes a sample's axes, counted from 0: [1, 0] turns [steps, width] into [width, steps].</summary>
public sealed record PermuteConfig : LayerConfig
{
    [Shorthand]
    public required IReadOnlyList<int> Axes { get; init => field = Config.Require.NotEmpty(value); }

    public override Layer Build(LayerSite site)
    {
        site.Require(
            Axes.Order().SequenceEqual(Enumerable.Range(0, site.Input.Rank)),
            $"axes [{string.Join(", ", Axes)}] of {site.Input}; expected each from 0 to {site.Input.Rank - 1} once");
        return new PermuteLayer(Axes, new Shape([.. Axes.Select(a => site.Input[a])])) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class PermuteLayer : Layer
{
    private readonly IReadOnlyList<int> axes;

    internal PermuteLayer(IReadOnlyList<int> axes, Shape output) => (this.axes, Output) = (axes, output);

    public override Shape Output { get; }

    // The batch axis stays first.
    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.Add(new Permute([0, .. axes.Select(a => a + 1)]), x);
}
