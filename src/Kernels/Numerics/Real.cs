namespace GpuGrad.Kernels.Numerics;

/// <summary>Functions derived from the members of <see cref="IReal{R}"/>, accurate where the plain formula is not.</summary>
public static class Real
{
    /// <summary>ln(1 + x) for x ≥ 0, accurate even if 1 + x loses the digits of x.</summary>
    public static R Log1P<R>(R x) where R : struct, IReal<R>
    {
        // Kahan: ln(1+x) = x·ln(u)/(u-1) with u = 1+x rounded.
        R one = R.Of(1);
        R u = one + x;
        R d = u - one;
        return R.WhereGreater(d, R.Of(0), x * R.Log(u) / d, x);
    }

    /// <summary>e^x - 1, accurate even if e^x loses the digits of x.</summary>
    public static R ExpM1<R>(R x) where R : struct, IReal<R>
    {
        // tanh keeps the digits: e^x - 1 = 2t/(1-t) with t = tanh(x/2); away from 0 the plain formula loses nothing.
        R t = R.Tanh(R.Of(0.5) * x);
        R near = R.Of(2) * t / (R.Of(1) - t);
        return R.WhereGreater(R.Abs(x), R.Of(0.5), R.Exp(x) - R.Of(1), near);
    }

    /// <summary>1 / (1 + e^-x) without overflow: the argument of the exponential is never positive.</summary>
    public static R Sigmoid<R>(R x) where R : struct, IReal<R>
    {
        R one = R.Of(1);
        R e = R.Exp(-R.Abs(x));
        R positive = one / (one + e);
        return R.WhereGreater(R.Of(0), x, e / (one + e), positive);
    }

    /// <summary>ln(1 + e^x) without overflow.</summary>
    public static R Softplus<R>(R x) where R : struct, IReal<R> =>
        R.Max(x, R.Of(0)) + Log1P(R.Exp(-R.Abs(x)));

    /// <summary>min(max(x, low), high); NaN stays NaN.</summary>
    public static R Clamp<R>(R x, R low, R high) where R : struct, IReal<R> =>
        R.WhereGreater(x, high, high, R.WhereGreater(low, x, low, x));

    /// <summary><paramref name="then"/> where low &lt; x &lt; high, else 0.</summary>
    public static R WhereBetween<R>(R x, R low, R high, R then) where R : struct, IReal<R> =>
        R.WhereGreater(x, low, R.WhereGreater(high, x, then, R.Of(0)), R.Of(0));

    /// <summary>-1, 0 or 1; 0 for NaN.</summary>
    public static R Sign<R>(R x) where R : struct, IReal<R>
    {
        R zero = R.Of(0);
        return R.WhereGreater(x, zero, R.Of(1), R.WhereGreater(zero, x, R.Of(-1), zero));
    }
}
