namespace ILGPU.Runtime;

/// <summary>A queue of work on a device: what is put in runs in order.</summary>
public abstract class AcceleratorStream : AcceleratorObject
{
    private protected AcceleratorStream(Accelerator accelerator) : base(accelerator) { }

    /// <summary>Waits until all that was put in has run; here asynchronous device errors show.</summary>
    public abstract void Synchronize();

    public Task SynchronizeAsync() => Task.Run(Synchronize);

    /// <summary>A point in the queue whose time the device notes.</summary>
    public ProfilingMarker AddProfilingMarker() => CreateMarker();

    private protected abstract ProfilingMarker CreateMarker();
}

/// <summary>A point in a stream; the difference of two is the time in between on the device.</summary>
public abstract class ProfilingMarker : AcceleratorObject
{
    private protected ProfilingMarker(Accelerator accelerator) : base(accelerator) { }

    public abstract void Synchronize();

    /// <summary>The time from that earlier marker to this one.</summary>
    public abstract TimeSpan MeasureFrom(ProfilingMarker marker);

    public static TimeSpan operator -(ProfilingMarker end, ProfilingMarker start)
    {
        ArgumentNullException.ThrowIfNull(end);
        return end.MeasureFrom(start);
    }
}
