namespace GpuGrad.Kernels.Devices.Host;

/// <summary>
/// How much memory this process may use, and what to say when that is not enough. Linux hands out addresses that it cannot back and
/// kills the process later; so what goes beyond the machine (its container, <c>DOTNET_GCHeapHardLimit</c>), or beyond what others have
/// left of it, is refused here, before it is asked for.
/// </summary>
public static class HostMemory
{
    // Below this a look at what is free costs more than it tells.
    private const long WorthALook = 1 << 20;

    private static long used;

    /// <summary>Bytes of all buffers that are alive.</summary>
    public static long Used => Interlocked.Read(ref used);

    /// <summary>Free memory of the system; tests override it.</summary>
    internal static Func<long?> Left { get; set; } = () => new SystemMemory().Left();

    /// <summary>
    /// Bytes that the runtime adds between a model's load and a run's end, measured over the networks of the tests: code that is compiled
    /// when it is first called, and the garbage of an epoch.
    /// </summary>
    public const long RuntimeGrowth = 48 << 20;

    /// <summary>Refuses what this process cannot have, whoever is going to allocate it.</summary>
    /// <param name="what">What it is for.</param>
    /// <param name="bytes">How much it is.</param>
    /// <param name="ofHeap">Whether a limit of the runtime's heap counts; its own code is outside it.</param>
    /// <exception cref="OutOfDeviceMemoryException">There is certainly not so much.</exception>
    public static void Require(string what, long bytes, bool ofHeap = true)
    {
        // Garbage counts only once there is no room besides it.
        if (bytes > Free(bytes, ofHeap, collect: false) && Free(bytes, ofHeap, collect: true) is long free && bytes > free)
            throw new OutOfDeviceMemoryException("this machine", what, bytes, free, Total);
    }

    /// <summary>Bytes that this process could take now, as far as that can be told.</summary>
    public static long Available => Free(long.MaxValue, ofHeap: true, collect: false);

    /// <summary>Takes note of a buffer to be.</summary>
    internal static void Claim(string name, long bytes)
    {
        Require(name, bytes);
        Interlocked.Add(ref used, bytes);
    }

    internal static void Release(long bytes) => Interlocked.Add(ref used, -bytes);

    internal static GpuGradException Exhausted(string name, long bytes, Exception inner) =>
        new OutOfDeviceMemoryException("this machine", name, bytes, -1, Total, inner);

    private static long Total => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static long Free(long wanted, bool ofHeap, bool collect)
    {
        if (collect)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true); // gives pages back as well
        long free = ofHeap ? Math.Max(0, Total - Used - GC.GetTotalMemory(false)) : long.MaxValue;
        return wanted >= WorthALook && Left() is long left ? Math.Min(free, left) : free;
    }
}
