using System.Runtime.InteropServices;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// TERM, INT (Ctrl-C) and HUP ask a run to stop: the first one cancels <see cref="Stop"/>, so that the run can save its state at the
/// next step; the second one ends the process at once. Without this .NET 10 lets TERM kill it with nothing run.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private readonly Action<int> quit;
    private readonly Action<string>? told;
    private int received;

    /// <param name="told">Told the name of the first signal, e.g. <c>SIGTERM</c>.</param>
    /// <param name="quit">Ends the process with a code; for tests.</param>
    public StopSignals(Action<string>? told = null, Action<int>? quit = null)
    {
        this.told = told;
        this.quit = quit ?? QuitAtOnce;
        foreach (PosixSignal signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP })
        {
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Receive(context.Signal);
            }));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stop => source.Token;

    /// <summary>128 and the first signal's number, for the process to end with: 143, 130 or 129; null while none came.</summary>
    public int? ExitCode => Volatile.Read(ref received) is int number and > 0 ? 128 + number : null;

    /// <summary>
    /// Until this ends there is nothing to save: the first signal ends the process, after the callbacks of <see cref="Stop"/>.
    /// </summary>
    public Task? Loading { get; set => Volatile.Write(ref field, value); }

    /// <summary>Told instead, with the name of the signal, while something is loaded.</summary>
    public Action<string>? ToldWhileLoading { get; init; }

    /// <summary>Asks another process to stop, as TERM does; where there are no signals it is killed, and its checkpoints stay.</summary>
    public static void Ask(System.Diagnostics.Process process)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                process.Kill();
            else
                _ = Posix.Terminate(process.Id);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Handler that the system calls on a signal.</summary>
    public void Receive(PosixSignal signal)
    {
        int number = NumberOf(signal);
        if (Interlocked.CompareExchange(ref received, number, 0) != 0)
        {
            quit(128 + number);
            return;
        }
        Task? unfinished = Loading is { IsCompleted: false } task ? task : null;
        (unfinished is null ? told : ToldWhileLoading)?.Invoke(signal.ToString());
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It came while the run was ending anyway.
        }
        // What is to be cleaned up was called by the token.
        if (unfinished is not null)
            quit(128 + number);
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    private static int NumberOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        _ => 15,
    };

    // Environment.Exit would wait for exit handlers, and those may be what hangs.
    private static void QuitAtOnce(int code)
    {
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        else
            Posix.Exit(code);
    }
}
