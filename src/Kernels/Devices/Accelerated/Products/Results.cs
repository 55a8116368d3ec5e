using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;

namespace GpuGrad.Kernels.Devices.Accelerated.Products;

/// <summary>Where the sums of a product go, and what is done to them on the way.</summary>
public interface IResult
{
    /// <summary>Takes element (m, n) of the group-th product; the part is 0, or which piece of the sum it is.</summary>
    void Store(int group, int part, int m, int n, float sum);
}

/// <summary>What comes after a product: a bias, then a function of the result and of up to two other tensors of its shape.</summary>
internal readonly struct Finish<M>(ArrayView<float> bias, ArrayView<float> other0, ArrayView<float> other1, int position, float constant) where M : struct, IMap
{
    /// <param name="at">Where in memory the result will be.</param>
    /// <param name="channel">Which bias is meant.</param>
    /// <param name="sum">The product.</param>
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
internal readonly struct MatrixResult<M>(ArrayView<float> c, int columns, Finish<M> finish) : IResult where M : struct, IMap
{
    public void Store(int group, int part, int m, int n, float sum)
    {
        int at = (m * columns) + n;
        c[at] = finish.Apply(at, n, sum);
    }
}

/// <summary>Pieces of sums, to be added up by a launch of their own: [group, part, m, n].</summary>
internal readonly struct PartialResult(ArrayView<float> parts, ProductSizes sizes) : IResult
{
    public void Store(int group, int part, int m, int n, float sum) =>
        parts[((((long)group * sizes.Splits) + part) * sizes.M * sizes.N) + ((long)m * sizes.N) + n] = sum;
}

/// <summary>Nothing: the product as it is.</summary>
internal readonly struct Identity : IMap
{
    public static int Inputs => 1;

    public static int Flops => 0;

    public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a;
}
