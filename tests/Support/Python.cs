using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace GpuGrad.Tests.Support;

/// <summary>The scripts in <c>tests/Support/oracle</c>, run by the Python that Debian's python3-torch belongs to.</summary>
public static class Python
{
    private const string Program = "/usr/bin/python3";

    private static readonly Lazy<bool> HasTorch = new(() => Has("torch")), HasSklearn = new(() => Has("sklearn")), HasOnnx = new(() => Has("onnx"));

    /// <summary>Skips the test where PyTorch is missing; fails it where <c>GPUGRAD_REQUIRE</c> says it must be there.</summary>
    public static void RequireTorch() => Assert.SkipUnless(IsRequired("torch") || HasTorch.Value, "no python3 with PyTorch (Debian: python3-torch)");

    /// <summary>The same for scikit-learn.</summary>
    public static void RequireSklearn() => Assert.SkipUnless(IsRequired("sklearn") || HasSklearn.Value, "no python3 with scikit-learn (Debian: python3-sklearn)");

    /// <summary>The same for ONNX's own library.</summary>
    public static void RequireOnnx() => Assert.SkipUnless(IsRequired("onnx") || HasOnnx.Value, "no python3 with ONNX (Debian: python3-onnx)");

    /// <summary>Runs a script to its end and gives what it printed.</summary>
    public static string Oracle(string script, params string[] arguments)
    {
        (int code, string output, string errors) = Run(["-B", Path.Combine(Folder(), script), .. arguments]);
        Assert.True(code == 0, $"{script} ended with {code}: {errors}");
        return output;
    }

    private static bool Has(string module) => File.Exists(Program) && Run(["-c", $"import {module}"]).Code == 0;

    public static bool IsRequired(string name) => Environment.GetEnvironmentVariable(Switches.Require)?.Split(',').Contains(name) == true;

    private static (int Code, string Output, string Errors) Run(string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 };
        // Some machines tell OpenBLAS to pretend to be an older processor; PyTorch would compute with that one's kernels.
        start.Environment.Remove("OPENBLAS_CORETYPE");
        start.Environment.Remove("OPENBLAS_L2_SIZE");
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "oracle");
}
