using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>
/// A recurrent cell, written once in <see cref="IReal{R}"/>: what a unit computes at a step from its gates' pre-activations, and the gradients of
/// those. A pre-activation has two parts, the projection of the input, p = W_ih·x + b_ih, and the recurrent one, q = W_hh·h + b_hh; h and c are
/// those of the previous step.
/// </summary>
/// <remarks>A cell reads all of its <c>Recurrent</c> numbers before it saves any: on a GPU they share memory.</remarks>
internal interface ICell
{
    /// <summary>Number of gates, in PyTorch's order: rows of the weights per unit.</summary>
    static abstract int Gates { get; }

    /// <summary>Numbers that a unit saves per step for the backward pass.</summary>
    static abstract int Saved { get; }

    /// <summary>Index of the saved number that the next step reads (the cell state c of an LSTM); negative for none.</summary>
    static abstract int Memory { get; }

    /// <summary>Whether the two parts of a pre-activation have separate gradients.</summary>
    static abstract bool Splits { get; }

    /// <summary>Arithmetic operations per unit and step besides the matmuls; an exponential counts as ten.</summary>
    static abstract int Flops { get; }

    /// <summary>Returns the new h.</summary>
    static abstract R Forward<R, M>(M m) where R : struct, IReal<R> where M : struct, IForwardUnit<R>;

    /// <summary>Returns the part of <paramref name="dh"/> that reaches the previous h without passing a gate.</summary>
    static abstract R Backward<R, M>(M m, R dh) where R : struct, IReal<R> where M : struct, IBackwardUnit<R>;
}

/// <summary>The inputs and outputs of a cell for one unit, or several neighbouring ones, at a step.</summary>
internal interface IForwardUnit<R> where R : struct, IReal<R>
{
    R Projected(int gate);

    R Recurrent(int gate);

    /// <summary>h of the previous step.</summary>
    R Hidden { get; }

    /// <summary>c of the previous step.</summary>
    R Memory { get; }

    void Save(int slot, R value);
}

/// <summary>The same for the backward pass.</summary>
internal interface IBackwardUnit<R> where R : struct, IReal<R>
{
    /// <summary>h of this step.</summary>
    R Hidden { get; }

    /// <summary>h of the previous step.</summary>
    R HiddenBefore { get; }

    /// <summary>c of the previous step.</summary>
    R MemoryBefore { get; }

    R Saved(int slot);

    /// <summary>The gradient of c from the next step.</summary>
    R MemoryGradient { get; }

    /// <summary>Passes the gradient of c to the previous step.</summary>
    void CarryMemory(R gradient);

    /// <summary>The gradients of a gate's p and q, which are equal unless the cell <see cref="ICell.Splits"/>.</summary>
    void Give(int gate, R projected, R recurrent);
}

/// <summary>h = tanh(p + q) (Elman, 1990).</summary>
internal readonly struct TanhCell : ICell
{
    public static int Gates => 1;

    public static int Saved => 0;

    public static int Memory => -1;

    public static bool Splits => false;

    public static int Flops => 12;

    public static R Forward<R, M>(M m) where R : struct, IReal<R> where M : struct, IForwardUnit<R> => R.Tanh(m.Projected(0) + m.Recurrent(0));

    public static R Backward<R, M>(M m, R dh) where R : struct, IReal<R> where M : struct, IBackwardUnit<R>
    {
        R h = m.Hidden, d = dh * (R.Of(1) - (h * h));
        m.Give(0, d, d);
        return R.Of(0);
    }
}

/// <summary>h = max(0, p + q) (Le, Jaitly and Hinton, 2015).</summary>
internal readonly struct ReluCell : ICell
{
    public static int Gates => 1;

    public static int Saved => 0;

    public static int Memory => -1;

    public static bool Splits => false;

    public static int Flops => 2;

    public static R Forward<R, M>(M m) where R : struct, IReal<R> where M : struct, IForwardUnit<R> => R.Max(m.Projected(0) + m.Recurrent(0), R.Of(0));

    public static R Backward<R, M>(M m, R dh) where R : struct, IReal<R> where M : struct, IBackwardUnit<R>
    {
        R d = R.WhereGreater(m.Hidden, R.Of(0), dh, R.Of(0));
        m.Give(0, d, d);
        return R.Of(0);
    }
}

/// <summary>
/// i, f, o = σ(p + q), g = tanh(p + q), c' = f·c + i·g, h' = o·tanh(c') (Hochreiter and Schmidhuber, 1997; forget gate by Gers et al., 2000), in the
/// order i, f, g, o. Saved: the gates and c'.
/// </summary>
internal readonly struct LstmCell : ICell
{
    public static int Gates => 4;

    public static int Saved => 5;

    public static int Memory => 4;

    public static bool Splits => false;

    public static int Flops => 70;

    public static R Forward<R, M>(M m) where R : struct, IReal<R> where M : struct, IForwardUnit<R>
    {
        R i = Real.Sigmoid(m.Projected(0) + m.Recurrent(0));
        R f = Real.Sigmoid(m.Projected(1) + m.Recurrent(1));
        R g = R.Tanh(m.Projected(2) + m.Recurrent(2));
        R o = Real.Sigmoid(m.Projected(3) + m.Recurrent(3));
        R c = (f * m.Memory) + (i * g);
        m.Save(0, i);
        m.Save(1, f);
        m.Save(2, g);
        m.Save(3, o);
        m.Save(4, c);
        return o * R.Tanh(c);
    }

    public static R Backward<R, M>(M m, R dh) where R : struct, IReal<R> where M : struct, IBackwardUnit<R>
    {
        R one = R.Of(1);
        R i = m.Saved(0), f = m.Saved(1), g = m.Saved(2), o = m.Saved(3), t = R.Tanh(m.Saved(4));
        R dc = m.MemoryGradient + (dh * o * (one - (t * t)));
        R di = dc * g * i * (one - i);
        R df = dc * m.MemoryBefore * f * (one - f);
        R dg = dc * i * (one - (g * g));
        R dO = dh * t * o * (one - o);
        m.CarryMemory(dc * f);
        m.Give(0, di, di);
        m.Give(1, df, df);
        m.Give(2, dg, dg);
        m.Give(3, dO, dO);
        return R.Of(0);
    }
}

/// <summary>
/// r, z = σ(p + q), n = tanh(p + r·q), h' = (1 - z)·n + z·h (Cho et al., 2014, with the reset gate after the matmul as in cuDNN and PyTorch), in
/// the order r, z, n. Saved: the gates and q of n.
/// </summary>
internal readonly struct GruCell : ICell
{
    public static int Gates => 3;

    public static int Saved => 4;

    public static int Memory => -1;

    public static bool Splits => true;

    public static int Flops => 50;

    public static R Forward<R, M>(M m) where R : struct, IReal<R> where M : struct, IForwardUnit<R>
    {
        R r = Real.Sigmoid(m.Projected(0) + m.Recurrent(0));
        R z = Real.Sigmoid(m.Projected(1) + m.Recurrent(1));
        R q = m.Recurrent(2);
        R n = R.Tanh(m.Projected(2) + (r * q));
        m.Save(0, r);
        m.Save(1, z);
        m.Save(2, n);
        m.Save(3, q);
        return n + (z * (m.Hidden - n));
    }

    public static R Backward<R, M>(M m, R dh) where R : struct, IReal<R> where M : struct, IBackwardUnit<R>
    {
        R one = R.Of(1);
        R r = m.Saved(0), z = m.Saved(1), n = m.Saved(2), q = m.Saved(3);
        R dn = dh * (one - z) * (one - (n * n));
        R dz = dh * (m.HiddenBefore - n) * z * (one - z);
        R dr = dn * q * r * (one - r);
        m.Give(0, dr, dr);
        m.Give(1, dz, dz);
        m.Give(2, dn, dn * r);
        return dh * z;
    }
}
