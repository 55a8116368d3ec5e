using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GpuGrad.Tests.Support;

namespace GpuGrad.Cli.Tests;

/// <summary>The program as its users run it: another process, in a folder of its own that is gone after the test.</summary>
public sealed class Gpugrad : IDisposable
{
    /// <summary>The experiments of the repository.</summary>
    public static string Configs { get; } = Path.GetFullPath(Path.Combine(Here(), "..", "..", "configs"));

    public string Folder { get; } = Directory.CreateTempSubdirectory("gpugrad-cli").FullName;

    /// <summary>Where it keeps compiled kernels; null for where every other run of the tests does.</summary>
    public string? Cache { get; init; }

    /// <summary>The absolute path of a file in the folder.</summary>
    public string this[string name] => Path.Combine(Folder, name);

    /// <summary>Environment variables of what is started from now on.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Whether the program finds two CUDA devices, which interpret their kernels.</summary>
    public bool FindsGpus { get; init; }

    /// <summary>After how many launches these devices are lost.</summary>
    public int? LosesGpusAfter { get; set; }

    public string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], content);
        return name;
    }

    public Answer Run(params string[] arguments) => RunWithInput("", arguments);

    /// <summary>Runs it as several processes of a launcher.</summary>
    public Answer RunUnder(string[] launcher, params string[] arguments)
    {
        using Process process = StartUnder(launcher, arguments);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        Patience.UntilEndOf(process);
        return new Answer($"{string.Join(' ', launcher)} gpugrad {string.Join(' ', arguments)}", process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Starts it as several processes of a launcher and does not wait.</summary>
    public Process StartUnder(string[] launcher, params string[] arguments) => Start(arguments, null, launcher);

    public Answer RunWithInput(string input, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading.
        }
        Patience.UntilEndOf(process);
        return new Answer($"gpugrad {string.Join(' ', arguments)}", process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Runs it with streams that a shell redirects, such as <c>&gt;/dev/full</c>.</summary>
    public Answer RunRedirected(string redirection, params string[] arguments)
    {
        using Process process = Start(arguments, redirection);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        Patience.UntilEndOf(process);
        return new Answer($"gpugrad {string.Join(' ', arguments)} {redirection}", process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Starts it and does not wait.</summary>
    public Process Start(params string[] arguments) => Start(arguments, null);

    private Process Start(string[] arguments, string? redirection, string[]? launcher = null)
    {
        string dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        string[] command = Patience.Listening([Path.GetFullPath(dotnet), typeof(ExitCode).Assembly.Location, .. arguments]);
        if (launcher is not null)
            command = [.. launcher, .. command];
        if (redirection is not null)
            command = ["/bin/sh", "-c", $"exec \"$@\" {redirection}", "sh", .. command];
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
        foreach ((string name, string value) in Variables)
            start.Environment[name] = value;
        if (FindsGpus)
            start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(Patience).Assembly.Location;
        if (LosesGpusAfter is { } launches)
            start.Environment["GPUGRAD_TEST_LOST_AFTER"] = launches.ToString(CultureInfo.InvariantCulture);
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
        // A reader that a busy machine keeps waiting says how far it is.
        string line = Assert.Single(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => !Regex.IsMatch(l, "^[a-z ]+ +[0-9]+ %$"));
        Assert.StartsWith(Begin, line, StringComparison.Ordinal);
        return line[Begin.Length..].TrimEnd();
    }

    public override string ToString() => $"{Command} ended with {Code}\n{Output}\n{Errors}";
}
