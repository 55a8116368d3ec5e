using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// Rotary positions (Su et al., 2021): elements i and i + D/2 of a head are rotated by the angle t·Base^(-2i/D) at position t, so that the
/// dot product of a query and a key depends on their distance. The columns after the heads (values) are unchanged.
/// </summary>
/// <remarks>Inputs: x [N, T, columns], of which the first Heads·Width are rotated; if <paramref name="Most"/> is given, the position of the first step, int [1]. Output: as x.</remarks>
/// <param name="Heads">Number of heads to rotate.</param>
/// <param name="Width">Width of a head, even.</param>
/// <param name="Base">The longest wavelength is 2π·Base steps.</param>
/// <param name="Back">Whether to rotate backwards, for the gradient.</param>
/// <param name="Most">Number of positions, if the steps of x don't start at the first; 0 if they do.</param>
public sealed record Rotary(int Heads, int Width, double Base = 10000, bool Back = false, int Most = 0) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Most > 0 ? 2 : 1, Name);
        Expect.Rank(inputs[0], 3, "x", "[N, T, columns]");
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(Width % 2 == 0, $"rotary positions turn pairs of numbers; heads of {Width} are odd.");
        Expect.That(Heads > 0 && (long)Heads * Width <= inputs[0].Shape[2], $"'x' has shape {inputs[0].Shape}, fewer columns than {Heads} heads of {Width}.");
        if (Most > 0)
            FirstStep.Check(inputs[1]);
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(3.0 * node.Outputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        Tensor[] first = Most > 0 ? [b.Input(1)] : [];
        b.Give(0, b.Graph.Add(this with { Back = !Back }, [b.Gradient(), .. first]));
    }

    public override void Reference(ReferenceArguments a)
    {
        Shape x = a.InShape(0);
        int begin = FirstStep.Of(a, Most > 0, Most, x[1]);
        a.In(0).CopyTo(a.Out());
        for (int at = 0; at < x[0] * x[1]; at++)
        {
            for (int i = 0; i < Heads * Width / 2; i++)
            {
                int pair = i % (Width / 2), first = (at * x[2]) + (i / (Width / 2) * Width) + pair, second = first + (Width / 2);
                (double sin, double cos) = Math.SinCos(Angle(begin + (at % x[1]), pair));
                (double u, double v) = (a.In(0)[first], a.In(0)[second]);
                (a.Out()[first], a.Out()[second]) = ((u * cos) - (v * sin), (v * cos) + (u * sin));
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        Shape x = b.InShape(0);
        float* source = b.In(0), target = b.Out(), waves = (float*)b.Table(Waves(Math.Max(Most, x[1])));
        int* begins = FirstStep.Of(b, Most > 0);
        int steps = x[1], columns = x[2], half = Width / 2, turned = Heads * Width;
        b.Parallel(x[0] * steps, (begin, end, _) =>
        {
            int place = FirstStep.Of(begins, Most, steps);
            for (int at = begin; at < end; at++)
            {
                float* u = source + ((long)at * columns), y = target + ((long)at * columns), cos = waves + ((long)(place + (at % steps)) * Width), sin = cos + half;
                for (int head = 0; head < Heads; head++, u += Width, y += Width)
                    Turn(u, cos, sin, half, y);
                new ReadOnlySpan<float>(u, columns - turned).CopyTo(new Span<float>(y, columns - turned));
            }
        }, grain: Math.Max(1, 4096 / columns));
    }

    public override void Kernel(KernelBinding b)
    {
        Shape shape = b.InShape(0);
        ArrayView<float> x = b.In(0), y = b.Out();
        ArrayView<float> waves = b.Table<float>(System.Runtime.InteropServices.MemoryMarshal.Cast<int, float>(Waves(Math.Max(Most, shape[1]))));
        KernelFirstStep first = FirstStep.Of(b, Most > 0, Math.Max(Most, shape[1]), shape[1]);
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, KernelFirstStep, RotarySizes, ArrayView<float>>(RotaryKernels.Turn);
        var sizes = new RotarySizes(shape[1], shape[2], Heads * Width, Width);
        b.Launch(() => run(y.IntLength, x, waves, first, sizes, y));
    }

    private static unsafe void Turn(float* u, float* cos, float* sin, int half, float* y)
    {
        for (int i = 0; i < half; i++)
        {
            (float a, float b) = (u[i], u[i + half]);
            y[i] = (a * cos[i]) - (b * sin[i]);
            y[i + half] = (b * cos[i]) + (a * sin[i]);
        }
    }

    /// <summary>Angle by which a pair is rotated at position <paramref name="t"/>, in radians.</summary>
    public double Angle(int t, int pair) => (Back ? -t : t) * Math.Pow(Base, -2.0 * pair / Width);

    // For each step the cosines of a head's pairs, then their sines, as the bits of floats.
    private int[] Waves(int steps)
    {
        var waves = new int[checked(steps * Width)];
        for (int t = 0; t < steps; t++)
        {
            for (int pair = 0; pair < Width / 2; pair++)
            {
                (double sin, double cos) = Math.SinCos(Angle(t, pair));
                waves[(t * Width) + pair] = BitConverter.SingleToInt32Bits((float)cos);
                waves[(t * Width) + (Width / 2) + pair] = BitConverter.SingleToInt32Bits((float)sin);
            }
        }
        return waves;
    }
}

internal readonly record struct RotarySizes(int Steps, int Columns, int Turned, int Width);

internal static class RotaryKernels
{
    /// <summary>One thread per element.</summary>
    public static void Turn(Index1D i, ArrayView<float> x, ArrayView<float> waves, KernelFirstStep first, RotarySizes s, ArrayView<float> y)
    {
        int column = i.X % s.Columns, half = s.Width / 2, pair = column % half;
        if (column >= s.Turned)
        {
            y[i] = x[i];
            return;
        }
        int wave = ((first.Value + (i.X / s.Columns % s.Steps)) * s.Width) + pair;
        bool isFirst = column % s.Width < half;
        float cos = waves[wave], sin = waves[wave + half], other = x[isFirst ? i.X + half : i.X - half];
        y[i] = (x[i] * cos) + (isFirst ? -(other * sin) : other * sin);
    }
}
