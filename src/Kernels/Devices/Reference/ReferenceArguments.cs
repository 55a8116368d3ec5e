using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Devices.Reference;

/// <summary>The operands of one node as spans of <c>double</c>, <c>int</c> and <c>byte</c>.</summary>
public sealed unsafe class ReferenceArguments : Operands
{
    private readonly double[]?[] rounded;

    internal ReferenceArguments(Node node, PlanLayout layout) : base(node, layout) =>
        rounded = new double[node.Op.Precision == Precision.Float32 ? 0 : 2][];

    /// <summary>An input; the operands of a matmul or convolution are rounded to the op's precision.</summary>
    public ReadOnlySpan<double> In(int index)
    {
        ReadOnlySpan<double> values = Span<double>(Input(index, ElementType.Real), InShape(index));
        return index < rounded.Length ? rounded[index] ??= Rounded(values) : values;
    }

    /// <summary>Called before every run: the inputs differ from those of the last.</summary>
    internal void Begin() => Array.Clear(rounded);

    public ReadOnlySpan<int> InInt(int index) => Span<int>(Input(index, ElementType.Int32), InShape(index));

    public ReadOnlySpan<byte> InByte(int index) => Span<byte>(Input(index, ElementType.Byte), InShape(index));

    public Span<double> Out(int index = 0) => Span<double>(Output(index, ElementType.Real), OutShape(index));

    public Span<int> OutInt(int index = 0) => Span<int>(Output(index, ElementType.Int32), OutShape(index));

    public Span<byte> OutByte(int index = 0) => Span<byte>(Output(index, ElementType.Byte), OutShape(index));

    /// <summary>An input that the op changes in place; it must be listed in <see cref="Op.Updates"/>.</summary>
    public Span<double> Updated(int index)
    {
        RequireUpdate(index);
        return Span<double>(Input(index, ElementType.Real), InShape(index));
    }

    private double[] Rounded(ReadOnlySpan<double> values)
    {
        var result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = Rounding.Round(Node.Op.Precision, (float)values[i]);
        return result;
    }

    private static Span<T> Span<T>(Location at, Shape shape) => new(((HostBuffer)at.Buffer).At(at.Offset), shape.Count);
}
