using ILGPU.Runtime;
#if !ILGPU_PACKAGE
using ILGPU.Bundled;
using ILGPU.Runtime.Cuda;
#endif

namespace GpuGrad.Kernels.Devices.Accelerated;

// Everything that ILGPU itself has not, or has under another name, stands in this file: replaying launches as a CUDA graph,
// telling the errors of a device apart, asking for a fused multiply-add, and tensor cores.

/// <summary>a·b + c with one rounding.</summary>
internal static class MultiplyAdd
{
    public static float Of(float a, float b, float c)
    {
#if !ILGPU_PACKAGE
        return MathF.FusedMultiplyAdd(a, b, c);
#else
        return (a * b) + c; // ILGPU's own optimiser fuses this, and knows no other way to ask for it
#endif
    }
}

/// <summary>Runs ranges of launches; on CUDA each range is recorded the first time it runs and replayed from then on.</summary>
internal sealed class LaunchGraphs(Accelerator accelerator, Action[] launches) : IDisposable
{
#if !ILGPU_PACKAGE
    private readonly List<(int First, int Last, CudaGraph Graph)> recorded = [];
#endif

    public void Run(int first, int last)
    {
#if !ILGPU_PACKAGE
        if (accelerator.DefaultStream is CudaStream stream && last - first > 1)
        {
            Find(first, last, stream).Launch(stream);
            return;
        }
#endif
        Enqueue(first, last);
    }

    public void Dispose()
    {
#if !ILGPU_PACKAGE
        foreach ((_, _, CudaGraph graph) in recorded)
            graph.Dispose();
        recorded.Clear();
#endif
    }

    private void Enqueue(int first, int last)
    {
        _ = accelerator;
        for (int i = first; i < last; i++)
            launches[i]();
    }

#if !ILGPU_PACKAGE
    private CudaGraph Find(int first, int last, CudaStream stream)
    {
        foreach ((int f, int l, CudaGraph graph) in recorded)
        {
            if (f == first && l == last)
                return graph;
        }
        CudaGraph made = CudaGraph.Capture(stream, () => Enqueue(first, last));
        recorded.Add((first, last, made));
        return made;
    }
#endif
}

/// <summary>Products of small matrices by a warp; <see cref="Products.IMatrixUnit"/> says how the lanes hold them.</summary>
internal static class TensorCores
{
#if !ILGPU_PACKAGE
    public static bool AreOn(Accelerator accelerator) => accelerator is CudaAccelerator { Architecture.Major: >= 8 };

    public static void MultiplyTf32(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1) =>
        MatrixUnit.MultiplyTf32(ref d0, ref d1, ref d2, ref d3, a0, a1, a2, a3, b0, b1);

    public static void MultiplyBf16(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1) =>
        MatrixUnit.MultiplyBf16(ref d0, ref d1, ref d2, ref d3, a0, a1, a2, a3, b0, b1);
#else
    public static bool AreOn(Accelerator accelerator)
    {
        _ = accelerator;
        return false; // CudaAsm takes no instruction of ten operands there: the factors are rounded and multiplied as floats
    }

    public static void MultiplyTf32(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1) => throw new NotSupportedException();

    public static void MultiplyBf16(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1) => throw new NotSupportedException();
#endif
}

/// <summary>How much there was to compile.</summary>
internal static class KernelCount
{
#if !ILGPU_PACKAGE
    public static int Of(Accelerator accelerator) => KernelInspection.Compiled(accelerator);
#else
    public static int Of(Accelerator accelerator)
    {
        _ = accelerator;
        return 0; // ILGPU compiles all of them at every start and does not say how many
    }
#endif
}

/// <summary>An accelerator's errors as errors that the user can act on.</summary>
internal static class AcceleratorFaults
{
    public static T Guard<T>(KernelDevice device, string what, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception e) when (Translate(device, what, e) is { } fault)
        {
            throw fault;
        }
    }

    /// <summary>Null where the error is none of a device.</summary>
    public static GpuGradException? Translate(KernelDevice device, string what, Exception error)
    {
#if !ILGPU_PACKAGE
        return error switch
        {
            DeviceOutOfMemoryException e => new OutOfDeviceMemoryException(device.Id, what, e.WantedBytes, e.FreeBytes ?? -1, e.TotalBytes, e),
            DeviceLostException e => new GpuGradException(Fault.Device, $"{device.Id} was lost during {what}: {OneLine(e)}. Nothing more can be read from it; `gpugrad resume` goes on from the last checkpoint.", e),
            KernelBuildException e => new GpuGradException(Fault.Device, $"{device.Id} could not build kernel '{e.Kernel}': {OneLine(e)}", e),
            KernelRefusedException e => new GpuGradException(Fault.Internal, OneLine(e), e),
            AcceleratorException e => new GpuGradException(Fault.Device, $"{device.Id} failed in {what}: {OneLine(e)}", e),
            _ => null,
        };
#else
        return error is AcceleratorException ? new GpuGradException(Fault.Device, $"{device.Id} failed in {what}: {OneLine(error)}", error) : null;
#endif
    }

    private static string OneLine(Exception e) => e.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
