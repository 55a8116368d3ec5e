using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>Streams, events and graphs of the interpreted driver.</summary>
internal static unsafe partial class InterpretedDriver
{
    /// <summary>A queue. Work runs at once, or is recorded while a capture is on.</summary>
    private sealed class DriverStream
    {
        public bool IsNull { get; init; }
        public List<Func<int>>? Recording { get; set; }
        public bool ForAllThreads { get; set; }
        public bool IsInvalid { get; set; }
        public int Thread { get; set; }
    }

    /// <summary>Enqueues work on a stream of the current context; 0 is its null stream, which waits for all others and so may not be used while one records.</summary>
    private static int Enqueue(nint handle, Func<int> work) => OnDevice(context =>
    {
        DriverStream? stream = handle == 0 ? context.Null : Get<DriverStream>(handle);
        if (stream is null)
            return InvalidHandle;
        if (stream.IsNull && context.Recorders.Count > 0)
        {
            context.Recorders.ForEach(r => r.IsInvalid = true);
            return CaptureImplicit;
        }
        if (stream.Recording is null)
            return work();
        stream.Recording.Add(work);
        return Success;
    });

    private static void RegisterStreams()
    {
        Functions["cuStreamCreate"] = (nint)(delegate* unmanaged<nint*, uint, int>)&StreamCreate;
        Functions["cuStreamCreateWithPriority"] = (nint)(delegate* unmanaged<nint*, uint, int, int>)&StreamCreateWithPriority;
        Functions["cuStreamDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
        Functions["cuStreamSynchronize"] = (nint)(delegate* unmanaged<nint, int>)&StreamSynchronize;
        Functions["cuStreamWaitEvent"] = (nint)(delegate* unmanaged<nint, nint, uint, int>)&StreamWaitEvent;
        Functions["cuEventCreate"] = (nint)(delegate* unmanaged<nint*, uint, int>)&EventCreate;
        Functions["cuEventRecord"] = (nint)(delegate* unmanaged<nint, nint, int>)&EventRecord;
        Functions["cuEventQuery"] = (nint)(delegate* unmanaged<nint, int>)&EventSynchronize;
        Functions["cuEventSynchronize"] = (nint)(delegate* unmanaged<nint, int>)&EventSynchronize;
        Functions["cuEventElapsedTime"] = (nint)(delegate* unmanaged<float*, nint, nint, int>)&EventElapsedTime;
        Functions["cuEventDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
    }

    private static void RegisterGraphs()
    {
        Functions["cuStreamBeginCapture_v2"] = (nint)(delegate* unmanaged<nint, int, int>)&BeginCapture;
        Functions["cuStreamEndCapture"] = (nint)(delegate* unmanaged<nint, nint*, int>)&EndCapture;
        Functions["cuGraphInstantiateWithFlags"] = (nint)(delegate* unmanaged<nint*, nint, ulong, int>)&Instantiate;
        Functions["cuGraphLaunch"] = (nint)(delegate* unmanaged<nint, nint, int>)&GraphLaunch;
        Functions["cuGraphDestroy"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
        Functions["cuGraphExecDestroy"] = (nint)(delegate* unmanaged<nint, int>)&Destroy;
    }

    [UnmanagedCallersOnly]
    private static int StreamCreate(nint* stream, uint flags)
    {
        *stream = NewHandle(new DriverStream());
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int StreamCreateWithPriority(nint* stream, uint flags, int priority)
    {
        *stream = NewHandle(new DriverStream());
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int StreamSynchronize(nint handle) => Unrecorded(context => handle == 0 || Get<DriverStream>(handle) is not null ? Success : InvalidHandle);

    [UnmanagedCallersOnly]
    private static int StreamWaitEvent(nint stream, nint handle, uint flags) => Get<StrongBox<long>>(handle) is null ? InvalidHandle : Success;

    [UnmanagedCallersOnly]
    private static int EventCreate(nint* handle, uint flags)
    {
        *handle = NewHandle(new StrongBox<long>());
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int EventRecord(nint handle, nint stream) => Get<StrongBox<long>>(handle) is not { } time
        ? InvalidHandle
        : Enqueue(stream, () =>
        {
            time.Value = Stopwatch.GetTimestamp();
            return Success;
        });

    [UnmanagedCallersOnly]
    private static int EventSynchronize(nint handle) => Get<StrongBox<long>>(handle) is null ? InvalidHandle : Unrecorded(_ => Success);

    [UnmanagedCallersOnly]
    private static int EventElapsedTime(float* milliseconds, nint start, nint end)
    {
        if (Get<StrongBox<long>>(start) is not { } first || Get<StrongBox<long>>(end) is not { } last)
            return InvalidHandle;
        *milliseconds = (float)Stopwatch.GetElapsedTime(first.Value, last.Value).TotalMilliseconds;
        return Success;
    }

    // ---- Graphs -----------------------------------------------------------------------------------------------------

    [UnmanagedCallersOnly]
    private static int BeginCapture(nint handle, int mode) => OnDevice(context =>
    {
        if (handle == 0)
            return CaptureUnsupported; // the null stream cannot be recorded
        if (Get<DriverStream>(handle) is not { Recording: null } stream || mode is not (0 or 1))
            return InvalidValue;
        (stream.Recording, stream.ForAllThreads, stream.IsInvalid, stream.Thread) = ([], mode == 0, false, Environment.CurrentManagedThreadId);
        context.Recorders.Add(stream);
        return Success;
    });

    [UnmanagedCallersOnly]
    private static int EndCapture(nint handle, nint* graph)
    {
        *graph = 0;
        if (Get<DriverStream>(handle) is not { Recording: { } work } stream)
            return InvalidValue;
        stream.Recording = null;
        current?.Recorders.Remove(stream);
        if (stream.IsInvalid)
            return CaptureInvalidated;
        *graph = NewHandle(work);
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Instantiate(nint* executable, nint graph, ulong flags)
    {
        if (Get<List<Func<int>>>(graph) is not { } work)
            return InvalidHandle;
        *executable = NewHandle(work.ToArray());
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int GraphLaunch(nint executable, nint stream)
    {
        if (Get<Func<int>[]>(executable) is not { } work)
            return InvalidHandle;
        foreach (Func<int> step in work)
        {
            int code = Enqueue(stream, step);
            if (code != Success)
                return code;
        }
        return Success;
    }
}
