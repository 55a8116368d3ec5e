using System.Diagnostics;
using System.Text.Json.Nodes;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Cli.Tests;

/// <summary>The program for Linux that needs no .NET (<c>./pack linux-x64</c>), where no .NET is to be found. The long form makes it; else it is run where it lies made.</summary>
public sealed class SingleFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-single-file").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_program_of_one_file_trains_predicts_and_exports_without_dotnet()
    {
        string program = Path.Combine(Effort.Root, "artifacts", "programs", "linux-x64", "gpugrad");
        if (Effort.IsLong)
        {
            Run(Path.Combine(Effort.Root, "pack"), Environment.GetEnvironmentVariable("PATH")!, "--no-build", "linux-x64", "--out", folder);
            program = Path.Combine(folder, "programs", "linux-x64", "gpugrad");
        }
        Assert.SkipUnless(File.Exists(program), "there is no artifacts/programs/linux-x64/gpugrad; ./pack linux-x64 makes it, and so does ./test --torture");
        Assert.Equal(["gpugrad"], Directory.GetFiles(Path.GetDirectoryName(program)!).Select(Path.GetFileName));

        Assert.StartsWith("gpugrad 0.", Alone("--version"), StringComparison.Ordinal);
        Alone("train", Path.Combine(Gpugrad.Configs, "digits.yaml"), "--out", "run", "--device", "cpu", "--set", "train.epochs=1", "--set", "target=null", "--set", "data.dataset={digits: {train: 300, test: 50}}");
        Assert.Equal("finished", (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "run", "summary.json")))!["status"]);
        // Skia's library is inside, too.
        File.WriteAllBytes(Path.Combine(folder, "digit.png"), PngWriter.Write(new Picture(28, 28, 1, [.. Enumerable.Range(0, 28 * 28).Select(i => (byte)(i * 37 % 256))])));
        Assert.InRange((int)JsonNode.Parse(Alone("predict", "run", "digit.png", "--json"))![0]!["label"]!, 0, 9);
        Alone("export", "run", "--out", "model.onnx");
        Assert.InRange(new FileInfo(Path.Combine(folder, "model.onnx")).Length, 10_000, 10_000_000);

        string Alone(params string[] arguments) => Run(program, "/nonexistent", arguments);
    }

    // Nothing of this process' .NET is handed on.
    private string Run(string program, string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string inherited in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || k.StartsWith("DOTNET_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(inherited);
        start.Environment["PATH"] = path;
        if (path == "/nonexistent")
            start.Environment["DOTNET_ROOT"] = "/nonexistent";
        start.Environment["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.Combine(folder, "extracted");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}\n{output.Result}\n{errors.Result}");
        return output.Result;
    }
}
