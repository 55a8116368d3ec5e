namespace GpuGrad.Kernels.Devices.Host;

/// <summary>
/// How much memory this process may use, and the error if that is not enough. Linux hands out addresses that it cannot back and
/// kills the process later; so requests beyond the machine (its container, <c>DOTNET_GCHeapHardLimit</c>), or beyond what other
/// processes have left, are refused before they are made.
/// </summary>
public static class HostMemory
{
    // Below this, checking the free memory costs more than it is worth.
    private const long WorthALook = 1 << 20;

    private static long used;

    /// <summary>Bytes of all live buffers.</summary>
    public static long Used => Interlocked.Read(ref used);

    /// <summary>Free memory of the system; tests override it.</summary>
    internal static Func<long?> Left { get; set; } = () => new SystemMemory().Left();

    /// <summary>
    /// Bytes that the runtime adds between loading a model and the end of a run, measured over the networks of the tests: code that is compiled
    /// when it is first called, and the garbage of an epoch.
    /// </summary>
    public const long RuntimeGrowth = 48 << 20;

    /// <summary>Throws if this process cannot have that much memory, whoever is going to allocate it.</summary>
    /// <param name="what">What the memory is for, for the message.</param>
    /// <param name="bytes">Bytes needed.</param>
    /// <param name="ofHeap">Whether a limit of the runtime's heap counts; its own code is outside it.</param>
    /// <exception cref="OutOfDeviceMemoryException">There is certainly not that much memory.</exception>
    public static void Require(string what, long bytes, bool ofHeap = true)
    {
        // Garbage is collected only if the memory does not suffice otherwise.
        if (bytes > Free(bytes, ofHeap, collect: false) && Free(bytes, ofHeap, collect: true) is long free && bytes > free)
            throw new OutOfDeviceMemoryException("this machine", what, bytes, free, Total);
    }

    /// <summary>Bytes that this process could allocate now, as far as that is known.</summary>
    public static long Available => Free(long.MaxValue, ofHeap: true, collect: false);

    /// <summary>Records a buffer that is about to be allocated.</summary>
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
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true); // returns pages to the system, too
        long free = ofHeap ? Math.Max(0, Total - Used - GC.GetTotalMemory(false)) : long.MaxValue;
        return wanted >= WorthALook && Left() is long left ? Math.Min(free, left) : free;
    }
}
