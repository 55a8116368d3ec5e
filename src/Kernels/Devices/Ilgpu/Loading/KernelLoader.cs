using System.Reflection;
using ILGPU.Backends;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>
/// The only place that loads and launches kernels. <c>Groups</c> loads kernels that use explicit thread groups, <c>Items</c> those with one
/// thread per element. Both return at once: the kernel is compiled, or read from disk, and built by the driver on another thread,
/// and the first launch waits for it. A launch allocates nothing.
/// </summary>
/// <param name="accelerator">Where kernels run; not owned.</param>
internal sealed partial class KernelLoader(Accelerator accelerator) : IDisposable
{
    // PoCL has crashed when two threads built programs at once.
    private static readonly Lock OpenClBuilds = new();

    private readonly Dictionary<KernelKey, LoadedKernel> kernels = [];
    private readonly KernelTexts texts = new(accelerator, KernelCache.OfUser());

    /// <summary>Group size for kernels that do not set one.</summary>
    private int ItemThreads { get; } = Math.Min(256, accelerator.MaxNumThreadsPerGroup);

    /// <summary>
    /// The stream of every launch and copy. Not the accelerator's default stream: on CUDA that is the legacy null stream, whose work
    /// cannot be captured into a graph.
    /// </summary>
    public AcceleratorStream Stream { get; } = accelerator.CreateStream();

    /// <summary>Note on kernels that were not in the cache and had to be compiled; null for none.</summary>
    public string? Note => texts.Note;

    /// <summary>Kernels requested so far.</summary>
    public IReadOnlyCollection<KernelKey> Kernels => kernels.Keys;

    /// <summary>Waits until every requested kernel is loaded.</summary>
    public void WaitForAll()
    {
        foreach (LoadedKernel kernel in kernels.Values)
            kernel.Wait();
    }

    public void Dispose()
    {
        foreach (LoadedKernel kernel in kernels.Values)
            kernel.Dispose();
        Stream.Dispose();
    }

    private LoadedKernel Load(MethodInfo method, KernelSpecialization specialization)
    {
        var key = new KernelKey(method, specialization.MaxNumThreadsPerGroup ?? 0, accelerator is CudaAccelerator ? specialization.MinNumGroupsPerMultiprocessor ?? 0 : 0);
        if (!kernels.TryGetValue(key, out LoadedKernel? kernel))
        {
            Func<CompiledKernel> text = texts.Find(key);
            kernels[key] = kernel = new LoadedKernel(key.Name, Task.Run(() => Build(key, text)));
        }
        return kernel;
    }

    private Kernel Build(KernelKey key, Func<CompiledKernel> text)
    {
        CompiledKernel compiled = text();
        if (accelerator is not CLAccelerator)
            return ToDevice(key, compiled);
        lock (OpenClBuilds)
            return ToDevice(key, compiled);
    }

    private Kernel ToDevice(KernelKey key, CompiledKernel compiled) =>
        key.Threads == 0 ? accelerator.LoadImplicitlyGroupedKernel(compiled, ItemThreads) : accelerator.LoadKernel(compiled);

    /// <summary>A kernel's launcher, created at its first use.</summary>
    private sealed class Launcher<D>(LoadedKernel kernel) where D : Delegate
    {
        public D Value => field ??= kernel.Wait().CreateLauncherDelegate<D>();
    }
}
