using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>Whether a loop over a run reads one coefficient for the whole run or one per element.</summary>
internal unsafe interface ISpread
{
    static abstract V Load<V>(float* p, int i) where V : struct, IVector<V>;

    static abstract float At(float* p, int i);

    /// <summary>Address of the coefficients for the remainder of the run.</summary>
    static abstract float* From(float* p, int i);
}

/// <summary>One number for the whole run: the mean of a channel of an image.</summary>
internal readonly unsafe struct Shared : ISpread
{
    public static V Load<V>(float* p, int i) where V : struct, IVector<V> => V.Broadcast(p);

    public static float At(float* p, int i) => *p;

    public static float* From(float* p, int i) => p;
}

/// <summary>One number per element: the gamma of layer norm.</summary>
internal readonly unsafe struct Each : ISpread
{
    public static V Load<V>(float* p, int i) where V : struct, IVector<V> => V.Load(p + i);

    public static float At(float* p, int i) => p[i];

    public static float* From(float* p, int i) => p + i;
}

/// <summary>Mean and inverse standard deviation that normalise a run.</summary>
internal readonly unsafe struct Center(float* mean, float* inverse)
{
    public readonly float* Mean = mean;
    public readonly float* Inverse = inverse;

    public Center At(int channel) => new(Mean + channel, Inverse + channel);
}

/// <summary>Gamma and beta; null pointers mean 1 and 0.</summary>
internal readonly unsafe struct Affine(float* gamma, float* beta)
{
    public readonly float* Gamma = gamma;
    public readonly float* Beta = beta;

    public bool IsNone => Gamma is null;

    public Affine At(int channel) => IsNone ? this : new Affine(Gamma + channel, Beta + channel);
}
