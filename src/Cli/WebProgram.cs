using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GpuGrad.Cli;

/// <summary>Starts <c>gpugrad-web</c>, which is installed beside <c>gpugrad</c>, with the same command line.</summary>
internal static partial class WebProgram
{
    private const string Framework = "Microsoft.AspNetCore.App";

    /// <summary>On Linux and macOS replaces this process (same process id, same signals); elsewhere waits for the other program to end.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the program or ASP.NET Core's runtime is missing.</exception>
    public static int HandOver(IReadOnlyList<string> words)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "gpugrad-web.dll"), dotnet = Dotnet();
        if (!File.Exists(program))
            throw new GpuGradException(Fault.Config, $"gpugrad-web.dll is not beside gpugrad in {AppContext.BaseDirectory}; 'dotnet build src/Web' makes it");
        RequireFramework(Path.Combine(Path.GetDirectoryName(dotnet)!, "shared", Framework));
        Console.Out.Flush();
        if (!OperatingSystem.IsWindows())
        {
            _ = Execute(dotnet, [dotnet, program, .. words, null]);
            throw new GpuGradException(Fault.Internal, $"{dotnet} could not be started (error {Marshal.GetLastPInvokeError()})");
        }
        using Process process = Process.Start(new ProcessStartInfo(dotnet, [program, .. words]))!;
        // Ctrl-C reaches both; the other program decides when it ends.
        Console.CancelKeyPress += (_, pressed) => pressed.Cancel = true;
        process.WaitForExit();
        return process.ExitCode;
    }

    private static void RequireFramework(string folder)
    {
        int version = Environment.Version.Major;
        if (!Directory.Exists(folder) || !Directory.EnumerateDirectories(folder, FormattableString.Invariant($"{version}.*")).Any())
            throw new GpuGradException(Fault.Config, FormattableString.Invariant($"this verb needs the ASP.NET Core {version} runtime, which is not in {Path.GetDirectoryName(folder)}; https://dotnet.microsoft.com/download has it (aspnetcore-runtime-{version}.0 in packages of Linux)"));
    }

    // The dotnet host that runs this program, or the one that belongs to its runtime.
    private static string Dotnet()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        return Path.GetFileName(Environment.ProcessPath) == name
            ? Environment.ProcessPath!
            : Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
    }

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Execute(string path, string?[] arguments);
}
