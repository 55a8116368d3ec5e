using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>
/// Gathers samples by index from a data set on the device and normalises them: x·scale[c] + shift[c].
/// </summary>
/// <remarks>
/// Inputs: data [samples, C, …] of bytes or reals, indices int [N], scale [C], shift [C]. Output: real [N, C, …]. Samples
/// that are rows of features are [samples, C]: each feature has its own scale and shift.
/// </remarks>
public sealed record GatherImages : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 4, Name);
        return [Infer(inputs[0], inputs[1], inputs[2], inputs[3])];
    }

    public override Cost Cost(Node node) => CostOf(node, 2);

    public override void Reference(ReferenceArguments a)
    {
        (int channels, int pixels) = (a.InShape(0)[1], a.InShape(0).LengthOf(2..));
        bool bytes = a.Node.Inputs[0].Type.Element == ElementType.Byte;
        ReadOnlySpan<int> indices = a.InInt(1);
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
        {
            int sample = i / (channels * pixels), c = i / pixels % channels;
            long source = ((long)indices[sample] * channels * pixels) + (i % (channels * pixels));
            y[i] = ((bytes ? a.InByte(0)[(int)source] : a.In(0)[(int)source]) * a.In(2)[c]) + a.In(3)[c];
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        var source = new CpuSamples(b);
        float* y = b.Out();
        int* indices = b.InInt(1);
        int size = source.Size;
        b.Parallel(b.OutShape()[0], (begin, end, _) =>
        {
            for (int n = begin; n < end; n++)
                source.Normalise(indices[n], y + ((long)n * size));
        }, grain: Math.Max(1, CpuSamples.Grain / size));
    }

    public override void Kernel(KernelBinding b)
    {
        if (b.Node.Inputs[0].Type.Element == ElementType.Byte)
            BatchKernels.AddNormalise(b, new BytePixels(b.InByte(0)));
        else
            BatchKernels.AddNormalise(b, new RealPixels(b.In(0)));
    }

    /// <summary>The type of the batch; throws for operands that do not fit.</summary>
    internal static TensorType Infer(TensorType data, TensorType indices, TensorType scale, TensorType shift)
    {
        Expect.That(data.Shape.Rank >= 2, $"'data' has shape {data.Shape}, expected [samples, C, …].");
        Expect.That(data.Element != ElementType.Int32, "'data' holds Int32, expected Byte or Real; integers are gathered by GatherRows.");
        Expect.Rank(indices, 1, "indices", "N");
        Expect.Element(indices, ElementType.Int32, "indices");
        Expect.Shape(scale, new Shape(data.Shape[1]), "scale");
        Expect.Shape(shift, new Shape(data.Shape[1]), "shift");
        Expect.Element(scale, ElementType.Real, "scale");
        Expect.Element(shift, ElementType.Real, "shift");
        return new TensorType(data.Shape.WithBatch(indices.Shape[0]));
    }

    /// <summary>Of the data set, only the batch's samples are read.</summary>
    internal static Cost CostOf(Node node, double flopsAnElement)
    {
        double elements = node.Outputs[0].Shape.Length;
        int width = node.Inputs[0].Type.Element == ElementType.Byte ? 1 : 4;
        return new Cost(flopsAnElement * elements, elements * (width + 4));
    }
}
