using System.Runtime.InteropServices;

namespace GpuGrad.Kernels.Files;

/// <summary>The numbers 0, 1 and 2 under which a process is given its standard streams.</summary>
public static partial class StandardDescriptor
{
    public const int Input = 0, Output = 1, Error = 2;

    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;
    private const int ReadWrite = 2;

    /// <summary>
    /// Whether the stream came from whoever started this process. Where it was closed ("&lt;&amp;-", "&gt;&amp;-"), the runtime's own files and
    /// pipes get its number: writing there aborts the process, reading waits for ever. They close on exec, which no descriptor that came
    /// through one does. A free number is taken, before a run's file gets it.
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
