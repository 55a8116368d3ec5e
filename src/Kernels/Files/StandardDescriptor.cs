using System.Runtime.InteropServices;

namespace GpuGrad.Kernels.Files;

/// <summary>Descriptors 0, 1 and 2, the standard streams of a process.</summary>
public static partial class StandardDescriptor
{
    public const int Input = 0, Output = 1, Error = 2;

    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;
    private const int ReadWrite = 2;

    /// <summary>
    /// Whether the stream was inherited from the parent process. If it was closed ("&lt;&amp;-", "&gt;&amp;-"), its number went to the runtime's own files and
    /// pipes: writing there aborts the process, reading blocks for ever. They have close-on-exec set, which no inherited descriptor
    /// has. A free number is occupied, so that a run's file does not get it.
    /// </summary>
    public static bool IsInherited(int descriptor)
    {
        if (OperatingSystem.IsWindows())
            return true;
        int flags = Control(descriptor, GetDescriptorFlags);
        if (flags >= 0)
            return (flags & CloseOnExec) == 0;
        _ = OpenFile("/dev/null", ReadWrite);
        return false;
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}
