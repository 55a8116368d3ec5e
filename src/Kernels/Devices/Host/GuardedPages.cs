using System.Runtime.InteropServices;

namespace GpuGrad.Kernels.Devices.Host;

/// <summary>
/// Pages of memory between two inaccessible ones. The data begin or end exactly at one of these; no op asks for more alignment than
/// its elements have. What is left of the pages holds a pattern.
/// </summary>
internal sealed unsafe partial class GuardedPages
{
    private const int ReadWrite = 3; // PROT_READ | PROT_WRITE
    private const int Private = 2;
    private const uint Commit = 0x1000, Reserve = 0x2000, Release = 0x8000, PageReadWrite = 4, PageNoAccess = 1;

    private readonly byte* mapping;
    private readonly byte* pages;
    private readonly nuint mapped;
    private readonly nuint usable;
    private readonly nuint bytes;

    public GuardedPages(long bytes, GuardSide side)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        this.bytes = (nuint)bytes;
        usable = ((nuint)Math.Max(bytes, 1) + page - 1) / page * page;
        mapped = checked(usable + (2 * page));
        mapping = Map(mapped);
        pages = mapping + page;
        Open(pages, usable);
        new Span<byte>(pages, checked((int)Math.Min(page, usable))).Fill(Guards.Pattern);
        new Span<byte>(pages + usable - page, (int)page).Fill(Guards.Pattern);
        Data = side == GuardSide.End ? pages + usable - (nuint)bytes : pages;
        NativeMemory.Clear(Data, (nuint)bytes);
    }

    public byte* Data { get; }

    /// <summary>Describes a write in the pages but outside the data; null if there was none.</summary>
    public string? Damage() =>
        Guards.Explain("before its start", new Span<byte>(pages, (int)(Data - pages)), fromEnd: true)
        ?? Guards.Explain("past its end", new Span<byte>(Data + bytes, (int)(pages + usable - (Data + bytes))), fromEnd: false);

    public void Free()
    {
        if (OperatingSystem.IsWindows())
            _ = VirtualFree(mapping, 0, Release);
        else
            _ = MUnmap(mapping, mapped);
    }

    private static byte* Map(nuint length)
    {
        if (OperatingSystem.IsWindows())
        {
            byte* reserved = (byte*)VirtualAlloc(null, length, Reserve, PageNoAccess);
            return reserved is not null ? reserved : throw new OutOfMemoryException();
        }
        void* mapped = MMap(null, length, 0, Private | (OperatingSystem.IsLinux() ? 0x20 : 0x1000), -1, 0); // MAP_ANONYMOUS
        return (nint)mapped != -1 ? (byte*)mapped : throw new OutOfMemoryException();
    }

    private void Open(byte* first, nuint length)
    {
        bool opened = OperatingSystem.IsWindows() ? VirtualAlloc(first, length, Commit, PageReadWrite) is not null : MProtect(first, length, ReadWrite) == 0;
        if (opened)
            return;
        Free();
        throw new OutOfMemoryException();
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* MMap(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MProtect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MUnmap(void* address, nuint length);

    [LibraryImport("kernel32", EntryPoint = "VirtualAlloc")]
    private static partial void* VirtualAlloc(void* address, nuint length, uint kind, uint protection);

    [LibraryImport("kernel32", EntryPoint = "VirtualFree")]
    private static partial int VirtualFree(void* address, nuint length, uint kind);
}
