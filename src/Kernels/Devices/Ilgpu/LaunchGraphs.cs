using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using ILGPU.Runtime.Cuda;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// Runs ranges of launches. On CUDA a range is enqueued the first time, recorded the second and replayed from then on: a driver loads
/// a kernel's code at its first launch, and nothing may be loaded while a graph is recorded.
/// </summary>
internal sealed class LaunchGraphs(KernelLoader loader, Action[] launches) : IDisposable
{
    private readonly List<Range> ranges = [];

    public void Run(int first, int last)
    {
        if (loader.Stream is not CudaStream stream || last - first < 2 || !CudaGraph.IsSupported)
        {
            Enqueue(first, last);
            return;
        }
        Range range = Find(first, last);
        if (!range.HasRun)
        {
            Enqueue(first, last);
            range.HasRun = true;
            return;
        }
        range.Graph ??= Record(stream, first, last);
        range.Graph.Launch();
    }

    public void Dispose()
    {
        foreach (Range range in ranges)
            range.Graph?.Dispose();
        ranges.Clear();
    }

    // Separate from Run, which would otherwise allocate the closure at every call.
    private CudaGraph Record(CudaStream stream, int first, int last) => new(stream, () => Enqueue(first, last));

    private void Enqueue(int first, int last)
    {
        for (int i = first; i < last; i++)
            launches[i]();
    }

    private Range Find(int first, int last)
    {
        foreach (Range known in ranges)
        {
            if (known.First == first && known.Last == last)
                return known;
        }
        var range = new Range(first, last);
        ranges.Add(range);
        return range;
    }

    private sealed class Range(int first, int last)
    {
        public int First => first;

        public int Last => last;

        public bool HasRun { get; set; }

        public CudaGraph? Graph { get; set; }
    }
}
