using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>Root mean square normalisation (Zhang and Sennrich, 2019): y = γ·x·r with r = 1/√(mean(x²) + ε) over the last axis.</summary>
/// <remarks>Inputs: x [..., F], and if affine γ [F]. Output: y as x. It keeps only x for the gradient.</remarks>
public sealed record RmsNorm(double Epsilon = 1e-6, bool Affine = true) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Affine ? 2 : 1, Name);
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(inputs[0].Shape.Rank > 0, "'x' has no axis to normalise over.");
        if (Affine)
            Expect.Shape(inputs[1], new Shape(inputs[0].Shape[^1]), "gamma");
        return [inputs[0]];
    }

    public override Cost Cost(Node node) => new(4.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Differentiate(Backprop b)
    {
        var op = new RmsNormGradient(Epsilon, Affine);
        IReadOnlyList<Tensor> found = Affine ? b.Graph.AddAll(op, b.Gradient(), b.Input(0), b.Input(1)) : b.Graph.AddAll(op, b.Gradient(), b.Input(0));
        for (int i = 0; i < found.Count; i++)
        {
            if (b.Needs(i))
                b.Give(i, found[i]);
        }
    }

    public override void Reference(ReferenceArguments a)
    {
        int width = a.InShape(0)[^1];
        for (int row = 0; row < a.Out().Length; row += width)
        {
            double inverse = Inverse(a.In(0).Slice(row, width), Epsilon);
            for (int i = 0; i < width; i++)
                a.Out()[row + i] = a.In(0)[row + i] * inverse * (Affine ? a.In(1)[i] : 1);
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int width = b.InShape(0)[^1], rows = b.InShape(0).Count / width;
        float* x = b.In(0), gamma = Affine ? b.In(1) : null, y = b.Out();
        b.Parallel(rows, (begin, end, _) =>
        {
            for (long row = begin; row < end; row++)
                RmsLoops.Normalize(x + (row * width), gamma, RmsLoops.Inverse(x + (row * width), width, Epsilon), width, y + (row * width));
        }, grain: Math.Max(1, 4096 / width));
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> x = b.In(0), gamma = Affine ? b.In(1) : x.SubView(0, 0), y = b.Out();
        RowLanes rows = RowLanes.Of(b.InShape(0).Count / b.InShape(0)[^1], b.InShape(0)[^1]);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, float, RowLanes, ArrayView<float>>(RmsKernels.Forward, RowTeams.Specialization);
        KernelConfig config = RowLanes.Config(rows);
        float epsilon = (float)Epsilon;
        b.Launch(() => run(config, x, gamma, epsilon, rows, y));
    }

    internal static double Inverse(ReadOnlySpan<double> x, double epsilon)
    {
        double squares = 0;
        foreach (double v in x)
            squares += v * v;
        return 1 / Math.Sqrt((squares / x.Length) + epsilon);
    }
}

/// <summary>dx = r·(γ·dy - x·r²·mean(γ·dy·x)), dγ = Σ dy·x·r over the rows.</summary>
/// <remarks>Inputs: dy, x, and if affine γ. Outputs: dx, and if affine dγ.</remarks>
public sealed record RmsNormGradient(double Epsilon, bool Affine) : Op
{
    // Rows are summed into at most this many partial gradients of γ, whatever the number of workers.
    private const int MostBlocks = 64;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Affine ? 3 : 2, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "x");
        return Affine ? [inputs[1], inputs[2]] : [inputs[1]];
    }

    public override Cost Cost(Node node) => new(10.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        int width = a.InShape(1)[^1];
        if (Affine)
            a.Out(1).Clear();
        for (int row = 0; row < a.Out().Length; row += width)
        {
            ReadOnlySpan<double> dy = a.In(0).Slice(row, width), x = a.In(1).Slice(row, width);
            double inverse = RmsNorm.Inverse(x, Epsilon), product = 0;
            for (int i = 0; i < width; i++)
            {
                product += dy[i] * (Affine ? a.In(2)[i] : 1) * x[i];
                if (Affine)
                    a.Out(1)[i] += dy[i] * x[i] * inverse;
            }
            for (int i = 0; i < width; i++)
                a.Out()[row + i] = inverse * ((dy[i] * (Affine ? a.In(2)[i] : 1)) - (x[i] * inverse * inverse * product / width));
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int width = b.InShape(1)[^1], rows = b.InShape(1).Count / width;
        float* dy = b.In(0), x = b.In(1), gamma = Affine ? b.In(2) : null, dx = b.Out(), dgamma = Affine ? b.Out(1) : null;
        int perBlock = (rows + MostBlocks - 1) / MostBlocks, blocks = (rows + perBlock - 1) / perBlock;
        ScratchRegion partial = b.Scratch(Affine ? (long)blocks * width : 0);
        b.Parallel(blocks, (begin, end, _) =>
        {
            for (int block = begin; block < end; block++)
            {
                float* sums = gamma is null ? null : partial.Pointer + ((long)block * width);
                if (sums is not null)
                    new Span<float>(sums, width).Clear();
                for (long row = (long)block * perBlock; row < Math.Min((block + 1L) * perBlock, rows); row++)
                {
                    float* dyRow = dy + (row * width), xRow = x + (row * width);
                    RmsLoops.Gradient(dyRow, xRow, gamma, RmsLoops.Inverse(xRow, width, Epsilon), width, dx + (row * width), sums);
                }
            }
        }, grain: Math.Max(1, 4096 / (perBlock * width)));
        if (!Affine)
            return;
        b.Serial(() =>
        {
            var total = new Span<float>(dgamma, width);
            total.Clear();
            for (int block = 0; block < blocks; block++)
                Sums.AddTo(partial.Pointer + ((long)block * width), dgamma, width);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        int width = b.InShape(1)[^1], count = b.InShape(1).Count / width;
        ArrayView<float> dy = b.In(0), x = b.In(1), gamma = Affine ? b.In(2) : x.SubView(0, 0), dx = b.Out();
        RowLanes rows = RowLanes.Of(count, width);
        KernelScratchRegion inverses = b.Scratch(count);
        var run = b.Loader.Groups<ArrayView<float>, ArrayView<float>, ArrayView<float>, float, RowLanes, ArrayView<float>, ArrayView<float>>(RmsKernels.Gradient, RowTeams.Specialization);
        KernelConfig config = RowLanes.Config(rows);
        float epsilon = (float)Epsilon;
        b.Launch(() => run(config, dy, x, gamma, epsilon, rows, inverses.View, dx));
        if (!Affine)
            return;
        ArrayView<float> dgamma = b.Out(1);
        new ChannelPasses(b, new ChannelLayout(count, width, 1)).Sum(() => new RmsProducts(dy, x, inverses.View), () => new SecondSum(dgamma));
    }
}

/// <summary>Loops over a row of floats, in an order that depends only on its length and the vector width.</summary>
internal static unsafe class RmsLoops
{
    public static float Inverse(float* x, int count, double epsilon) => (float)(1 / Math.Sqrt(((double)Sums.OfSquares(x, count) / count) + epsilon));

    /// <summary>y = γ·x·r; γ is 1 if null.</summary>
    public static void Normalize(float* x, float* gamma, float inverse, int count, float* y)
    {
        if (Simd.Is512)
            Normalize<V512>(x, gamma, inverse, count, y);
        else if (Simd.Is256)
            Normalize<V256>(x, gamma, inverse, count, y);
        else
            Normalize<V128>(x, gamma, inverse, count, y);
    }

    /// <summary>dx of a row, and dγ += dy·x·r unless dγ is null.</summary>
    public static void Gradient(float* dy, float* x, float* gamma, float inverse, int count, float* dx, float* dgamma)
    {
        if (Simd.Is512)
            Gradient<V512>(dy, x, gamma, inverse, count, dx, dgamma);
        else if (Simd.Is256)
            Gradient<V256>(dy, x, gamma, inverse, count, dx, dgamma);
        else
            Gradient<V128>(dy, x, gamma, inverse, count, dx, dgamma);
    }

    private static void Normalize<V>(float* x, float* gamma, float inverse, int count, float* y) where V : struct, IVector<V>
    {
        V r = V.Of(inverse);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V normal = V.Load(x + i) * r;
            (gamma is null ? normal : normal * V.Load(gamma + i)).Store(y + i);
        }
        for (; i < count; i++)
            y[i] = gamma is null ? x[i] * inverse : x[i] * inverse * gamma[i];
    }

    private static void Gradient<V>(float* dy, float* x, float* gamma, float inverse, int count, float* dx, float* dgamma) where V : struct, IVector<V>
    {
        V r = V.Of(inverse), sum = V.Of(0);
        int whole = count / V.Lanes * V.Lanes;
        for (int i = 0; i < whole; i += V.Lanes)
        {
            V product = V.Load(dy + i) * V.Load(x + i);
            sum += gamma is null ? product : product * V.Load(gamma + i);
            if (gamma is not null)
                V.Fma(product, r, V.Load(dgamma + i)).Store(dgamma + i);
        }
        float total = sum.Sum();
        for (int i = whole; i < count; i++)
        {
            total += dy[i] * x[i] * (gamma is null ? 1 : gamma[i]);
            if (gamma is not null)
                dgamma[i] += dy[i] * x[i] * inverse;
        }
        float factor = inverse * inverse * total / count;
        V f = V.Of(factor);
        for (int i = 0; i < whole; i += V.Lanes)
        {
            V g = gamma is null ? V.Load(dy + i) : V.Load(dy + i) * V.Load(gamma + i);
            ((g - (V.Load(x + i) * f)) * r).Store(dx + i);
        }
        for (int i = whole; i < count; i++)
            dx[i] = ((dy[i] * (gamma is null ? 1 : gamma[i])) - (x[i] * factor)) * inverse;
    }
}

/// <summary>Root mean square normalisation on the GPU: several lanes share a row. An empty γ means 1.</summary>
internal static class RmsKernels
{
    public static void Forward(ArrayView<float> x, ArrayView<float> gamma, float epsilon, RowLanes r, ArrayView<float> y)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(RowLanes.Threads);
        float inverse = Inverse(shared, x, epsilon, r);
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            y[i] = x[i] * inverse * Gamma(gamma, i - r.Begin);
    }

    /// <summary>dx, and 1/√(mean(x²) + ε) of each row.</summary>
    public static void Gradient(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> gamma, float epsilon, RowLanes r, ArrayView<float> inverses, ArrayView<float> dx)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(RowLanes.Threads);
        float inverse = Inverse(shared, x, epsilon, r), product = 0f;
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            product += dy[i] * x[i] * Gamma(gamma, i - r.Begin);
        float factor = inverse * inverse * r.Sum(shared, product) / r.Size;
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            dx[i] = ((dy[i] * Gamma(gamma, i - r.Begin)) - (x[i] * factor)) * inverse;
        if (r.Lane == 0 && r.Row < r.Rows)
            inverses[r.Row] = inverse;
    }

    private static float Inverse(ArrayView<float> shared, ArrayView<float> x, float epsilon, RowLanes r)
    {
        float squares = 0f;
        for (int i = r.Begin + r.Lane; i < r.End; i += r.Lanes)
            squares += x[i] * x[i];
        return 1f / MathF.Sqrt((r.Sum(shared, squares) / r.Size) + epsilon);
    }

    private static float Gamma(ArrayView<float> gamma, int i) => gamma.Length > 0 ? gamma[i] : 1f;
}

/// <summary>Σ dy·x·r of each column.</summary>
internal readonly struct RmsProducts(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> inverses) : ITerms
{
    public static bool Guesses => false;

    public float Value(int at) => x[at];

    public float Center(int channel) => 0f;

    public Pair Of(int n, int c, int i, int at, float center) => new(0f, dy[at] * x[at] * inverses[n]);
}

/// <summary>Only the second sum.</summary>
internal readonly struct SecondSum(ArrayView<float> sums) : ISums
{
    public void Store(int part, int channel, float center, float first, float second) => sums[channel] = second;
}
