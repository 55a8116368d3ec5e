using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GpuGrad.Tests.Support;

/// <summary>What a piece of work takes of this thread, whatever else goes on in the process and on the machine.</summary>
public static partial class Spent
{
    private const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID

    /// <summary>Seconds of processor time of this thread so far; where the system does not tell, seconds on the clock.</summary>
    public static double Seconds() =>
        OperatingSystem.IsLinux() && GetTime(ThreadClock, out TimeOfClock time) == 0 ? time.Seconds + (time.Nanoseconds * 1e-9) : (double)Stopwatch.GetTimestamp() / Stopwatch.Frequency;

    /// <summary>
    /// Bytes that some work allocates on this thread: the least of several runs, because a collection that another test brings on in
    /// between charges this thread for what it had not used yet.
    /// </summary>
    public static long Bytes(Action work)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 10 && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeOfClock time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeOfClock
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
