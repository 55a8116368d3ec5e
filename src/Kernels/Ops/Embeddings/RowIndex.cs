using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Embeddings;

/// <summary>Indices as ints or reals, clamped to a table.</summary>
internal readonly unsafe struct RowIndex
{
    private readonly int* ints;
    private readonly float* reals;
    private readonly int rows;

    private RowIndex(int* ints, float* reals, int rows)
    {
        this.ints = ints;
        this.reals = reals;
        this.rows = rows;
    }

    public int this[int i] => Math.Clamp(ints is null ? (int)reals[i] : ints[i], 0, rows - 1);

    public static RowIndex Of(CpuBinding b, int input, int rows) =>
        b.Node.Inputs[input].Type.Element == ElementType.Int32 ? new(b.InInt(input), null, rows) : new(null, b.In(input), rows);

    public static int Of(ReferenceArguments a, int input, int i, int rows) =>
        Math.Clamp(a.Node.Inputs[input].Type.Element == ElementType.Int32 ? a.InInt(input)[i] : (int)a.In(input)[i], 0, rows - 1);
}

/// <summary>
/// Finds indices out of range. The kernels cannot report them; call this once per data set when loading.
/// </summary>
public static class IndexCheck
{
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: names the first wrong index and its position.</exception>
    public static void Require(ReadOnlySpan<int> indices, int rows, string name)
    {
        for (int i = 0; i < indices.Length; i++)
        {
            if ((uint)indices[i] >= (uint)rows)
                Fail(name, i, indices[i], rows);
        }
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: names the first wrong index and its position.</exception>
    public static void Require(ReadOnlySpan<float> indices, int rows, string name)
    {
        for (int i = 0; i < indices.Length; i++)
        {
            if (!(indices[i] >= 0 && indices[i] < rows && indices[i] == MathF.Floor(indices[i])))
                Fail(name, i, indices[i], rows);
        }
    }

    private static void Fail(string name, int position, double index, int rows) =>
        throw new GpuGradException(Fault.Data, FormattableString.Invariant($"'{name}' holds {index} at position {position}, expected a whole number from 0 to {rows - 1}."));
}
