using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Optimizers;

/// <summary>The update rule. Conventions and defaults are PyTorch's.</summary>
public abstract record OptimizerConfig : IChoice<OptimizerConfig>, ILocated
{
    public static string What => "optimizer";

    public static IReadOnlyList<Choice> Choices => All;

    public static IReadOnlyList<Choice> All { get; } =
    [
        new("sgd", typeof(SgdConfig), "Stochastic gradient descent, optionally with momentum."),
        new("momentum", typeof(SgdConfig), "sgd with momentum 0.9.") { Create = () => new SgdConfig { Momentum = 0.9 } },
        new("nesterov", typeof(SgdConfig), "sgd with Nesterov's momentum 0.9.") { Create = () => new SgdConfig { Momentum = 0.9, Nesterov = true } },
        new("adagrad", typeof(AdagradConfig), "Divides each step by the root of the sum of all squared gradients so far (Duchi et al., 2011)."),
        new("rmsprop", typeof(RmsPropConfig), "Divides each step by a running root mean square of the gradients."),
        new("adam", typeof(AdamConfig), "Running mean of the gradient over its running root mean square, with bias correction (Kingma and Ba, 2015)."),
        new("adamw", typeof(AdamWConfig), "adam with decoupled weight decay (Loshchilov and Hutter, 2019)."),
        new("lion", typeof(LionConfig), "Steps by the sign of a running mean (Chen et al., 2023)."),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Learning rate before schedule and warm-up.</summary>
    [Shorthand]
    public double Lr { get; init => field = Require.NonNegative(value); } = 0.01;

    public double WeightDecay { get; init => field = Require.NonNegative(value); }

    /// <summary>Number of state values per weight.</summary>
    [NotConfig]
    public abstract int Slots { get; }

    /// <summary>The op that updates a range of parameters.</summary>
    /// <param name="rateFactor">Factor of the group on the learning rate.</param>
    /// <param name="weightDecay">Weight decay of the group.</param>
    /// <param name="clipValue">Limit on each gradient; 0 for none.</param>
    /// <param name="scaled">Whether a gradient factor tensor is given.</param>
    public abstract Op Update(double rateFactor, double weightDecay, double clipValue, bool scaled);

    /// <summary>Bias corrections 1 - β₁ᵗ and √(1 - β₂ᵗ) for step t, counted from 1; 1 and 1 without correction.</summary>
    public virtual (double First, double Second) Corrections(long step) => (1, 1);
}

public sealed record SgdConfig : OptimizerConfig
{
    public double Momentum { get; init => field = Require.Fraction(value); }

    public bool Nesterov { get; init; }

    public override int Slots => Momentum > 0 ? 1 : 0;

    public override Op Update(double rateFactor, double weightDecay, double clipValue, bool scaled)
    {
        var constants = new OptimizerConstants { RateFactor = rateFactor, Decay = weightDecay, A = Momentum, ClipValue = clipValue };
        if (Momentum == 0)
            return new OptimizerUpdate<SgdRule>(constants, scaled);
        return Nesterov ? new OptimizerUpdate<NesterovRule>(constants, scaled) : new OptimizerUpdate<MomentumRule>(constants, scaled);
    }
}

public sealed record AdagradConfig : OptimizerConfig
{
    public double Epsilon { get; init => field = Require.NonNegative(value); } = 1e-10;

    public override int Slots => 1;

    public override Op Update(double rateFactor, double weightDecay, double clipValue, bool scaled) => new OptimizerUpdate<AdagradRule>(
        new OptimizerConstants { RateFactor = rateFactor, Decay = weightDecay, Epsilon = Epsilon, ClipValue = clipValue }, scaled);
}

public sealed record RmsPropConfig : OptimizerConfig
{
    /// <summary>Decay of the running mean square.</summary>
    public double Alpha { get; init => field = Require.Fraction(value); } = 0.99;

    public double Momentum { get; init => field = Require.Fraction(value); }

    public double Epsilon { get; init => field = Require.NonNegative(value); } = 1e-8;

    /// <summary>Divide by the standard deviation instead of the root mean square.</summary>
    public bool Centered { get; init; }

    public override int Slots => Centered ? 3 : 2;

    public override Op Update(double rateFactor, double weightDecay, double clipValue, bool scaled)
    {
        var constants = new OptimizerConstants { RateFactor = rateFactor, Decay = weightDecay, A = Momentum, B = Alpha, Epsilon = Epsilon, ClipValue = clipValue };
        return Centered ? new OptimizerUpdate<CenteredRmsPropRule>(constants, scaled) : new OptimizerUpdate<RmsPropRule>(constants, scaled);
    }
}

public abstract record AdamFamilyConfig : OptimizerConfig
{
    public double Beta1 { get; init => field = Require.Fraction(value); } = 0.9;

    public double Beta2 { get; init => field = Require.Fraction(value); } = 0.999;

    public double Epsilon { get; init => field = Require.NonNegative(value); } = 1e-8;

    public override int Slots => 2;

    public override (double First, double Second) Corrections(long step) => (1 - Math.Pow(Beta1, step), Math.Sqrt(1 - Math.Pow(Beta2, step)));

    protected OptimizerConstants Constants(double rateFactor, double weightDecay, double clipValue) =>
        new() { RateFactor = rateFactor, Decay = weightDecay, A = Beta1, B = Beta2, Epsilon = Epsilon, ClipValue = clipValue };
}

public sealed record AdamConfig : AdamFamilyConfig
{
    public AdamConfig() => Lr = 1e-3;

    public override Op Update(double rateFactor, double weightDecay, double clipValue, bool scaled) =>
        new OptimizerUpdate<AdamRule>(Constants(rateFactor, weightDecay, clipValue), scaled);
}

public sealed record AdamWConfig : AdamFamilyConfig
{
    public AdamWConfig() => (Lr, WeightDecay) = (1e-3, 1e-2);

    public override Op Update(double rateFactor, double weightDecay, double clipValue, bool scaled) =>
        new OptimizerUpdate<AdamWRule>(Constants(rateFactor, weightDecay, clipValue), scaled);
}

public sealed record LionConfig : OptimizerConfig
{
    public LionConfig() => Lr = 1e-4;

    public double Beta1 { get; init => field = Require.Fraction(value); } = 0.9;

    public double Beta2 { get; init => field = Require.Fraction(value); } = 0.99;

    public override int Slots => 1;

    public override Op Update(double rateFactor, double weightDecay, double clipValue, bool scaled) => new OptimizerUpdate<LionRule>(
        new OptimizerConstants { RateFactor = rateFactor, Decay = weightDecay, A = Beta1, B = Beta2, ClipValue = clipValue }, scaled);
}
