using System.Runtime.InteropServices;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// Handles TERM, INT (Ctrl-C) and HUP: the first signal cancels <see cref="Stop"/>, so that the run can save its state at the
/// next step; the second one ends the process at once. Without this, .NET 10 lets TERM kill the process without any cleanup.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private readonly Action<int> quit;
    private readonly Action<string>? told;
    private int received;

    /// <param name="told">Called with the name of the first signal, e.g. <c>SIGTERM</c>.</param>
    /// <param name="quit">Ends the process with an exit code; replaced by tests.</param>
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

    /// <summary>Exit code of the process: 128 and the first signal's number, so 143, 130 or 129; null while there was none.</summary>
    public int? ExitCode => Volatile.Read(ref received) is int number and > 0 ? 128 + number : null;

    /// <summary>
    /// Until this task ends there is nothing to save: the first signal ends the process, after the callbacks of <see cref="Stop"/>.
    /// </summary>
    public Task? Loading { get; set => Volatile.Write(ref field, value); }

    /// <summary>Called instead, with the name of the signal, during loading.</summary>
    public Action<string>? ToldWhileLoading { get; init; }

    /// <summary>Asks another process to stop, as TERM does; on systems without signals it is killed, and its checkpoints stay.</summary>
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
            // It has exited already.
        }
    }

    /// <summary>Handles a signal.</summary>
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
            // The run is ending already.
        }
        // The token's callbacks have done the cleanup.
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

    // Environment.Exit would wait for exit handlers, which may be what hangs.
    private static void QuitAtOnce(int code)
    {
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        else
            Posix.Exit(code);
    }
}
