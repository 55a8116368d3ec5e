using System.Diagnostics;
using System.Text.RegularExpressions;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>Follows the guides docs/adding-a-….md to the letter in one copy of the sources, builds it, and runs what they say to run.</summary>
public sealed partial class GuideTests
{
    private static readonly string[] Guides = ["adding-a-layer.md", "adding-a-loss.md", "adding-a-data-format.md", "adding-a-verb.md"];

    [Fact]
    public void What_the_guides_say_to_write_builds_and_what_they_say_to_run_runs()
    {
        string copy = Directory.CreateTempSubdirectory("gpugrad-guide-").FullName;
        try
        {
            CopySources(copy);
            string[] pages = [.. Guides.Select(g => File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", g)).ReplaceLineEndings("\n"))];
            foreach (string page in pages)
                Follow(page, copy);
            Run(copy, "dotnet", "build", "src/Cli", "-c", "Release", "-v", "quiet", "--nologo", "-p:Ahead=false");
            string program = Path.Combine(copy, "artifacts", "bin", "Cli", "release", "gpugrad.dll");
            string[] outputs = [.. pages.SelectMany(CommandsOf).Select(c => Run(copy, "dotnet", [program, .. c]))];
            Assert.Equal(4, outputs.Count(o => o.Contains("\n4 passed, 0 failed", StringComparison.Ordinal)));
            Assert.Contains(outputs, o => o.StartsWith("parameters ", StringComparison.Ordinal));
            Assert.Equal(7, File.ReadAllLines(Path.Combine(copy, "flowers.csv")).Length);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void A_guide_touches_at_most_three_places()
    {
        foreach (string guide in Guides)
        {
            string page = File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", guide)).ReplaceLineEndings("\n");
            Assert.InRange(Steps().Count(page), 2, 3);
        }
    }

    // A step is a file to write, a line to put above another, or a file to try it with.
    private static void Follow(string page, string copy)
    {
        foreach (Match step in Blocks().Matches(page))
        {
            string path = Path.Combine(copy, step.Groups["file"].Value), block = step.Groups["block"].Value;
            if (step.Groups["anchor"] is not { Success: true, Value: var anchor })
            {
                Assert.False(File.Exists(path), $"{path} is there already");
                File.WriteAllText(path, block);
                continue;
            }
            string[] lines = File.ReadAllLines(path);
            int at = Array.FindIndex(lines, l => l.TrimStart().StartsWith(anchor, StringComparison.Ordinal));
            Assert.True(at >= 0, $"{path} has no line that begins with {anchor}");
            File.WriteAllLines(path, [.. lines[..at], block.TrimEnd('\n'), .. lines[at..]]);
        }
    }

    // Those for a GPU's driver apart, which the machine may lack.
    private static IEnumerable<string[]> CommandsOf(string page) => Commands().Matches(page)
        .Select(m => m.Groups[1].Value)
        .Where(c => !c.Contains("opencl", StringComparison.Ordinal))
        .Select(c => c.Contains("doctor", StringComparison.Ordinal) ? c + " --cases 4" : c)
        .Select(c => c.Split(' '));

    [GeneratedRegex(@"^\*\*\d\.\*\* ", RegexOptions.Multiline)]
    private static partial Regex Steps();

    [GeneratedRegex(@"`(?<file>[\w./-]+\.\w+)`(?:, above `(?<anchor>[^`\n]+)`)?:?\n\n```\w+\n(?<block>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"^\./gpugrad (.+)$", RegexOptions.Multiline)]
    private static partial Regex Commands();

    private static void CopySources(string target)
    {
        foreach (string name in new[] { "Directory.Build.props", "Directory.Packages.props", ".editorconfig", "global.json" })
            File.Copy(Path.Combine(DocumentFile.Root(), name), Path.Combine(target, name));
        foreach (string folder in new[] { "src", "configs" })
        {
            string sources = Path.Combine(DocumentFile.Root(), folder);
            foreach (string file in Directory.EnumerateFiles(sources, "*", SearchOption.AllDirectories))
            {
                string to = Path.Combine(target, folder, Path.GetRelativePath(sources, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }
        }
    }

    private static string Run(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}");
        return output;
    }
}
