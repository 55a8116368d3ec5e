using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>A kernel that is being loaded; several ops may wait for it.</summary>
internal sealed class LoadedKernel(string name, Task<Kernel> loading) : IDisposable
{
    /// <summary>Waits until it is loaded.</summary>
    /// <exception cref="KernelBuildException">It cannot be built for this device.</exception>
    public Kernel Wait()
    {
        try
        {
            return loading.GetAwaiter().GetResult();
        }
        catch (Exception e)
        {
            throw new KernelBuildException(name, e);
        }
    }

    /// <summary>Waits, then unloads it: no kernel may be building when the accelerator is disposed.</summary>
    public void Dispose()
    {
        if (loading.ContinueWith(static _ => { }, TaskScheduler.Default).Wait(Timeout.Infinite) && loading.IsCompletedSuccessfully)
            loading.Result.Dispose();
    }
}

/// <summary>ILGPU or the driver refused a kernel.</summary>
internal sealed class KernelBuildException(string kernel, Exception inner) : Exception($"Kernel '{kernel}' could not be built: {inner.Message}", inner)
{
    public string Kernel { get; } = kernel;
}
