using System.Globalization;
using System.Runtime.InteropServices;

namespace GpuGrad.Kernels.Devices.Host;

/// <summary>Native memory, aligned for the widest vectors and zeroed.</summary>
internal sealed unsafe class HostBuffer : DeviceBuffer
{
    private const nuint Alignment = 64;

    // From this size on memory comes in pages of 2 MiB where the system has them: a step walks through more pages of 4 KiB
    // than the processor remembers.
    private const nuint LargePage = 2 << 20;

    private byte* address;

    public HostBuffer(string name, long bytes) : base(name, bytes)
    {
        HostMemory.Claim(name, bytes);
        try
        {
            bool large = (nuint)bytes >= 2 * LargePage;
            address = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), large ? LargePage : Alignment);
            if (large)
                LargePages.Ask(address, (nuint)bytes);
        }
        catch (OutOfMemoryException inner)
        {
            HostMemory.Release(bytes);
            throw HostMemory.Exhausted(name, bytes, inner);
        }
        NativeMemory.Clear(address, (nuint)bytes);
        GC.AddMemoryPressure(Math.Max(bytes, 1));
    }

    ~HostBuffer() => Free();

    public byte* At(long offset)
    {
        ObjectDisposedException.ThrowIf(address is null, this);
        return address + offset;
    }

    public override void Write(long offset, ReadOnlySpan<byte> source) => source.CopyTo(Range(offset, source.Length));

    public override void Read(long offset, Span<byte> destination) => Range(offset, destination.Length).CopyTo(destination);

    public override void Fill(byte value) => NativeMemory.Fill(At(0), (nuint)Bytes, value);

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private Span<byte> Range(long offset, int length)
    {
        if (offset < 0 || offset + length > Bytes)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{length} bytes at {offset} leave '{Name}' of {Bytes} bytes.");
        return new Span<byte>(At(offset), length);
    }

    private void Free()
    {
        if (address is null)
            return;
        NativeMemory.AlignedFree(address);
        address = null;
        HostMemory.Release(Bytes);
        GC.RemoveMemoryPressure(Math.Max(Bytes, 1));
    }
}

/// <summary>How much memory this process may use, and what to say when that is not enough.</summary>
internal static class HostMemory
{
    // Below this a look at what is free costs more than it tells.
    private const long WorthALook = 1 << 20;

    private static long used;

    /// <summary>Bytes of all buffers that are alive.</summary>
    public static long Used => Interlocked.Read(ref used);

    /// <summary>
    /// Takes note of a buffer to be. Linux hands out addresses that it cannot back and kills the process later; so what goes beyond the
    /// machine (its container, <c>DOTNET_GCHeapHardLimit</c>), or beyond what others have left of it, is refused here.
    /// </summary>
    public static void Claim(string name, long bytes)
    {
        // Garbage counts only once there is no room besides it.
        if ((ulong)bytes > (ulong)Free(bytes, collect: false) && Free(bytes, collect: true) is long free && (ulong)bytes > (ulong)free)
            throw new OutOfDeviceMemoryException("this machine", name, bytes, free, Total);
        Interlocked.Add(ref used, bytes);
    }

    public static void Release(long bytes) => Interlocked.Add(ref used, -bytes);

    public static GpuGradException Exhausted(string name, long bytes, Exception inner) =>
        new OutOfDeviceMemoryException("this machine", name, bytes, -1, Total, inner);

    private static long Total => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static long Free(long wanted, bool collect)
    {
        long free = Math.Max(0, Total - Used - GC.GetTotalMemory(collect));
        return wanted >= WorthALook && LeftByOthers() is long left ? Math.Min(free, left) : free;
    }

    // What Linux says can be had without harm, swap included; null where nothing says so.
    private static long? LeftByOthers()
    {
        const string Information = "/proc/meminfo";
        if (!OperatingSystem.IsLinux() || !File.Exists(Information))
            return null;
        long? available = null;
        foreach (string line in File.ReadLines(Information))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [("MemAvailable:" or "SwapFree:"), string kibibytes, ..]
                && long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                available = (available ?? 0) + (number << 10);
            }
        }
        return available;
    }
}

/// <summary>Linux's transparent huge pages, where they are for those who ask.</summary>
internal static unsafe partial class LargePages
{
    private const int MadviseHugePage = 14;

    /// <summary>Asks for large pages; whether they come is the system's affair, and the memory is the same without.</summary>
    public static void Ask(byte* address, nuint bytes)
    {
        if (OperatingSystem.IsLinux())
            _ = Madvise(address, bytes, MadviseHugePage);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(byte* address, nuint bytes, int advice);
}
