using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>The program as its users run it: another process, in a folder of its own that is gone after the test.</summary>
public sealed class Gpugrad : IDisposable
{
    private const int MostMilliseconds = 120_000;

    /// <summary>The experiments of the repository.</summary>
    public static string Configs { get; } = Path.GetFullPath(Path.Combine(Here(), "..", "..", "configs"));

    public string Folder { get; } = Directory.CreateTempSubdirectory("gpugrad-cli").FullName;

    /// <summary>Where it keeps compiled kernels; null for where every other run of the tests does.</summary>
    public string? Cache { get; init; }

    /// <summary>The absolute path of a file in the folder.</summary>
    public string this[string name] => Path.Combine(Folder, name);

    public string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], content);
        return name;
    }

    public Answer Run(params string[] arguments) => RunWithInput("", arguments);

    public Answer RunWithInput(string input, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(MostMilliseconds))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"gpugrad {string.Join(' ', arguments)} did not end in {MostMilliseconds / 1000} s");
        }
        return new Answer($"gpugrad {string.Join(' ', arguments)}", process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Starts it and does not wait.</summary>
    public Process Start(params string[] arguments)
    {
        string dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        string[] command = [Path.GetFullPath(dotnet), typeof(ExitCode).Assembly.Location, .. arguments];
        // Tests that run in the background of a shell inherit that Ctrl-C is ignored.
        if (OperatingSystem.IsLinux())
            command = ["/usr/bin/env", "--default-signal=INT", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        if (Cache is not null)
            start.Environment["GPUGRAD_CACHE"] = this[Cache];
        return Process.Start(start)!;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

/// <summary>What a process said and ended with.</summary>
public sealed record Answer(string Command, int Code, string Output, string Errors)
{
    /// <summary>It ended well.</summary>
    public Answer Done()
    {
        Assert.True(Code == ExitCode.Done, this.ToString());
        return this;
    }

    /// <summary>It ended well and printed one JSON value, nothing else.</summary>
    public JsonNode Json()
    {
        Done();
        return JsonNode.Parse(Output)!;
    }

    /// <summary>It was refused, in one line, with this exit code; gives the line without its "gpugrad: ".</summary>
    public string Refused(int code)
    {
        const string Begin = "gpugrad: ";
        Assert.True(Code == code, $"expected exit code {code}: {this}");
        string line = Assert.Single(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith(Begin, line, StringComparison.Ordinal);
        return line[Begin.Length..].TrimEnd();
    }

    public override string ToString() => $"{Command} ended with {Code}\n{Output}\n{Errors}";
}
