using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Optimizers;

/// <summary>Hyperparameters of an optimizer step, in the device's arithmetic.</summary>
/// <param name="Rate">Learning rate of this step, schedule and group factor applied.</param>
/// <param name="Decay">Weight decay.</param>
/// <param name="A">The rule's first constant: momentum, or β₁.</param>
/// <param name="B">The rule's second constant: β₂, or α of RMSProp.</param>
/// <param name="RestA">1 - A, computed in double: 1 minus the float nearest to 0.999 is wrong in the fifth digit.</param>
/// <param name="RestB">1 - B, likewise.</param>
/// <param name="Epsilon">Added to a denominator.</param>
/// <param name="Correction1">1 - β₁ᵗ if the rule corrects its bias.</param>
/// <param name="Correction2">√(1 - β₂ᵗ).</param>
public readonly record struct Hyper<R>(R Rate, R Decay, R A, R B, R RestA, R RestB, R Epsilon, R Correction1, R Correction2) where R : struct, IReal<R>;

/// <summary>
/// The update of one weight, given its gradient and the rule's state (up to three numbers per weight, zero at first). Written
/// once for all devices; conventions are PyTorch's.
/// </summary>
public interface IOptimizerRule
{
    /// <summary>State numbers per weight: 0 to 3.</summary>
    static abstract int Slots { get; }

    /// <summary>Returns the new weight and updates the state.</summary>
    static abstract R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R>;
}

/// <summary>w ← w - η(g + λw).</summary>
public readonly struct SgdRule : IOptimizerRule
{
    public static int Slots => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R> =>
        w - (h.Rate * (g + (h.Decay * w)));
}

/// <summary>v ← μv + g + λw; w ← w - ηv.</summary>
public readonly struct MomentumRule : IOptimizerRule
{
    public static int Slots => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R>
    {
        s0 = (h.A * s0) + g + (h.Decay * w);
        return w - (h.Rate * s0);
    }
}

/// <summary>v ← μv + g + λw; w ← w - η(g + λw + μv): Nesterov's momentum as PyTorch writes it.</summary>
public readonly struct NesterovRule : IOptimizerRule
{
    public static int Slots => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R>
    {
        R d = g + (h.Decay * w);
        s0 = (h.A * s0) + d;
        return w - (h.Rate * (d + (h.A * s0)));
    }
}

/// <summary>s ← s + g²; w ← w - ηg/(√s + ε) (Duchi et al., 2011).</summary>
public readonly struct AdagradRule : IOptimizerRule
{
    public static int Slots => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R>
    {
        R d = g + (h.Decay * w);
        s0 += d * d;
        return w - (h.Rate * d / (R.Sqrt(s0) + h.Epsilon));
    }
}

/// <summary>s ← αs + (1-α)g²; v ← μv + g/(√s + ε); w ← w - ηv (Hinton's lecture 6e).</summary>
public readonly struct RmsPropRule : IOptimizerRule
{
    public static int Slots => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R>
    {
        R d = g + (h.Decay * w);
        s0 = (h.B * s0) + (h.RestB * d * d);
        s1 = (h.A * s1) + (d / (R.Sqrt(s0) + h.Epsilon));
        return w - (h.Rate * s1);
    }
}

/// <summary>RMSProp divided by the standard deviation of the gradient instead of its root mean square (Graves, 2013).</summary>
public readonly struct CenteredRmsPropRule : IOptimizerRule
{
    public static int Slots => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R>
    {
        R d = g + (h.Decay * w);
        s0 = (h.B * s0) + (h.RestB * d * d);
        s2 = (h.B * s2) + (h.RestB * d);
        R variance = R.Max(s0 - (s2 * s2), R.Of(0)); // rounding may make it negative
        s1 = (h.A * s1) + (d / (R.Sqrt(variance) + h.Epsilon));
        return w - (h.Rate * s1);
    }
}

/// <summary>Adam (Kingma and Ba, 2014); weight decay is added to the gradient.</summary>
public readonly struct AdamRule : IOptimizerRule
{
    public static int Slots => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R> =>
        Move(w, g + (h.Decay * w), ref s0, ref s1, h);

    internal static R Move<R>(R w, R g, ref R m, ref R v, in Hyper<R> h) where R : struct, IReal<R>
    {
        m = (h.A * m) + (h.RestA * g);
        v = (h.B * v) + (h.RestB * g * g);
        return w - (h.Rate / h.Correction1 * m / ((R.Sqrt(v) / h.Correction2) + h.Epsilon));
    }
}

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, 2017).</summary>
public readonly struct AdamWRule : IOptimizerRule
{
    public static int Slots => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R> =>
        AdamRule.Move(w - (h.Rate * h.Decay * w), g, ref s0, ref s1, h);
}

/// <summary>w ← w - η(sign(β₁m + (1-β₁)g) + λw); m ← β₂m + (1-β₂)g (Chen et al., 2023).</summary>
public readonly struct LionRule : IOptimizerRule
{
    public static int Slots => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Step<R>(R w, R g, ref R s0, ref R s1, ref R s2, in Hyper<R> h) where R : struct, IReal<R>
    {
        R direction = Real.Sign((h.A * s0) + (h.RestA * g));
        s0 = (h.B * s0) + (h.RestB * g);
        return w - (h.Rate * (direction + (h.Decay * w)));
    }
}
