using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>The CPU's gradient of batch norm: two sums per channel, then dx; distributed over workers as in <see cref="CpuChannelStatistics"/>.</summary>
internal sealed unsafe class ChannelGradient(ChannelLayout layout, bool isFixed, ScratchRegion scratch)
{
    private const int RowChunk = 256;
    private const int FloatsOfSums = 4; // two doubles

    public required float* Dy { get; init; }

    public required float* X { get; init; }

    public required float* Mean { get; init; }

    /// <summary>Null if the statistics are fixed; the inverse deviations are then in <see cref="FixedInverse"/>.</summary>
    public required float* Inverse { get; init; }

    public required float* Gamma { get; init; }

    public required float* Dx { get; init; }

    /// <summary>dγ and dβ, or none.</summary>
    public required Affine Affine { get; init; }

    /// <summary>Destination of the means of γ·dy and of γ·dy·x̂; scratch memory by default.</summary>
    public Affine Means { get; init; }

    public float* FixedInverse => scratch.Pointer + (2 * layout.C);

    /// <summary>Mean of γ·dy, by channel.</summary>
    public float* Mean1 => Means.IsNone ? scratch.Pointer : Means.Gamma;

    /// <summary>Mean of γ·dy·x̂, by channel.</summary>
    public float* Mean2 => Means.IsNone ? scratch.Pointer + layout.C : Means.Beta;

    private Center Center => new(Mean, Inverse is null ? FixedInverse : Inverse);

    /// <summary>Number of floats of scratch memory.</summary>
    public static long ScratchOf(ChannelLayout layout) => 3L * layout.C;

    public void Add(CpuBinding b)
    {
        if (layout.IsMatrix)
            EachBlock(b, column =>
            {
                SumColumns(column);
                GradientColumns(column);
            });
        else
        {
            AddPlaneSums(b);
            AddPlaneGradients(b);
        }
    }

    /// <summary>Adds only the phases of the sums.</summary>
    public void AddSums(CpuBinding b)
    {
        if (layout.IsMatrix)
            EachBlock(b, SumColumns);
        else
            AddPlaneSums(b);
    }

    /// <summary>Adds the phase that writes dx from given means.</summary>
    public void AddGradients(CpuBinding b)
    {
        if (layout.IsMatrix)
            EachBlock(b, GradientColumns);
        else
            AddPlaneGradients(b);
    }

    // Blocks of columns of a matrix, each with all its rows.
    private void EachBlock(CpuBinding b, Action<int> columns) => b.Parallel(layout.ColumnBlocks, (begin, end, _) =>
    {
        for (int block = begin; block < end; block++)
            columns(block * ChannelLayout.ColumnBlock);
    });

    private void AddPlaneSums(CpuBinding b)
    {
        ScratchRegion sums = b.Scratch((long)layout.SumGroups * layout.C * FloatsOfSums);
        b.Parallel(checked(layout.SumGroups * layout.RunsOfSample), (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
            {
                int group = i / layout.RunsOfSample;
                (int First, int Count) channels = layout.ChannelsOf(i % layout.RunsOfSample);
                var kept = (double*)sums.Pointer + (2L * (((long)group * layout.C) + channels.First));
                if (layout.SumSamples == 1)
                    SumPlanes(group, channels, kept);
                else
                    SumSamples(group * layout.SumSamples, channels, kept);
            }
        }, layout.SumSamples == 1 ? layout.RunGrain : 1);
        b.Parallel(layout.C, (begin, end, _) =>
        {
            for (int c = begin; c < end; c++)
                FinishPlanes(c, (double*)sums.Pointer + (2L * c));
        }, grain: Math.Max(1, 2048 / layout.SumGroups));
    }

    private void AddPlaneGradients(CpuBinding b)
    {
        b.Parallel(layout.Runs, (begin, end, _) =>
        {
            for (int run = begin; run < end; run++)
                PlaneGradients(run / layout.RunsOfSample, layout.ChannelsOf(run % layout.RunsOfSample));
        }, layout.RunGrain);
    }

    private void SumPlanes(int sample, (int First, int Count) channels, double* kept)
    {
        for (int c = 0; c < channels.Count; c++)
        {
            long at = layout.Plane(sample, channels.First + c);
            (kept[2 * c], kept[(2 * c) + 1]) = NormLoops.GradientSums<Shared>(Dy + at, X + at, Center.At(channels.First + c), null, layout.Inner);
        }
    }

    // With one partial sum per lane of a vector.
    private void SumSamples(int first, (int First, int Count) channels, double* kept)
    {
        float* sums = stackalloc float[2 * ChannelLayout.MostPlanes * NormLoops.MostLanes];
        float* products = sums + (channels.Count * NormLoops.MostLanes);
        new Span<float>(sums, 2 * channels.Count * NormLoops.MostLanes).Clear();
        for (int n = first; n < Math.Min(first + layout.SumSamples, layout.N); n++)
        {
            long at = layout.Plane(n, channels.First);
            NormLoops.AddPlaneProducts(Dy + at, X + at, Mean + channels.First, channels.Count, layout.Inner, sums, products);
        }
        Center center = Center.At(channels.First);
        for (int c = 0; c < channels.Count; c++)
        {
            kept[2 * c] = Sums.Of(sums + (c * NormLoops.MostLanes), NormLoops.MostLanes);
            kept[(2 * c) + 1] = Sums.Of(products + (c * NormLoops.MostLanes), NormLoops.MostLanes) * center.Inverse[c];
        }
    }

    private void FinishPlanes(int channel, double* sums)
    {
        double sum = 0, product = 0;
        for (int group = 0; group < layout.SumGroups; group++, sums += 2L * layout.C)
        {
            sum += sums[0];
            product += sums[1];
        }
        Finish(channel, sum, product);
    }

    private void Finish(int channel, double sum, double product)
    {
        double gamma = Gamma is null ? 1 : Gamma[channel];
        Mean1[channel] = isFixed ? 0 : (float)(gamma * sum / layout.PerChannel);
        Mean2[channel] = isFixed ? 0 : (float)(gamma * product / layout.PerChannel);
        if (Affine.IsNone)
            return;
        Affine.Gamma[channel] = (float)product;
        Affine.Beta[channel] = (float)sum;
    }

    private void PlaneGradients(int sample, (int First, int Count) channels)
    {
        long at = layout.Plane(sample, channels.First);
        for (int channel = channels.First; channel < channels.First + channels.Count; channel++, at += layout.Inner)
        {
            float* gamma = Gamma is null ? null : Gamma + channel;
            NormLoops.InputGradient<Shared, Shared>(Dy + at, X + at, Center.At(channel), gamma, Mean1 + channel, Mean2 + channel, layout.Inner, Dx + at);
        }
    }

    private void SumColumns(int column)
    {
        const int Width = ChannelLayout.ColumnBlock;
        int count = Math.Min(Width, layout.C - column);
        float* part = stackalloc float[2 * Width];
        Span<double> sums = stackalloc double[2 * Width];
        sums.Clear();
        for (int row = 0; row < layout.N; row += RowChunk)
        {
            new Span<float>(part, 2 * Width).Clear();
            for (int n = row; n < Math.Min(row + RowChunk, layout.N); n++)
            {
                long at = layout.Plane(n, column);
                NormLoops.AddToAffine<Each>(Dy + at, X + at, Center.At(column), count, new Affine(part, part + Width));
            }
            for (int j = 0; j < 2 * Width; j++)
                sums[j] += part[j];
        }
        for (int j = 0; j < count; j++)
            Finish(column + j, sums[Width + j], sums[j]);
    }

    private void GradientColumns(int column)
    {
        int count = Math.Min(ChannelLayout.ColumnBlock, layout.C - column);
        for (int n = 0; n < layout.N; n++)
            RowGradient(layout.Plane(n, column), column, count);
    }

    private void RowGradient(long at, int column, int count)
    {
        if (Gamma is null)
            NormLoops.InputGradient<Each, Shared>(Dy + at, X + at, Center.At(column), null, Mean1 + column, Mean2 + column, count, Dx + at);
        else
            NormLoops.InputGradient<Each, Each>(Dy + at, X + at, Center.At(column), Gamma + column, Mean1 + column, Mean2 + column, count, Dx + at);
    }
}
