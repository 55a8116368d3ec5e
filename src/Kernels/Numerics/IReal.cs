namespace GpuGrad.Kernels.Numerics;

/// <summary>
/// The arithmetic that elementwise functions are written in, once: <see cref="F64"/> makes of it the reference, a vector
/// of floats the CPU's loop, a float on a GPU the kernel.
/// </summary>
public interface IReal<R> where R : struct, IReal<R>
{
    static abstract R Of(double value);

    static abstract R operator +(R a, R b);

    static abstract R operator -(R a, R b);

    static abstract R operator *(R a, R b);

    static abstract R operator /(R a, R b);

    static abstract R operator -(R a);

    /// <summary>The larger; NaN if either is.</summary>
    static abstract R Max(R a, R b);

    /// <summary>The smaller; NaN if either is.</summary>
    static abstract R Min(R a, R b);

    static abstract R Abs(R x);

    static abstract R Sqrt(R x);

    static abstract R Exp(R x);

    static abstract R Log(R x);

    static abstract R Tanh(R x);

    /// <summary>The error function 2/√π ∫₀ˣ e^(-t²) dt.</summary>
    static abstract R Erf(R x);

    /// <summary><paramref name="then"/> where a &gt; b, else (also where either is NaN) <paramref name="otherwise"/>.</summary>
    static abstract R WhereGreater(R a, R b, R then, R otherwise);
}

/// <summary>Floats: what <see cref="FloatMath"/> needs to make exponentials and their kin of.</summary>
public interface IFloat<V> : IReal<V> where V : struct, IFloat<V>
{
    /// <summary>a·b + c, rounded once.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>The nearest integer, ties to even; of numbers below 2²² alone.</summary>
    static abstract V Round(V x);

    /// <summary>2ⁿ for an integral n from -126 to 127.</summary>
    static abstract V PowerOfTwo(V n);
}

/// <summary>A vector of floats.</summary>
public interface IVector<V> : IFloat<V> where V : struct, IVector<V>
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Lanes { get; }

    static abstract unsafe V Load(float* source);

    /// <summary>One float in every lane.</summary>
    static abstract unsafe V Broadcast(float* source);

    unsafe void Store(float* destination);

    /// <summary>The sum of the lanes, halves added to halves.</summary>
    float Sum();

    /// <summary>The largest lane.</summary>
    float MaxLane();
}
