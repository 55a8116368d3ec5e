using System.Globalization;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Base of the normalization layers.</summary>
public abstract record NormConfig : LayerConfig
{
    /// <summary>Added to the variance.</summary>
    public double Epsilon { get; init => field = Config.Require.Positive(value); } = 1e-5;

    /// <summary>Whether to apply a learned scale and shift.</summary>
    public bool Affine { get; init; } = true;
}

/// <summary>Batch normalisation: each channel by its mean and variance over the batch, as <c>torch.nn.BatchNorm1d</c> and <c>BatchNorm2d</c>.</summary>
public sealed record BatchNormConfig : NormConfig
{
    /// <summary>Weight of the current batch in the running statistics, as in PyTorch.</summary>
    public double Momentum { get; init => field = Config.Require.Between(value, 0, 1); } = 0.1;

    /// <summary>With several ranks: compute the statistics over the whole batch, as <c>torch.nn.SyncBatchNorm</c>, rather than over each rank's part. No effect on a single process.</summary>
    public bool Sync { get; init; }

    public override Layer Build(LayerSite site) => new BatchNormLayer(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
}

/// <summary>Layer normalisation: each sample by the mean and variance over its last axes, as <c>torch.nn.LayerNorm</c>.</summary>
public sealed record LayerNormConfig : NormConfig
{
    /// <summary>Number of trailing axes to normalize over.</summary>
    [DefaultText("all of a sample's")]
    public int? Axes { get; init => field = value is int v ? Config.Require.Positive(v) : null; }

    public override Layer Build(LayerSite site)
    {
        int axes = Axes ?? site.Input.Rank;
        site.Require(axes <= site.Input.Rank, $"the last {axes} axes of {site.Input}; expected at most {site.Input.Rank}");
        var shape = new Shape(site.Input.Sizes[^axes..]);
        return new GroupedNormLayer(new LayerNorm(axes, Epsilon, Affine), shape, site, Affine) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

/// <summary>Root mean square normalisation: each position by the RMS over the last axis (Zhang and Sennrich, 2019), as <c>torch.nn.RMSNorm</c>.</summary>
public sealed record RmsNormConfig : NormConfig
{
    public override Layer Build(LayerSite site) => new RmsNormLayer(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
}

/// <summary>Group normalisation: each sample's channels in groups, by the mean and variance of the group, as <c>torch.nn.GroupNorm</c>.</summary>
public sealed record GroupNormConfig : NormConfig
{
    [Shorthand]
    public required int Groups { get; init => field = Config.Require.Positive(value); }

    public override Layer Build(LayerSite site)
    {
        site.Require(site.Input[0] % Groups == 0, $"{Groups} groups of {site.Input[0]} channels; expected a number that divides the channels");
        return new GroupedNormLayer(new GroupNorm(Groups, Epsilon, Affine), new Shape(site.Input[0]), site, Affine) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class BatchNormLayer : Layer
{
    private readonly BatchNormConfig config;
    private readonly Parameter[] affine;
    private readonly Parameter mean;
    private readonly Parameter variance;

    internal BatchNormLayer(BatchNormConfig config, LayerSite site)
    {
        this.config = config;
        var channels = new Shape(site.Input[0]);
        affine = config.Affine ? NormParameters.Affine(site, channels) : [];
        mean = new Parameter($"{site.Path}.running_mean", site.Path, channels) { Init = new ConstantInit(), Trained = false };
        variance = new Parameter($"{site.Path}.running_var", site.Path, channels) { Init = new ConstantInit { Value = 1 }, Trained = false };
    }

    public override Shape Output => Input;

    public override IReadOnlyList<Parameter> Parameters => [.. affine, mean, variance];

    public override string Details => string.Create(CultureInfo.InvariantCulture, $"momentum {config.Momentum}");

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        if (config.Sync && g.HasOtherParts && g.Training && !g.IsFrozen(mean))
            return ApplyTogether(g, x);
        Op op = g.Training && !g.IsFrozen(mean) ? new BatchNorm(config.Epsilon, config.Momentum, config.Affine) : new BatchNormInference(config.Epsilon, config.Affine);
        return g.Graph.AddAll(op, [x, g[mean], g[variance], .. affine.Select(p => g[p])])[0];
    }

    // As several ops, between which the ranks sum their statistics.
    private Tensor ApplyTogether(LayerGraph g, Tensor x)
    {
        IReadOnlyList<Tensor> moments = g.Graph.AddAll(new BatchMoments(), x);
        var op = new BatchNormInference(config.Epsilon, config.Affine) { OfBatch = true };
        g.Graph.AddUpdate(new Ema(1 - config.Momentum), g[mean], moments[0]);
        g.Graph.AddUpdate(new Ema(1 - config.Momentum), g[variance], moments[2]);
        return g.Graph.Add(op, [x, moments[0], moments[1], .. affine.Select(p => g[p])]);
    }
}

/// <summary>Layer and group norm: each sample has its own statistics, so training and evaluation are the same.</summary>
public sealed class GroupedNormLayer : Layer
{
    private readonly Op op;
    private readonly Parameter[] affine;

    internal GroupedNormLayer(Op op, Shape parameters, LayerSite site, bool affine) =>
        (this.op, this.affine) = (op, affine ? NormParameters.Affine(site, parameters) : []);

    public override Shape Output => Input;

    public override IReadOnlyList<Parameter> Parameters => affine;

    public override bool TakesSteps => op is LayerNorm { Axes: 1 } && Input.Rank == 2;

    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.AddAll(op, [x, .. affine.Select(p => g[p])])[0];
}

public sealed class RmsNormLayer : Layer
{
    private readonly RmsNormConfig config;
    private readonly Parameter? weight;

    internal RmsNormLayer(RmsNormConfig config, LayerSite site)
    {
        this.config = config;
        weight = config.Affine ? NormParameters.Affine(site, new Shape(site.Input[^1]))[0] : null;
    }

    public override Shape Output => Input;

    public override IReadOnlyList<Parameter> Parameters => weight is null ? [] : [weight];

    public override bool TakesSteps => Input.Rank == 2;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        var op = new RmsNorm(config.Epsilon, config.Affine);
        return weight is null ? g.Graph.Add(op, x) : g.Graph.Add(op, x, g[weight]);
    }
}

internal static class NormParameters
{
    public static Parameter[] Affine(LayerSite site, Shape shape) =>
    [
        new Parameter($"{site.Path}.weight", site.Path, shape) { Init = new ConstantInit { Value = 1 } },
        new Parameter($"{site.Path}.bias", site.Path, shape) { Init = new ConstantInit() },
    ];
}
