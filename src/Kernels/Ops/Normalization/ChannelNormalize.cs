using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>The CPU's pass that writes y of a batch norm, given the statistics of each channel.</summary>
internal readonly unsafe struct ChannelNormalize(ChannelLayout layout, float* x, Center center, Affine affine, float* y, Epilogue epilogue)
{
    private readonly Center center = center;

    /// <summary>The same pass with other statistics.</summary>
    public ChannelNormalize By(Center other) => new(layout, x, other, affine, y, epilogue);

    /// <summary>Adds a phase over all of x. The pass is created when the phase runs, because scratch memory has an address only then.</summary>
    public static void Add(CpuBinding b, ChannelLayout layout, Func<ChannelNormalize> pass)
    {
        if (layout.IsMatrix)
            b.Parallel(layout.N, (begin, end, _) =>
            {
                ChannelNormalize normalize = pass();
                for (int n = begin; n < end; n++)
                    normalize.Row(n, 0, layout.C);
            }, grain: Math.Max(1, 4096 / layout.C));
        else
            b.Parallel(layout.Runs, (begin, end, _) =>
            {
                ChannelNormalize normalize = pass();
                for (int run = begin; run < end; run++)
                    normalize.Planes(run / layout.RunsOfSample, layout.ChannelsOf(run % layout.RunsOfSample));
            }, layout.RunGrain);
    }

    /// <summary>Some channels of one sample.</summary>
    public void Planes(int sample, (int First, int Count) channels)
    {
        long begin = layout.Plane(sample, channels.First), at = begin;
        for (int channel = channels.First; channel < channels.First + channels.Count; channel++, at += layout.Inner)
            NormLoops.Normalize<Shared, Shared>(x + at, center.At(channel), affine.At(channel), layout.Inner, y + at);
        Finish(begin, channels.Count * layout.Inner);
    }

    /// <summary>Some columns of one row of a matrix.</summary>
    public void Row(int sample, int column, int count)
    {
        long at = layout.Plane(sample, column);
        if (affine.IsNone)
            NormLoops.Normalize<Each, Shared>(x + at, center.At(column), affine, count, y + at);
        else
            NormLoops.Normalize<Each, Each>(x + at, center.At(column), affine.At(column), count, y + at);
        Finish(at, count);
    }

    private void Finish(long at, int count)
    {
        if (!epilogue.IsEmpty)
            epilogue.Apply(y + at, 0, 0, count, at);
    }
}
