using System.Diagnostics;
using System.Runtime.InteropServices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

public sealed class StopSignalsTests
{
    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    [InlineData("HUP", 129)]
    public void The_first_signal_lets_the_process_finish_with_its_own_exit_code(string signal, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no such signals");
        using Process child = Child.Start("wait|once");
        Assert.Equal("ready", child.StandardOutput.ReadLine());
        Child.Signal(child, signal);
        Assert.Equal($"asked by SIG{signal}", child.StandardOutput.ReadLine());
        Patience.UntilEndOf(child);
        Assert.Equal(code, child.ExitCode);
    }

    [Theory]
    [InlineData("TERM", "TERM", 143)]
    [InlineData("TERM", "INT", 130)]
    [InlineData("INT", "HUP", 129)]
    public void The_second_signal_ends_the_process_at_once(string first, string second, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no such signals");
        using Process child = Child.Start("wait|on");
        Assert.Equal("ready", child.StandardOutput.ReadLine());
        Child.Signal(child, first);
        Assert.Equal($"asked by SIG{first}", child.StandardOutput.ReadLine());
        Child.Signal(child, second);
        Patience.UntilEndOf(child);
        Assert.Equal(code, child.ExitCode);
    }

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    public void While_data_are_loaded_the_first_signal_ends_the_process(string signal, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no such signals");
        using Process child = Child.Start("load");
        Assert.Equal("ready", child.StandardOutput.ReadLine());
        Child.Signal(child, signal);
        Assert.Equal($"stopped by SIG{signal}", child.StandardOutput.ReadLine());
        // Its input stays open: what it waits for would never come.
        Patience.UntilEndOf(child);
        Assert.Equal(code, child.ExitCode);
    }

    [Fact]
    public void Once_data_are_loaded_a_signal_lets_the_run_finish()
    {
        var codes = new List<int>();
        using var signals = new StopSignals(null, codes.Add) { Loading = Task.CompletedTask };
        signals.Receive(PosixSignal.SIGTERM);
        Assert.Empty(codes);
        using var early = new StopSignals(null, codes.Add) { Loading = new TaskCompletionSource().Task };
        early.Receive(PosixSignal.SIGINT);
        Assert.Equal([130], codes);
        Assert.True(early.Stop.IsCancellationRequested);
    }

    [Fact]
    public void The_token_and_the_exit_code_tell_of_the_first_signal_only()
    {
        var codes = new List<int>();
        using var signals = new StopSignals(null, codes.Add);
        Assert.False(signals.Stop.IsCancellationRequested);
        Assert.Null(signals.ExitCode);
        signals.Receive(PosixSignal.SIGINT);
        Assert.True(signals.Stop.IsCancellationRequested);
        Assert.Equal(130, signals.ExitCode);
        Assert.Empty(codes);
        signals.Receive(PosixSignal.SIGTERM);
        Assert.Equal([143], codes);
        Assert.Equal(130, signals.ExitCode);
    }
}
