using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// A CUDA graph: launches recorded once and replayed with one call. ILGPU lacks CUDA graphs; all driver calls for them are in this file.
/// </summary>
internal sealed partial class CudaGraph : IDisposable
{
    private const int ModeThreadLocal = 1; // other threads may continue to build kernels while this one records

    private const string Driver = "cuda"; // DriverLibraries resolves it to a file

    private readonly CudaStream stream;
    private nint executable;

    /// <summary>Records what the callback enqueues on the stream; nothing in it may wait or load a kernel.</summary>
    public CudaGraph(CudaStream stream, Action record)
    {
        this.stream = stream;
        stream.Accelerator.Bind();
        Check(BeginCapture(stream.StreamPtr, ModeThreadLocal));
        CudaError ended;
        nint graph;
        try
        {
            record();
        }
        finally
        {
            ended = EndCapture(stream.StreamPtr, out graph);
        }
        Check(ended);
        try
        {
            Check(Instantiate(out executable, graph, 0));
        }
        finally
        {
            _ = DestroyGraph(graph);
        }
    }

    /// <summary>Whether the driver is new enough: 11.4, of 2021.</summary>
    public static bool IsSupported { get; } =
        NativeLibrary.TryLoad(DriverLibraries.Cuda, out nint library) && NativeLibrary.TryGetExport(library, "cuGraphInstantiateWithFlags", out _);

    public void Launch() => Check(LaunchGraph(executable, stream.StreamPtr));

    public void Dispose()
    {
        if (executable == 0)
            return;
        stream.Accelerator.Bind();
        _ = DestroyExecutable(executable); // a lost device refuses, and there is nothing left to free
        executable = 0;
    }

    private static void Check(CudaError error) => CudaException.ThrowIfFailed(error);

    [LibraryImport(Driver, EntryPoint = "cuStreamBeginCapture_v2")]
    private static partial CudaError BeginCapture(nint stream, int mode);

    [LibraryImport(Driver, EntryPoint = "cuStreamEndCapture")]
    private static partial CudaError EndCapture(nint stream, out nint graph);

    [LibraryImport(Driver, EntryPoint = "cuGraphInstantiateWithFlags")]
    private static partial CudaError Instantiate(out nint executable, nint graph, ulong flags);

    [LibraryImport(Driver, EntryPoint = "cuGraphLaunch")]
    private static partial CudaError LaunchGraph(nint executable, nint stream);

    [LibraryImport(Driver, EntryPoint = "cuGraphExecDestroy")]
    private static partial CudaError DestroyExecutable(nint executable);

    [LibraryImport(Driver, EntryPoint = "cuGraphDestroy")]
    private static partial CudaError DestroyGraph(nint graph);
}
