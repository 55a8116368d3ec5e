using ILGPU.Runtime.Cuda;

namespace ILGPU.Bundled;

/// <summary>
/// Work recorded once and replayed with one call. Record with <see cref="Capture"/>: what is launched and copied on the stream
/// in the callback does not run but becomes the graph; arguments are those of the recording.
/// </summary>
public sealed class CudaGraph : IDisposable
{
    private readonly CudaAccelerator accelerator;
    private readonly nint graph, executable;
    private bool disposed;

    private CudaGraph(CudaAccelerator accelerator, nint graph)
    {
        this.accelerator = accelerator;
        this.graph = graph;
        executable = accelerator.Driver.Instantiate(graph);
    }

    /// <summary>Nothing in the callback may synchronise or copy to pageable memory.</summary>
    public static CudaGraph Capture(CudaStream stream, Action record)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(record);
        CudaAccelerator accelerator = (CudaAccelerator)stream.Accelerator;
        accelerator.Bind();
        accelerator.Driver.BeginCapture(stream.StreamPtr);
        nint graph;
        try
        {
            record();
        }
        finally
        {
            graph = accelerator.Driver.EndCapture(stream.StreamPtr);
        }
        return new CudaGraph(accelerator, graph);
    }

    public void Launch(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ObjectDisposedException.ThrowIf(disposed, this);
        accelerator.Bind();
        accelerator.Driver.LaunchGraph(executable, stream.StreamPtr);
    }

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        accelerator.Bind();
        accelerator.Driver.DestroyExecutable(executable);
        accelerator.Driver.DestroyGraph(graph);
    }
}
