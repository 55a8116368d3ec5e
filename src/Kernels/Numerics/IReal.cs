namespace GpuGrad.Kernels.Numerics;

/// <summary>
/// The arithmetic in which elementwise functions are written once: instantiated with <see cref="F64"/> they are the reference, with a SIMD
/// vector the CPU's loop, with <see cref="F32"/> the GPU kernel.
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

    /// <summary><paramref name="then"/> where a &gt; b, else <paramref name="otherwise"/>, also if either is NaN.</summary>
    static abstract R WhereGreater(R a, R b, R then, R otherwise);
}

/// <summary>Float arithmetic: the operations from which <see cref="FloatMath"/> builds exponentials and similar functions.</summary>
public interface IFloat<V> : IReal<V> where V : struct, IFloat<V>
{
    /// <summary>a·b + c with a single rounding.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>The nearest integer, ties to even; only for numbers below 2²².</summary>
    static abstract V Round(V x);

    /// <summary>2ⁿ for an integer n from -126 to 127.</summary>
    static abstract V PowerOfTwo(V n);
}

/// <summary>A vector of floats.</summary>
public interface IVector<V> : IFloat<V> where V : struct, IVector<V>
{
    /// <summary>Number of floats in a vector.</summary>
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
