using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>The targets of a summed loss: reals, ints, or none (then 0).</summary>
internal readonly unsafe struct SummedTargets<F> where F : struct, ILossTerm
{
    private readonly int input;
    private readonly bool ints;
    private readonly void* data;

    public SummedTargets(CpuBinding b, int input)
    {
        this.input = input;
        if (F.Inputs == 1)
            return;
        ints = b.Node.Inputs[input].Type.Element == ElementType.Int32;
        data = ints ? b.InInt(input) : b.In(input);
    }

    public SummedTargets(ReferenceArguments a, int input)
    {
        this.input = input;
        ints = F.Inputs > 1 && a.Node.Inputs[input].Type.Element == ElementType.Int32;
    }

    public double this[ReferenceArguments a, int i] => F.Inputs == 1 ? 0 : ints ? a.InInt(input)[i] : a.In(input)[i];

    /// <summary>The targets starting at <paramref name="first"/> as floats: in place, or converted into <paramref name="room"/>.</summary>
    public float* From(int first, int count, float* room)
    {
        if (F.Inputs == 1)
            return room;
        if (!ints)
            return (float*)data + first;
        for (int i = 0; i < count; i++)
            room[i] = ((int*)data)[first + i];
        return room;
    }
}

/// <summary>The constant of a summed loss: one, or one per element of a row.</summary>
internal readonly unsafe struct LossConstants
{
    private readonly float* row;
    private readonly int width;

    public LossConstants(double value) => Value = value;

    public LossConstants(float* row, int width)
    {
        this.row = row;
        this.width = width;
    }

    /// <summary>The one of all elements.</summary>
    public double Value { get; }

    /// <summary>Weights of the elements starting at <paramref name="first"/>, in <paramref name="room"/>; null if all are 1.</summary>
    public float* From(int first, int count, float* room)
    {
        if (row == null)
            return null;
        for (int i = 0, at = first % width; i < count; i++, at = at + 1 == width ? 0 : at + 1)
            room[i] = row[at];
        return room;
    }
}

/// <summary>The CPU's loops over the terms of a loss.</summary>
internal static unsafe class LossLoop
{
    /// <summary>Elements that one worker sums in float; the blocks are summed in double.</summary>
    public const int Block = 4096;

    public static int Blocks(int count) => (count + Block - 1) / Block;

    /// <summary>Σ of the terms of a block.</summary>
    public static float Sum<F>(LossConstants constants, float* x, SummedTargets<F> targets, int first, int last) where F : struct, ILossTerm
    {
        float* room = stackalloc float[2 * Block];
        float* t = targets.From(first, last - first, room), c = constants.From(first, last - first, room + Block);
        return Simd.Is512 ? Sum<F, V512>(V512.Of(constants.Value), c, x + first, t, last - first)
            : Simd.Is256 ? Sum<F, V256>(V256.Of(constants.Value), c, x + first, t, last - first)
            : Sum<F, V128>(V128.Of(constants.Value), c, x + first, t, last - first);
    }

    /// <summary>dx = scale·slope over a block.</summary>
    public static void Slopes<F>(LossConstants constants, float scale, float* x, SummedTargets<F> targets, int first, int last, float* dx) where F : struct, ILossTerm
    {
        float* room = stackalloc float[2 * Block];
        float* t = targets.From(first, last - first, room), c = constants.From(first, last - first, room + Block);
        if (Simd.Is512)
            Slopes<F, V512>(V512.Of(constants.Value), c, V512.Of(scale), x + first, t, last - first, dx + first);
        else if (Simd.Is256)
            Slopes<F, V256>(V256.Of(constants.Value), c, V256.Of(scale), x + first, t, last - first, dx + first);
        else
            Slopes<F, V128>(V128.Of(constants.Value), c, V128.Of(scale), x + first, t, last - first, dx + first);
    }

    // c: a constant per element; null if all have the same.
    private static float Sum<F, V>(V constant, float* c, float* x, float* t, int count) where F : struct, ILossTerm where V : struct, IVector<V>
    {
        V sum = V.Of(0);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            sum += F.Value(V.Load(x + i), F.Inputs > 1 ? V.Load(t + i) : sum, c == null ? constant : V.Load(c + i));
        float total = sum.Sum();
        if (i == count)
            return total;
        float* rest = stackalloc float[3 * V.Lanes];
        Move<F>(x + i, t + i, count - i, rest, rest + V.Lanes);
        F.Value(V.Load(rest), V.Load(rest + V.Lanes), Last(constant, c, i, count, rest + (2 * V.Lanes))).Store(rest);
        for (int j = 0; j < count - i; j++)
            total += rest[j];
        return total;
    }

    private static void Slopes<F, V>(V constant, float* c, V scale, float* x, float* t, int count, float* dx) where F : struct, ILossTerm where V : struct, IVector<V>
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            (scale * F.Slope(V.Load(x + i), F.Inputs > 1 ? V.Load(t + i) : scale, c == null ? constant : V.Load(c + i))).Store(dx + i);
        if (i == count)
            return;
        float* rest = stackalloc float[3 * V.Lanes];
        Move<F>(x + i, t + i, count - i, rest, rest + V.Lanes);
        (scale * F.Slope(V.Load(rest), V.Load(rest + V.Lanes), Last(constant, c, i, count, rest + (2 * V.Lanes)))).Store(rest);
        for (int j = 0; j < count - i; j++)
            dx[i + j] = rest[j];
    }

    private static V Last<V>(V constant, float* c, int first, int count, float* room) where V : struct, IVector<V>
    {
        if (c == null)
            return constant;
        for (int i = 0; i < count - first; i++)
            room[i] = c[first + i];
        return V.Load(room);
    }

    private static void Move<F>(float* x, float* t, int count, float* xs, float* ts) where F : struct, ILossTerm
    {
        for (int i = 0; i < count; i++)
        {
            xs[i] = x[i];
            if (F.Inputs > 1)
                ts[i] = t[i];
        }
    }
}
