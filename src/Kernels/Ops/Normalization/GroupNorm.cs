using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// Samples of <c>C</c> channels of <c>Inner</c> values; statistics are computed over each of <c>Groups</c> equal parts of a
/// sample, γ and β belong to the channel. Layer norm is one group with as many channels as there are values.
/// </summary>
internal readonly record struct GroupLayout(int N, int C, int Inner, int Groups)
{
    public int GroupChannels => C / Groups;

    /// <summary>Values of a group: they are contiguous and share statistics.</summary>
    public int Size => GroupChannels * Inner;

    public int Rows => N * Groups;

    /// <summary>Number of values that share one γ; the whole group if there is no γ.</summary>
    public int RunOf(bool affine) => affine ? Inner : Size;

    public int FirstChannel(int row) => row % Groups * GroupChannels;
}

/// <summary>An op that normalises contiguous groups of values of each sample. It keeps only x for the gradient.</summary>
/// <remarks>Inputs: x, and if affine γ and β. Output: y as x.</remarks>
public abstract record GroupedNorm(double Epsilon, bool Affine) : NormOp(Epsilon, Affine)
{
    protected override int GammaInput => 1;

    internal abstract GroupLayout LayoutOf(Shape x);

    public override void Differentiate(Backprop b)
    {
        var op = new GroupedNormGradient(this with { Epilogue = null });
        Tensor[] shared = [b.Gradient(), b.Input(0)];
        IReadOnlyList<Tensor> found = b.Graph.AddAll(op, Affine ? [.. shared, b.Input(1)] : shared);
        for (int i = 0; i < found.Count; i++)
        {
            if (b.Needs(i))
                b.Give(i, found[i]);
        }
    }

    public override void Reference(ReferenceArguments a)
    {
        RefuseEpilogue();
        GroupLayout layout = LayoutOf(a.InShape(0));
        for (int row = 0; row < layout.Rows; row++)
        {
            int begin = row * layout.Size;
            Moments moments = Moments.Of(a.In(0).Slice(begin, layout.Size));
            for (int i = 0; i < layout.Size; i++)
            {
                double normal = (a.In(0)[begin + i] - moments.Mean) * moments.InverseDeviation(Epsilon);
                int channel = layout.FirstChannel(row) + (i / layout.Inner);
                a.Out()[begin + i] = Affine ? (normal * a.In(1)[channel]) + a.In(2)[channel] : normal;
            }
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        GroupLayout layout = LayoutOf(b.InShape(0));
        float* x = b.In(0), y = b.Out();
        Affine affine = AffineOf(b);
        Epilogue epilogue = EpilogueOf(b);
        b.Parallel(layout.Rows, (begin, end, _) =>
        {
            for (int row = begin; row < end; row++)
            {
                long at = (long)row * layout.Size;
                Normalize(layout, x + at, affine.At(layout.FirstChannel(row)), y + at);
                if (!epilogue.IsEmpty)
                    epilogue.Apply(y + at, 0, 0, layout.Size, at);
            }
        }, grain: Math.Max(1, 4096 / layout.Size));
    }

    private protected override void AddPasses<M>(KernelBinding b, Finish<M> finish)
    {
        if (Affine)
            AddPasses(b, finish, new GroupedAffine(b.In(1), b.In(2), LayoutOf(b.InShape(0))));
        else
            AddPasses(b, finish, new PlainAffine(1));
    }

    // A group of a sample is treated as a channel of a single sample.
    private protected override void AddPasses<M, A>(KernelBinding b, Finish<M> finish, A affine)
    {
        GroupLayout layout = LayoutOf(b.InShape(0));
        ArrayView<float> x = b.In(0), y = b.Out();
        KernelScratchRegion scratch = b.Scratch(2L * layout.Rows);
        ArrayView<float> Known(int row) => scratch.View.SubView(row * layout.Rows, layout.Rows); // mean, inverse deviation
        new ChannelPasses(b, new ChannelLayout(1, layout.Rows, layout.Size)).SumAndMap(
            () => new Distances(x),
            () => new Statistics(Known(0), Known(1), layout.Size, (float)Epsilon),
            () => new NormalizeChannels<M, A>(x, y, Known(0), Spread.OfInverses(Known(1)), affine, finish));
    }

    private unsafe void Normalize(GroupLayout layout, float* x, Affine affine, float* y)
    {
        Moments moments = Moments.Of(x, layout.Size);
        float mean = (float)moments.Mean, inverse = (float)moments.InverseDeviation(Epsilon);
        var center = new Center(&mean, &inverse);
        if (Affine && layout.Inner == 1)
        {
            NormLoops.Normalize<Shared, Each>(x, center, affine, layout.Size, y);
            return;
        }
        int run = layout.RunOf(Affine);
        for (int i = 0; i < layout.Size; i += run)
            NormLoops.Normalize<Shared, Shared>(x + i, center, affine.At(i / run), run, y + i);
    }
}

/// <summary>
/// Group normalisation (Wu and He, 2018): each sample's channels in groups, by mean and biased variance of the group. With as many
/// groups as channels it is instance normalisation.
/// </summary>
/// <remarks>Inputs: x [N, C, …], and if affine γ [C] and β [C]. Output: y as x.</remarks>
public sealed record GroupNorm(int Groups, double Epsilon = 1e-5, bool Affine = true) : GroupedNorm(Epsilon, Affine)
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        ChannelLayout layout = ChannelLayout.Of(inputs[0].Shape);
        Expect.That(Groups > 0 && layout.C % Groups == 0, $"'x' has shape {inputs[0].Shape}: {layout.C} channels do not fall into {Groups} equal groups.");
        CheckInputs(inputs, new Shape(layout.C));
        return [inputs[0]];
    }

    internal override GroupLayout LayoutOf(Shape x)
    {
        ChannelLayout layout = ChannelLayout.Of(x);
        return new GroupLayout(layout.N, layout.C, layout.Inner, Groups);
    }
}

/// <summary>Layer normalisation (Ba, Kiros and Hinton, 2016): each sample by mean and biased variance over its last axes.</summary>
/// <remarks>Inputs: x, and if affine γ and β in the shape of the last axes. Output: y as x.</remarks>
/// <param name="Axes">Number of trailing axes that share statistics.</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Affine">Whether γ and β are inputs.</param>
public sealed record LayerNorm(int Axes = 1, double Epsilon = 1e-5, bool Affine = true) : GroupedNorm(Epsilon, Affine)
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Shape x = inputs[0].Shape;
        Expect.That(Axes > 0 && Axes <= x.Rank, $"'x' has shape {x}; layer norm cannot be over its last {Axes} axes.");
        CheckInputs(inputs, new Shape(x.Sizes[^Axes..]));
        return [inputs[0]];
    }

    internal override GroupLayout LayoutOf(Shape x) => new(x.LengthOf(..^Axes), x.LengthOf(^Axes..), 1, 1);
}
