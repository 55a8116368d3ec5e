using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>
/// Other processes of this program, for what only another process can show: locks, signals, kernels that fail. The test assembly is
/// started again with a command in its environment, which runs instead of the test runner.
/// </summary>
internal static class Child
{
    private const string Variable = "GPUGRAD_TEST_CHILD";

    public static Process Start(string command, params string[] before)
    {
        string assembly = typeof(Child).Assembly.Location;
        string dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        string[] line = Patience.Listening([.. before, Path.GetFullPath(dotnet), "exec", assembly]);
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = command;
        return Process.Start(start)!;
    }

    /// <summary>Runs a command to its end.</summary>
    public static (int Code, string Output) Run(string command, params string[] before)
    {
        using Process process = Start(command, before);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Close();
        Patience.UntilEndOf(process);
        return (process.ExitCode, output.Result + errors.Result);
    }

    public static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

#pragma warning disable CA2255 // A module initializer is the only place that runs before the generated main program.
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void RunCommand()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not string command)
            return;
        string[] words = command.Split('|');
        try
        {
            Environment.Exit(Do(words[0], words[1..]));
        }
        catch (GpuGradException e)
        {
            Console.WriteLine("refused: " + e.Message);
            Environment.Exit(9);
        }
    }

    private static int Do(string verb, string[] arguments)
    {
        switch (verb)
        {
            case "hold":
                using (RunLock held = RunLock.Take(arguments[0]))
                {
                    Console.WriteLine($"held, before by {held.Previous?.ToString(CultureInfo.InvariantCulture) ?? "nobody"}");
                    AwaitParent();
                }
                return 0;
            case "save":
                long step = long.Parse(arguments[1], CultureInfo.InvariantCulture);
                new CheckpointFolder(arguments[0]).Save(Samples.At(step), keep: 2);
                Console.WriteLine("saved");
                return 0;
            case "load":
                using (var signals = new StopSignals(_ => Console.WriteLine("too late")) { ToldWhileLoading = name => Console.WriteLine("stopped by " + name) })
                {
                    signals.Loading = Task.Run(AwaitParent);
                    Console.WriteLine("ready");
                    signals.Loading.Wait();
                    return 96;
                }
            case "wait":
                using (var signals = new StopSignals(name => Console.WriteLine("asked by " + name)))
                {
                    Console.WriteLine("ready");
                    if (WaitHandle.WaitAny([signals.Stop.WaitHandle, ParentIsGone()]) != 0)
                        return 99;
                    // Work that does not end by itself shows that the second signal does not wait for it.
                    if (arguments[0] == "on")
                        AwaitParent();
                    return signals.ExitCode ?? 98;
                }
            default:
                return 97;
        }
    }

    // Until the test closes this process's input, or is no more.
    private static void AwaitParent() => Console.In.ReadToEnd();

    private static ManualResetEvent ParentIsGone()
    {
        var gone = new ManualResetEvent(false);
        var reader = new Thread(() =>
        {
            AwaitParent();
            gone.Set();
        });
        reader.IsBackground = true;
        reader.Start();
        return gone;
    }
}
