using System.Runtime.InteropServices;

namespace GpuGrad.Kernels.Devices.Host;

/// <summary>Native memory, zeroed and aligned for the widest SIMD vectors.</summary>
internal sealed unsafe class HostBuffer : DeviceBuffer
{
    private const nuint Alignment = 64;

    // From this size on, memory comes in pages of 2 MiB if the system has them: a step touches more pages of 4 KiB
    // than the processor's TLB holds.
    private const nuint LargePage = 2 << 20;

    private readonly GuardedPages? guarded;
    private byte* address;

    public HostBuffer(string name, long bytes, GuardSide guard = GuardSide.None) : base(name, bytes)
    {
        HostMemory.Claim(name, bytes);
        try
        {
            guarded = guard == GuardSide.None ? null : new GuardedPages(bytes, guard);
            address = guarded is null ? Allocate((nuint)bytes) : guarded.Data;
        }
        catch (OutOfMemoryException inner)
        {
            HostMemory.Release(bytes);
            throw HostMemory.Exhausted(name, bytes, inner);
        }
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

    public override string? Damage() => address is null ? null : guarded?.Damage();

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static byte* Allocate(nuint bytes)
    {
        bool large = bytes >= 2 * LargePage;
        byte* memory = (byte*)NativeMemory.AlignedAlloc(Math.Max(bytes, 1), large ? LargePage : Alignment);
        if (large)
            LargePages.Ask(memory, bytes);
        NativeMemory.Clear(memory, bytes);
        return memory;
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
        if (guarded is null)
            NativeMemory.AlignedFree(address);
        else
            guarded.Free();
        address = null;
        HostMemory.Release(Bytes);
        GC.RemoveMemoryPressure(Math.Max(Bytes, 1));
    }
}

/// <summary>Linux's transparent huge pages, where a program has to ask for them.</summary>
internal static unsafe partial class LargePages
{
    private const int MadviseHugePage = 14;

    /// <summary>Asks for large pages. The system may decline; the memory is the same without them.</summary>
    public static void Ask(byte* address, nuint bytes)
    {
        if (OperatingSystem.IsLinux())
            _ = Madvise(address, bytes, MadviseHugePage);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(byte* address, nuint bytes, int advice);
}
