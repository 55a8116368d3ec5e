using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using GpuGrad.Tests.Support;

namespace GpuGrad.Torture.Tests;

/// <summary>How a process ended.</summary>
internal sealed record Ended(int Code, string Output, string Errors)
{
    /// <summary>Both, for the message of a failed test.</summary>
    public override string ToString() => $"exit {Code}\n{Output}\n{Errors}";
}

/// <summary>The program itself, in processes of its own.</summary>
internal static class Gpugrad
{
    public static string Dotnet { get; } =
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "gpugrad.dll");

    public static Ended Run(params string[] arguments) => Run(null, [], arguments);

    /// <param name="environment">More variables.</param>
    /// <param name="before">A program that starts this one, with its arguments.</param>
    /// <param name="arguments">A verb and what follows it.</param>
    public static Ended Run(IReadOnlyDictionary<string, string>? environment, string[] before, params string[] arguments)
    {
        using Process process = Start(environment, before, arguments);
        return WaitFor(process);
    }

    public static Process Start(IReadOnlyDictionary<string, string>? environment, string[] before, params string[] arguments)
    {
        string[] line = Patience.Listening([.. before, Dotnet, "exec", Program, .. arguments]);
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Reads what it says until it ends; a process that hangs is a failure.</summary>
    public static Ended WaitFor(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        Patience.UntilEndOf(process);
        return new Ended(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>The same program in this process: quick, for what needs no other.</summary>
    public static Ended Inside(params string[] arguments)
    {
        (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
        using StringWriter saidOutput = new(), saidErrors = new();
        try
        {
            Console.SetOut(saidOutput);
            Console.SetError(saidErrors);
            int code = (int)typeof(Cli.ExitCode).Assembly.EntryPoint!.Invoke(null, [arguments])!;
            return new Ended(code, saidOutput.ToString(), saidErrors.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }

    public static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits for something that a process will do soon.</summary>
    public static void Await(Process process, Func<bool> condition)
    {
        Patience.Until(() => condition() || process.HasExited, "what a process was to do");
        Assert.True(condition(), "the process has ended before");
    }

    /// <summary>What is true of any end: nothing unforeseen, no stack.</summary>
    public static void AssertOrderly(Ended ended, string what)
    {
        Assert.True(ended.Code is not 1 and < 128, $"{what}: {ended}");
        Assert.False(ended.Errors.Contains("   at ", StringComparison.Ordinal) || ended.Errors.Contains("unexpected", StringComparison.Ordinal), $"{what}: {ended}");
    }
}
