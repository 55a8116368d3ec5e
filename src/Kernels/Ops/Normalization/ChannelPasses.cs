using GpuGrad.Kernels.Devices.Ilgpu;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// Adds the launches of passes over channels. Few long channels are split into parts, whose sums are added by a separate launch.
/// Kernel arguments are created when the launch runs, because scratch memory has no address before the plan is bound.
/// </summary>
internal sealed class ChannelPasses(KernelBinding b, ChannelLayout layout)
{
    private static readonly KernelSpecialization Specialization = new(ChannelWalk.Threads, null);

    // Four groups per multiprocessor hide the time that a group waits at its barriers; a part is worth 8 values per thread.
    private readonly ChannelWalk sums = ChannelWalk.Of(layout, 4 * b.Multiprocessors, 8, 64);
    private readonly ChannelWalk values = ChannelWalk.Of(layout, 16 * b.Multiprocessors, 4, ushort.MaxValue);

    public void Sum<T, R>(Func<T> terms, Func<R> result) where T : struct, ITerms where R : struct, ISums
    {
        KernelConfig config = ChannelWalk.Config(sums);
        ChannelWalk walk = sums;
        int parts = ChannelWalk.Parts(walk);
        if (parts == 1)
        {
            var run = b.Loader.Groups<T, R, ChannelWalk>(ChannelKernels.Sum<T, R>, Specialization);
            b.Launch(() => run(config, terms(), result(), walk));
            return;
        }
        KernelScratchRegion scratch = b.Scratch((1 + (2L * parts)) * walk.C);
        var partial = b.Loader.Groups<T, PartialSums, ChannelWalk>(ChannelKernels.Sum<T, PartialSums>, Specialization);
        var add = b.Loader.Items<ArrayView<float>, R, int, int>(ChannelKernels.AddParts<R>);
        b.Launch(() => partial(config, terms(), new PartialSums(scratch.View, walk.C), walk));
        b.Launch(() => add(walk.C, scratch.View, result(), parts, walk.C));
    }

    public void Map<E>(Func<E> each) where E : struct, IEach
    {
        KernelConfig config = ChannelWalk.Config(values);
        ChannelWalk walk = values;
        var run = b.Loader.Groups<E, ChannelWalk>(ChannelKernels.Map<E>, Specialization);
        b.Launch(() => run(config, each(), walk));
    }

    /// <summary>Adds sums, then a map that uses them.</summary>
    public void SumAndMap<T, R, E>(Func<T> terms, Func<R> result, Func<E> each) where T : struct, ITerms where R : struct, ISums where E : struct, IEach
    {
        if (ChannelWalk.Parts(sums) > 1)
        {
            Sum(terms, result);
            Map(each);
            return;
        }
        KernelConfig config = ChannelWalk.Config(sums);
        ChannelWalk walk = sums;
        var run = b.Loader.Groups<T, R, E, ChannelWalk>(ChannelKernels.SumAndMap<T, R, E>, Specialization);
        b.Launch(() => run(config, terms(), result(), each(), walk));
    }
}
