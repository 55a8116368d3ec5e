using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>
/// Gathers samples by index from a data set on the device: rows of int labels or of reals, unchanged.
/// </summary>
/// <remarks>Inputs: data [samples, …], indices int [N]. Output: [N, …].</remarks>
public sealed record GatherRows : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 2, Name);
        Expect.Element(inputs[1], ElementType.Int32, "indices");
        Expect.That(inputs[0].Element != ElementType.Byte, "Bytes are gathered by GatherImages, which normalises them.");
        return [inputs[0] with { Shape = inputs[0].Shape.WithBatch(inputs[1].Shape[0]) }];
    }

    public override void Reference(ReferenceArguments a)
    {
        int size = a.OutShape().WithoutBatch().Count;
        ReadOnlySpan<int> indices = a.InInt(1);
        for (int i = 0; i < indices.Length; i++)
        {
            if (a.Node.Inputs[0].Type.Element == ElementType.Int32)
                a.InInt(0).Slice(indices[i] * size, size).CopyTo(a.OutInt()[(i * size)..]);
            else
                a.In(0).Slice(indices[i] * size, size).CopyTo(a.Out()[(i * size)..]);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        // An int and a float have the same size, and are only copied.
        bool ints = b.Node.Inputs[0].Type.Element == ElementType.Int32;
        int size = b.OutShape().WithoutBatch().Count;
        int* source = ints ? b.InInt(0) : (int*)b.In(0);
        int* target = ints ? b.OutInt() : (int*)b.Out();
        int* indices = b.InInt(1);
        b.Parallel(b.OutShape()[0], (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                new ReadOnlySpan<int>(source + ((long)indices[i] * size), size).CopyTo(new Span<int>(target + ((long)i * size), size));
        }, grain: Math.Max(1, 4096 / size));
    }

    public override void Kernel(KernelBinding b)
    {
        if (b.Node.Inputs[0].Type.Element == ElementType.Int32)
            BatchKernels.AddRows(b, b.InInt(0), b.OutInt());
        else
            BatchKernels.AddRows(b, b.In(0), b.Out());
    }
}
