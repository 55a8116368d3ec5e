using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>What NVIDIA's assembler says of a kernel.</summary>
/// <param name="Registers">Of a thread.</param>
/// <param name="Stack">Bytes of local memory that a thread's arrays take.</param>
/// <param name="Spills">Bytes stored and loaded because registers ran out.</param>
/// <param name="Shared">Bytes of a group.</param>
public sealed record Assembled(int Registers, int Stack, int Spills, int Shared);

/// <summary>NVIDIA's ptxas and cuobjdump, which need no GPU; <c>tests/gpu/tools make</c> brings them.</summary>
public static partial class Assembler
{
    private static readonly Lazy<string?> Folder = new(Find);

    /// <summary>Skips the test where they are missing; fails it where <c>GPUGRAD_REQUIRE</c> says they must be there.</summary>
    public static void RequireTools()
    {
        bool required = Environment.GetEnvironmentVariable(Switches.Require)?.Split(',').Contains("ptxas") == true;
        Assert.True(Folder.Value is not null || !required, $"{Switches.Require} asks for ptxas: tests/gpu/tools make");
        Assert.SkipWhen(Folder.Value is null, "no ptxas: tests/gpu/tools make");
    }

    /// <summary>Assembles a text for a compute capability; 80 is sm_80.</summary>
    /// <param name="ptx">A module with one kernel.</param>
    /// <param name="capability">The device's.</param>
    /// <param name="withMix">Whether to look at the innermost loop too.</param>
    /// <exception cref="InvalidOperationException">ptxas refuses it; the message is ptxas's.</exception>
    public static (Assembled Code, LoopMix? Loop) Assemble(string ptx, int capability, bool withMix = false)
    {
        string path = Path.Combine(Path.GetTempPath(), $"gpugrad-ptxas-{Guid.NewGuid():n}"), code = path + ".cubin";
        try
        {
            File.WriteAllText(path, ptx);
            (int exit, string log) = Run("ptxas", "-v", string.Create(CultureInfo.InvariantCulture, $"-arch=sm_{capability}"), "-o", code, path);
            if (exit != 0)
                throw new InvalidOperationException(log.Replace(path, "", StringComparison.Ordinal).Trim());
            return (Read(log), withMix ? LoopMix.Of(Run("cuobjdump", "-sass", code).Output) : null);
        }
        finally
        {
            File.Delete(path);
            File.Delete(code);
        }
    }

    private static Assembled Read(string log) => new(
        Number(RegistersPattern().Match(log)),
        StackPattern().Matches(log).Sum(Number),
        SpillPattern().Matches(log).Sum(Number),
        Number(SharedPattern().Match(log)));

    private static int Number(Match match) => match.Success ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

    private static string? Find()
    {
        using Process process = Process.Start(new ProcessStartInfo(Path.Combine(Effort.Root, "tests", "gpu", "tools"), ["path"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string folder = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? Path.Combine(folder, "cuda") : null;
    }

    private static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Folder.Value!, program), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{Folder.Value}:{start.Environment["PATH"]}"; // cuobjdump calls nvdisasm
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex RegistersPattern();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex StackPattern();

    [GeneratedRegex(@"(\d+) bytes spill (?:stores|loads)")]
    private static partial Regex SpillPattern();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex SharedPattern();
}
