using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>
/// Picks samples by index out of a data set that lies on the device and normalises them: x·scale[c] + shift[c].
/// </summary>
/// <remarks>Inputs: data [samples, C, …] of bytes or reals, indices int [N], scale [C], shift [C]. Output: real [N, C, …].</remarks>
public sealed record GatherImages : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 4, Name);
        Expect.Element(inputs[1], ElementType.Int32, "indices");
        Expect.Shape(inputs[2], new Shape(inputs[0].Shape[1]), "scale");
        Expect.Shape(inputs[3], new Shape(inputs[0].Shape[1]), "shift");
        return [new TensorType(inputs[0].Shape.WithBatch(inputs[1].Shape[0]))];
    }

    public override void Reference(ReferenceArguments a)
    {
        (int channels, int pixels) = (a.InShape(0)[1], a.InShape(0).LengthOf(2..));
        bool bytes = a.Node.Inputs[0].Type.Element == ElementType.Byte;
        ReadOnlySpan<int> indices = a.InInt(1);
        Span<double> y = a.Out();
        for (int i = 0; i < y.Length; i++)
        {
            int sample = i / (channels * pixels), c = i / pixels % channels;
            int source = (indices[sample] * channels * pixels) + (i % (channels * pixels));
            y[i] = ((bytes ? a.InByte(0)[source] : a.In(0)[source]) * a.In(2)[c]) + a.In(3)[c];
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int channels = b.InShape(0)[1], pixels = b.InShape(0).LengthOf(2..);
        bool isBytes = b.Node.Inputs[0].Type.Element == ElementType.Byte;
        byte* bytes = isBytes ? b.InByte(0) : null;
        float* reals = isBytes ? null : b.In(0), scale = b.In(2), shift = b.In(3), y = b.Out();
        int* indices = b.InInt(1);
        b.Parallel(b.OutShape()[0] * channels, (begin, end, _) =>
        {
            for (int plane = begin; plane < end; plane++)
            {
                int c = plane % channels;
                long source = (((long)indices[plane / channels] * channels) + c) * pixels;
                float* target = y + ((long)plane * pixels);
                for (int i = 0; i < pixels; i++)
                    target[i] = ((bytes is null ? reals[source + i] : bytes[source + i]) * scale[c]) + shift[c];
            }
        }, grain: Math.Max(1, 4096 / pixels));
    }
}
