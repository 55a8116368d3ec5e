using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// dx = (γ·dy - mean(γ·dy) - x̂·mean(γ·dy·x̂))/σ over each group, dγ = Σ dy·x̂, dβ = Σ dy over samples. The statistics are
/// recomputed: x has to be read anyway, and a group fits in the cache.
/// </summary>
/// <remarks>Inputs: dy, x, and if affine γ. Outputs: dx, and if affine dγ, dβ.</remarks>
public sealed record GroupedNormGradient(GroupedNorm Of) : Op
{
    // Samples are summed into at most this many partial gradients of γ and β, whatever the number of workers.
    private const int MostBlocks = 64;

    public override string Name => Of.Name + "Gradient";

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, Of.Affine ? 3 : 2, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "x");
        return Of.Affine ? [inputs[1], inputs[2], inputs[2]] : [inputs[1]];
    }

    public override Cost Cost(Node node) => new(15.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override void Reference(ReferenceArguments a)
    {
        GroupLayout layout = Of.LayoutOf(a.InShape(0));
        for (int i = 1; Of.Affine && i < 3; i++)
            a.Out(i).Clear();
        for (int row = 0; row < layout.Rows; row++)
            Row(a, layout, row);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        GroupLayout layout = Of.LayoutOf(b.InShape(0));
        float* dy = b.In(0), x = b.In(1), gamma = Of.Affine ? b.In(2) : null, dx = b.Out();
        int perBlock = (layout.N + MostBlocks - 1) / MostBlocks, blocks = (layout.N + perBlock - 1) / perBlock;
        ScratchRegion partial = b.Scratch(Of.Affine ? 2L * blocks * layout.C : 0);
        b.Parallel(blocks * layout.Groups, (begin, end, _) =>
        {
            for (int item = begin; item < end; item++)
            {
                int block = item / layout.Groups, group = item % layout.Groups, first = group * layout.GroupChannels;
                float* sums = partial.Pointer + (2L * block * layout.C) + first;
                Affine gradient = Of.Affine ? new Affine(sums, sums + layout.C) : default;
                Clear(gradient, layout.GroupChannels);
                for (int n = block * perBlock; n < Math.Min((block + 1) * perBlock, layout.N); n++)
                {
                    long at = (((long)n * layout.Groups) + group) * layout.Size;
                    Group(layout, dy + at, x + at, gamma is null ? null : gamma + first, gradient, dx + at);
                }
            }
        }, grain: Math.Max(1, 4096 / (perBlock * layout.Size)));
        if (Of.Affine)
            AddBlocks(b, partial, blocks, layout.C);
    }

    public override void Kernel(KernelBinding b)
    {
        if (Of.Affine)
            AddPasses(b, new GroupedAffine(b.In(2), b.In(2), Of.LayoutOf(b.InShape(0))));
        else
            AddPasses(b, new PlainAffine(1));
    }

    private void AddPasses<A>(KernelBinding b, A affine) where A : struct, IAffine
    {
        GroupLayout layout = Of.LayoutOf(b.InShape(0));
        ArrayView<float> dy = b.In(0), x = b.In(1), dx = b.Out();
        KernelScratchRegion scratch = b.Scratch(4L * layout.Rows);
        ArrayView<float> Known(int row) => scratch.View.SubView(row * layout.Rows, layout.Rows); // mean, inverse deviation, Σ γ·dy, Σ γ·dy·x̂
        var rows = new ChannelPasses(b, new ChannelLayout(1, layout.Rows, layout.Size));
        rows.Sum(() => new Distances(x), () => new Statistics(Known(0), Known(1), layout.Size, (float)Of.Epsilon));
        rows.SumAndMap(
            () => new GammaProducts<A>(dy, x, Known(0), affine),
            () => new Totals(Known(2), Known(3), Spread.OfInverses(Known(1))),
            () => new InputGradient<A>(dy, x, dx, Known(0), Spread.OfInverses(Known(1)), new TotalMeans(Known(2), Known(3), layout.Size), affine));
        if (!Of.Affine)
            return;
        ArrayView<float> dgamma = b.Out(1), dbeta = b.Out(2);
        new ChannelPasses(b, new ChannelLayout(layout.N, layout.C, layout.Inner)).Sum(
            () => new GroupedProducts(dy, x, Known(0), Known(1), layout.Groups, layout.GroupChannels),
            () => new Totals(dbeta, dgamma, Spread.One(dbeta)));
    }

    private static unsafe void AddBlocks(CpuBinding b, ScratchRegion partial, int blocks, int channels)
    {
        float* dgamma = b.Out(1), dbeta = b.Out(2);
        b.Parallel(channels, (begin, end, _) =>
        {
            for (int c = begin; c < end; c++)
            {
                double product = 0, sum = 0;
                for (int block = 0; block < blocks; block++)
                {
                    float* sums = partial.Pointer + (2L * block * channels) + c;
                    product += sums[0];
                    sum += sums[channels];
                }
                (dgamma[c], dbeta[c]) = ((float)product, (float)sum);
            }
        }, grain: 256);
    }

    private static unsafe void Clear(Affine sums, int count)
    {
        if (sums.IsNone)
            return;
        new Span<float>(sums.Gamma, count).Clear();
        new Span<float>(sums.Beta, count).Clear();
    }

    private unsafe void Group(GroupLayout layout, float* dy, float* x, float* gamma, Affine gradient, float* dx)
    {
        Moments moments = Moments.Of(x, layout.Size);
        float mean = (float)moments.Mean, inverse = (float)moments.InverseDeviation(Of.Epsilon);
        var center = new Center(&mean, &inverse);
        bool each = Of.Affine && layout.Inner == 1;
        int run = layout.RunOf(Of.Affine);
        (double sum, double product) = each
            ? NormLoops.GradientSums<Each>(dy, x, center, gamma, layout.Size)
            : RunSums(layout.Size, run, dy, x, center, gamma, gradient);
        float m1 = (float)(sum / layout.Size), m2 = (float)(product / layout.Size);
        if (each)
        {
            NormLoops.AddToAffine<Shared>(dy, x, center, layout.Size, gradient);
            NormLoops.InputGradient<Shared, Each>(dy, x, center, gamma, &m1, &m2, layout.Size, dx);
            return;
        }
        for (int i = 0; i < layout.Size; i += run)
            NormLoops.InputGradient<Shared, Shared>(dy + i, x + i, center, gamma is null ? null : gamma + (i / run), &m1, &m2, run, dx + i);
    }

    // Runs with one γ each; their sums are also the contributions to dγ and dβ.
    private static unsafe (double Sum, double Product) RunSums(int size, int run, float* dy, float* x, Center center, float* gamma, Affine gradient)
    {
        double sum = 0, product = 0;
        for (int i = 0, channel = 0; i < size; i += run, channel++)
        {
            (double s, double p) = NormLoops.GradientSums<Shared>(dy + i, x + i, center, null, run);
            double scale = gamma is null ? 1 : gamma[channel];
            sum += scale * s;
            product += scale * p;
            if (gradient.IsNone)
                continue;
            gradient.Gamma[channel] += (float)p;
            gradient.Beta[channel] += (float)s;
        }
        return (sum, product);
    }

    private void Row(ReferenceArguments a, GroupLayout layout, int row)
    {
        int begin = row * layout.Size;
        ReadOnlySpan<double> dy = a.In(0).Slice(begin, layout.Size), x = a.In(1).Slice(begin, layout.Size);
        Moments moments = Moments.Of(x);
        double inverse = moments.InverseDeviation(Of.Epsilon), sum = 0, product = 0;
        for (int i = 0; i < layout.Size; i++)
        {
            int channel = layout.FirstChannel(row) + (i / layout.Inner);
            double normal = (x[i] - moments.Mean) * inverse, g = dy[i] * (Of.Affine ? a.In(2)[channel] : 1);
            sum += g;
            product += g * normal;
            if (Of.Affine)
            {
                a.Out(1)[channel] += dy[i] * normal;
                a.Out(2)[channel] += dy[i];
            }
        }
        for (int i = 0; i < layout.Size; i++)
        {
            double normal = (x[i] - moments.Mean) * inverse;
            double g = dy[i] * (Of.Affine ? a.In(2)[layout.FirstChannel(row) + (i / layout.Inner)] : 1);
            a.Out()[begin + i] = inverse * (g - (sum / layout.Size) - (normal * product / layout.Size));
        }
    }
}
