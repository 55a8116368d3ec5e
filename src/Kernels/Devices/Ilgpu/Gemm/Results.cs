using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Destination of a GEMM's sums, with an optional epilogue.</summary>
internal interface IResult
{
    /// <summary>Whether four columns, starting at a multiple of four, are contiguous and aligned, so that one store writes them.</summary>
    bool HasFours { get; }

    /// <summary>Stores element (m, n) of the GEMM numbered <paramref name="group"/>; <paramref name="part"/> is the part of a split sum, else 0.</summary>
    void Store(int group, int part, int m, int n, float sum);

    /// <summary>Stores elements (m, n) to (m, n + 3).</summary>
    void StoreFour(int group, int part, int m, int n, Float4 sums);
}

internal static class Results
{
    /// <summary>Stores columns n to n + 3, as far as the result has them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put<S>(S result, int group, int part, int m, int n, Float4 sums, GemmSizes s) where S : struct, IResult
    {
        if (result.HasFours && n + 3 < s.N)
        {
            result.StoreFour(group, part, m, n, sums);
            return;
        }
        for (int i = 0; i < 4; i++)
        {
            if (n + i < s.N)
                result.Store(group, part, m, n + i, i == 0 ? sums.X : i == 1 ? sums.Y : i == 2 ? sums.Z : sums.W);
        }
    }
}

/// <summary>Epilogue of a GEMM: a bias, then a function of the result and of up to two other tensors of its shape.</summary>
internal readonly struct Finish<M>(ArrayView<float> bias, ArrayView<float> other0, ArrayView<float> other1, int position, float constant) where M : struct, IMap
{
    /// <summary>Applies the epilogue to four elements that are contiguous and have a bias each.</summary>
    public Float4 ApplyToColumns(int at, int channel, Float4 sums) => new(
        Apply(at, channel, sums.X), Apply(at + 1, channel + 1, sums.Y), Apply(at + 2, channel + 2, sums.Z), Apply(at + 3, channel + 3, sums.W));

    /// <summary>Applies the epilogue to four contiguous elements of one channel.</summary>
    public Float4 Apply(int at, int channel, Float4 sums) => new(
        Apply(at, channel, sums.X), Apply(at + 1, channel, sums.Y), Apply(at + 2, channel, sums.Z), Apply(at + 3, channel, sums.W));

    /// <summary>Applies the epilogue to one element.</summary>
    /// <param name="at">Offset of the element in the result.</param>
    /// <param name="channel">Index of its bias.</param>
    /// <param name="sum">The GEMM's sum.</param>
    public float Apply(int at, int channel, float sum)
    {
        F32 x = new(bias.Length > 0 ? sum + bias[channel] : sum);
        if (M.Inputs == 1)
            return M.Apply(x, x, x, new F32(constant)).Value;
        F32 p = new(other0[at]);
        if (M.Inputs == 2)
            return (position == 0 ? M.Apply(x, p, p, new F32(constant)) : M.Apply(p, x, p, new F32(constant))).Value;
        F32 q = new(other1[at]);
        return (position == 0 ? M.Apply(x, p, q, new F32(constant)) : position == 1 ? M.Apply(p, x, q, new F32(constant)) : M.Apply(p, q, x, new F32(constant))).Value;
    }
}

/// <summary>A matrix [M, N], with a bias for each column.</summary>
/// <param name="aligned">Whether rows begin at multiples of 16 bytes.</param>
internal readonly struct MatrixResult<M>(ArrayView<float> c, int columns, int aligned, Finish<M> finish) : IResult where M : struct, IMap
{
    public bool HasFours => aligned != 0;

    public void Store(int group, int part, int m, int n, float sum)
    {
        int at = (m * columns) + n;
        c[at] = finish.Apply(at, n, sum);
    }

    public void StoreFour(int group, int part, int m, int n, Float4 sums)
    {
        int at = (m * columns) + n;
        c.Cast<Float4>()[at >> 2] = finish.ApplyToColumns(at, n, sums);
    }
}

/// <summary>Matrices [group, M, N] without epilogue.</summary>
/// <param name="aligned">Whether rows begin at multiples of 16 bytes.</param>
internal readonly struct GroupedResult(ArrayView<float> c, int rows, int columns, int aligned) : IResult
{
    public bool HasFours => aligned != 0;

    public void Store(int group, int part, int m, int n, float sum) => c[(((group * rows) + m) * columns) + n] = sum;

    public void StoreFour(int group, int part, int m, int n, Float4 sums) => c.Cast<Float4>()[((((group * rows) + m) * columns) + n) >> 2] = sums;
}

/// <summary>Partial sums [group, part, M, N], which another launch adds.</summary>
internal readonly struct PartialResult(ArrayView<float> parts, GemmSizes sizes) : IResult
{
    public bool HasFours => (sizes.N & 3) == 0;

    public void Store(int group, int part, int m, int n, float sum) => parts[Place(group, part, m, n)] = sum;

    public void StoreFour(int group, int part, int m, int n, Float4 sums) => parts.Cast<Float4>()[Place(group, part, m, n) >> 2] = sums;

    private long Place(int group, int part, int m, int n) => ((((long)group * sizes.Splits) + part) * sizes.M * sizes.N) + ((long)m * sizes.N) + n;
}

/// <summary>No epilogue: the sum itself.</summary>
internal readonly struct Identity : IMap
{
    public static int Inputs => 1;

    public static int Flops => 0;

    public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a;
}
