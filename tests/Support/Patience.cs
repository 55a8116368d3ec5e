using System.Diagnostics;

namespace GpuGrad.Tests.Support;

/// <summary>
/// Waiting that does not depend on how busy a machine is: for something to become true, or for a process to end. The limit tells what
/// hangs from what is slow, nothing else; no test may pass or fail by how long something takes.
/// </summary>
public static class Patience
{
    /// <summary>What takes longer will never come.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    /// <summary>Looks again and again until the condition holds.</summary>
    /// <param name="condition">What to wait for.</param>
    /// <param name="what">For the message where it never comes.</param>
    public static void Until(Func<bool> condition, string what)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < Limit, $"waited {Limit.TotalMinutes} minutes for {what}");
            Thread.Sleep(5);
        }
    }

    /// <summary>Waits for a process whose output somebody reads; one that hangs is ended, and a failure.</summary>
    public static void UntilEndOf(Process process)
    {
        if (process.WaitForExit(Limit))
            return;
        process.Kill(entireProcessTree: true);
        Assert.Fail($"process {process.Id} has not ended after {Limit.TotalMinutes} minutes");
    }

    /// <summary>
    /// A command line whose process takes the signals that this one may have been told to ignore, as what a shell runs in the background
    /// (INT) or <c>nohup</c> starts (HUP) is; ignoring is inherited.
    /// </summary>
    public static string[] Listening(params string[] command) =>
        OperatingSystem.IsLinux() ? ["/usr/bin/env", "--default-signal=INT,HUP", .. command] : command;
}
