using System.Diagnostics;
using System.Text.RegularExpressions;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>Follows docs/adding-a-layer.md to the letter in a copy of the sources, builds it, and runs what the page says to run.</summary>
public sealed partial class AddingALayerTests
{
    [Fact]
    public void The_page_makes_an_activation_that_runs_on_every_device()
    {
        string page = File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", "adding-a-layer.md"));
        string[] files = [.. FileNames().Matches(page).Select(m => m.Groups[1].Value)];
        string[] code = [.. CodeBlocks().Matches(page).Select(m => m.Groups[1].Value)];
        string copy = Directory.CreateTempSubdirectory("gpugrad-page-").FullName;
        try
        {
            CopySources(copy);
            File.WriteAllText(Path.Combine(copy, files[0]), code[0]);
            string catalog = Path.Combine(copy, files[1]);
            string before = File.ReadAllText(catalog);
            string after = before.Replace("        new Activation<Relu>(", code[1] + "        new Activation<Relu>(", StringComparison.Ordinal);
            Assert.NotEqual(before, after);
            File.WriteAllText(catalog, after);
            Run(copy, "dotnet", "build", "src/Cli", "-c", "Release", "-v", "quiet", "--nologo", "-p:Ahead=false");
            string program = Path.Combine(copy, "artifacts", "bin", "Cli", "release", "gpugrad.dll");
            foreach (string device in new[] { "cpu", "emulated" })
            {
                string output = Run(copy, "dotnet", program, "doctor", "--op", "squareplus", "--device", device, "--cases", "4");
                Assert.Contains("4 passed, 0 failed", output, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [GeneratedRegex(@"^\*\*\d\.\*\* .*?`(src/[^`]+)`", RegexOptions.Multiline)]
    private static partial Regex FileNames();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlocks();

    private static void CopySources(string target)
    {
        foreach (string name in new[] { "Directory.Build.props", "Directory.Packages.props", ".editorconfig", "global.json" })
            File.Copy(Path.Combine(DocumentFile.Root(), name), Path.Combine(target, name));
        string sources = Path.Combine(DocumentFile.Root(), "src");
        foreach (string file in Directory.EnumerateFiles(sources, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(target, "src", Path.GetRelativePath(sources, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
    }

    private static string Run(string folder, params string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)} ended with {process.ExitCode}:\n{output}");
        return output;
    }
}
