using System.Runtime.InteropServices;

namespace GpuGrad.Kernels.Files;

/// <summary>Kind of a file system entry.</summary>
public enum FileKind
{
    Regular,
    Folder,
    Link,

    /// <summary>A pipe, a socket, a terminal or another device: reading may block for ever, writing may have any effect.</summary>
    Special,
}

/// <summary>Facts about a file, from <c>statx</c> on Linux (its layout is the same on every architecture).</summary>
/// <param name="Kind">Kind of the entry.</param>
/// <param name="Mode">The permission bits, e.g. 0644.</param>
/// <param name="Owner">User id of the owner.</param>
/// <param name="Links">Number of hard links.</param>
/// <param name="Device">Together with <paramref name="Inode"/> identifies the file, whatever its name.</param>
/// <param name="Inode">See <paramref name="Device"/>.</param>
public readonly unsafe partial record struct FileFacts(FileKind Kind, int Mode, uint Owner, uint Links, ulong Device, ulong Inode)
{
    private const int CurrentFolder = -100, NoFollow = 0x100, EmptyPath = 0x1000;
    private const uint BasicFields = 0x7FF;
    private const int TypeMask = 0xF000, ModeMask = 0xFFF;

    /// <summary>Effective user id of this process.</summary>
    public static uint Me => OperatingSystem.IsLinux() ? EffectiveUser() : 0;

    /// <summary>Whether both are one and the same file.</summary>
    public bool IsSame(FileFacts other) => (Device, Inode) == (other.Device, other.Inode);

    /// <summary>Facts about a path; null if it does not exist, or the system cannot tell.</summary>
    /// <param name="path">The file.</param>
    /// <param name="follow">Whether to follow a link to its target.</param>
    public static FileFacts? Of(string path, bool follow) => Ask(CurrentFolder, Path.GetFullPath(path), follow ? 0 : NoFollow);

    /// <summary>Facts about an open file or folder.</summary>
    public static FileFacts? Of(int descriptor) => Ask(descriptor, "", EmptyPath);

    /// <summary>Facts about a name in an open folder; a link is not followed.</summary>
    public static FileFacts? Of(int folder, string name) => Ask(folder, name, NoFollow);

    private static FileFacts? Ask(int folder, string path, int flags)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Statx x;
        try
        {
            if (Call(folder, path, flags, BasicFields, &x) != 0)
                return null;
        }
        catch (EntryPointNotFoundException)
        {
            return null; // a C library from before statx
        }
        FileKind kind = (x.Mode & TypeMask) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            0xA000 => FileKind.Link,
            _ => FileKind.Special,
        };
        return new FileFacts(kind, x.Mode & ModeMask, x.Owner, x.Links, ((ulong)x.DeviceMajor << 32) | x.DeviceMinor, x.Inode);
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Call(int folder, string path, int flags, uint mask, Statx* result);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    // struct statx of linux/stat.h.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
