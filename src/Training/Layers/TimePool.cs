using GpuGrad.Kernels.Ops.Steps;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>Pools a sequence [T, F] to one row [F], over the steps that are not padding.</summary>
public sealed record TimePoolConfig : LayerConfig
{
    /// <summary><c>mean</c> of the steps, <c>max</c> of each feature, or the <c>last</c> step.</summary>
    [Shorthand]
    public TimePooling Pooling { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.RequireRank(2, "[steps, features]", "");
        return new TimePoolLayer(Pooling) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class TimePoolLayer : Layer
{
    private readonly TimePooling pooling;

    internal TimePoolLayer(TimePooling pooling) => this.pooling = pooling;

    public override Shape Output => new(Input[1]);

    public override string Details => pooling switch { TimePooling.Mean => "mean", TimePooling.Max => "max", _ => "last" };

    public override Tensor Apply(LayerGraph g, Tensor x) =>
        g.LengthsOf(x) is Tensor lengths ? g.Graph.Add(new TimePool(pooling, Lengths: true), x, lengths) : g.Graph.Add(new TimePool(pooling), x);
}
