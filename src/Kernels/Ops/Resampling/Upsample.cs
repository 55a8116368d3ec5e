using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Resampling;

/// <summary>
/// Resizes images, as <c>torch.nn.functional.interpolate</c> with <c>align_corners=False</c>: each pixel is the
/// nearest of the old ones, or interpolated from the four around it.
/// </summary>
/// <remarks>Input: x [N, C, H, W]. Output: y [N, C, P, Q].</remarks>
/// <param name="Height">P.</param>
/// <param name="Width">Q.</param>
/// <param name="Mode">Interpolation.</param>
public sealed record Upsample(int Height, int Width, Interpolation Mode = Interpolation.Nearest) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        ResampledImage z = ResampledImage.Of(inputs[0], Height, Width, Mode);
        return [new TensorType(new Shape(inputs[0].Shape[0], inputs[0].Shape[1], z.Rows.Out, z.Columns.Out))];
    }

    public override Cost Cost(Node node) => new((Mode == Interpolation.Bilinear ? 8.0 : 0.0) * node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        Shape x = b.Input(0).Shape;
        b.Give(0, b.Graph.Add(new UpsampleGradient(x[2], x[3], Mode), b.Gradient()));
    }

    public override void Reference(ReferenceArguments a)
    {
        Shape x = a.InShape(0);
        for (int plane = 0; plane < x[0] * x[1]; plane++)
        {
            for (int p = 0; p < Height; p++)
            {
                for (int q = 0; q < Width; q++)
                {
                    double sum = 0;
                    foreach ((int h, double wh) in Sources(p, x[2], Height, Mode))
                    {
                        foreach ((int w, double ww) in Sources(q, x[3], Width, Mode))
                            sum += wh * ww * a.In(0)[(((plane * x[2]) + h) * x[3]) + w];
                    }
                    a.Out()[(((plane * Height) + p) * Width) + q] = sum;
                }
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b) => new CpuResampling(b, ResampledImage.Of(b.Node.Inputs[0].Type, Height, Width, Mode)).AddForward(b.In(0), b.Out());

    public override void Kernel(KernelBinding b)
    {
        ResampledImage z = ResampledImage.Of(b.Node.Inputs[0].Type, Height, Width, Mode);
        ArrayView<float> x = b.In(0), y = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ResampledAxis, ResampledAxis>(UpsampleKernels.Forward);
        b.Launch(() => run(y.IntLength, x, y, z.Rows, z.Columns));
    }

    /// <summary>The source positions of position d of <paramref name="result"/>, with their weights, by PyTorch's formula.</summary>
    internal static IEnumerable<(int Place, double Weight)> Sources(int d, int length, int result, Interpolation mode)
    {
        if (mode == Interpolation.Nearest)
        {
            yield return ((int)((long)d * length / result), 1);
            yield break;
        }
        double position = Math.Max(0, ((d + 0.5) * length / result) - 0.5);
        int first = Math.Min((int)position, length - 1);
        yield return (first, 1 - (position - first));
        yield return (Math.Min(first + 1, length - 1), position - first);
    }
}

/// <summary>Each pixel of x gets the gradients of the pixels of y that it contributes to: the transpose of <see cref="Upsample"/>.</summary>
/// <remarks>Input: dy [N, C, P, Q]. Output: dx [N, C, H, W].</remarks>
public sealed record UpsampleGradient(int Height, int Width, Interpolation Mode) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Expect.Rank(inputs[0], 4, "dy", "[N, C, P, Q]");
        return [new TensorType(new Shape(inputs[0].Shape[0], inputs[0].Shape[1], Height, Width))];
    }

    public override Cost Cost(Node node) => new((Mode == Interpolation.Bilinear ? 8.0 : 1.0) * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        Shape dy = b.Input(0).Shape;
        b.Give(0, b.Graph.Add(new Upsample(dy[2], dy[3], Mode), b.Gradient()));
    }

    public override void Reference(ReferenceArguments a)
    {
        Shape y = a.InShape(0);
        Span<double> dx = a.Out();
        dx.Clear();
        for (int plane = 0; plane < y[0] * y[1]; plane++)
        {
            for (int p = 0; p < y[2]; p++)
            {
                for (int q = 0; q < y[3]; q++)
                {
                    double dy = a.In(0)[(((plane * y[2]) + p) * y[3]) + q];
                    foreach ((int h, double wh) in Upsample.Sources(p, Height, y[2], Mode))
                    {
                        foreach ((int w, double ww) in Upsample.Sources(q, Width, y[3], Mode))
                            dx[(((plane * Height) + h) * Width) + w] += wh * ww * dy;
                    }
                }
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b) => new CpuResampling(b, Sizes(b.InShape(0), b.OutShape())).AddBackward(b.In(0), b.Out());

    public override void Kernel(KernelBinding b)
    {
        ResampledImage z = Sizes(b.InShape(0), b.OutShape());
        ArrayView<float> dy = b.In(0), dx = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, ResampledAxis, ResampledAxis>(UpsampleKernels.Backward);
        b.Launch(() => run(dx.IntLength, dy, dx, z.Rows, z.Columns));
    }

    private ResampledImage Sizes(Shape dy, Shape dx) => ResampledImage.Of(new TensorType(dx), dy[2], dy[3], Mode);
}

/// <summary>The two axes of an image, and the number of planes (channels of samples).</summary>
internal readonly record struct ResampledImage(int Planes, ResampledAxis Rows, ResampledAxis Columns)
{
    public static ResampledImage Of(TensorType x, int height, int width, Interpolation mode)
    {
        Expect.Rank(x, 4, "x", "[N, C, H, W]");
        Expect.Element(x, ElementType.Real, "x");
        Expect.That(height > 0 && width > 0, $"Upsample to {height} × {width} pixels, expected at least 1 × 1.");
        var z = new ResampledImage(
            checked(x.Shape[0] * x.Shape[1]), ResampledAxis.Of(x.Shape[2], height, mode), ResampledAxis.Of(x.Shape[3], width, mode));
        Expect.That(z.Rows.Fits && z.Columns.Fits, $"'x' has shape {x.Shape}; {height} × {width} pixels of it are beyond 2³¹ steps of their common raster; expected a whole factor, or fewer pixels.");
        return z;
    }
}
