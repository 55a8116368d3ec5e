using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>Element type of a cell on the host: one double, one float, or a vector of floats.</summary>
internal unsafe interface ILanes<R, T> where R : struct, IReal<R> where T : unmanaged
{
    static abstract R Load(T* at);

    static abstract void Store(R value, T* at);
}

internal readonly unsafe struct DoubleLane : ILanes<F64, double>
{
    public static F64 Load(double* at) => new(*at);

    public static void Store(F64 value, double* at) => *at = value.Value;
}

internal readonly unsafe struct FloatLane : ILanes<F32, float>
{
    public static F32 Load(float* at) => new(*at);

    public static void Store(F32 value, float* at) => *at = value.Value;
}

internal readonly unsafe struct VectorLanes<V> : ILanes<V, float> where V : struct, IVector<V>
{
    public static V Load(float* at) => V.Load(at);

    public static void Store(V value, float* at) => value.Store(at);
}

/// <summary>Offset of a sample's units at a forward step; gates are stored one after another, each with all its units.</summary>
internal unsafe struct ForwardPlaces<T> where T : unmanaged
{
    public nint Units;

    public T* Projected;

    /// <summary>W·h.</summary>
    public T* Product;

    /// <summary>Stride from one gate to the next in <see cref="Product"/>.</summary>
    public nint ProductGate;

    /// <summary>Null for none.</summary>
    public T* Bias;

    public T* HiddenBefore;

    public T* MemoryBefore;

    public T* Saved;
}

/// <summary>A unit, or a vector of them, in the forward pass.</summary>
internal readonly unsafe struct HostForward<R, L, T>(in ForwardPlaces<T> places, nint unit) : IForwardUnit<R>
    where R : struct, IReal<R> where L : struct, ILanes<R, T> where T : unmanaged
{
    private readonly ForwardPlaces<T> places = places;

    public R Hidden => L.Load(places.HiddenBefore + unit);

    public R Memory => L.Load(places.MemoryBefore + unit);

    public R Projected(int gate) => L.Load(places.Projected + (gate * places.Units) + unit);

    public R Recurrent(int gate)
    {
        R product = L.Load(places.Product + (gate * places.ProductGate) + unit);
        return places.Bias is null ? product : product + L.Load(places.Bias + (gate * places.Units) + unit);
    }

    public void Save(int slot, R value) => L.Store(value, places.Saved + (slot * places.Units) + unit);
}

/// <summary>Offset of a sample's units at a backward step.</summary>
internal unsafe struct BackwardPlaces<T> where T : unmanaged
{
    public nint Units;

    public T* Hidden;

    public T* HiddenBefore;

    public T* MemoryBefore;

    public T* Saved;

    /// <summary>The gradient of c, replaced by that of the previous c.</summary>
    public T* Carry;

    public T* Projected;

    /// <summary>Null if it equals <see cref="Projected"/>.</summary>
    public T* Recurrent;

    /// <summary>A second copy of the recurrent part's gradient, for the matmul that follows.</summary>
    public T* State;
}

/// <summary>A unit, or a vector of them, in the backward pass.</summary>
internal readonly unsafe struct HostBackward<R, L, T>(in BackwardPlaces<T> places, nint unit) : IBackwardUnit<R>
    where R : struct, IReal<R> where L : struct, ILanes<R, T> where T : unmanaged
{
    private readonly BackwardPlaces<T> places = places;

    public R Hidden => L.Load(places.Hidden + unit);

    public R HiddenBefore => L.Load(places.HiddenBefore + unit);

    public R MemoryBefore => L.Load(places.MemoryBefore + unit);

    public R MemoryGradient => L.Load(places.Carry + unit);

    public R Saved(int slot) => L.Load(places.Saved + (slot * places.Units) + unit);

    public void CarryMemory(R gradient) => L.Store(gradient, places.Carry + unit);

    public void Give(int gate, R projected, R recurrent)
    {
        nint at = (gate * places.Units) + unit;
        L.Store(projected, places.Projected + at);
        L.Store(recurrent, places.State + at);
        if (places.Recurrent is not null)
            L.Store(recurrent, places.Recurrent + at);
    }
}
