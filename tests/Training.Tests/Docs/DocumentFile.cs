using System.Runtime.CompilerServices;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>A page of docs/ that is made by a test.</summary>
internal static class DocumentFile
{
    /// <summary>Fails when the page is not what it should be; writes it instead when <c>GPUGRAD_WRITE_DOCS</c> is set.</summary>
    public static void Check(string name, string content)
    {
        string path = Path.Combine(Root(), "docs", name);
        if (Environment.GetEnvironmentVariable(Switches.WriteDocs) == "1")
            File.WriteAllText(path, content);
        string found = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(found == content, $"docs/{name} is old; write it anew with: GPUGRAD_WRITE_DOCS=1 ./test Training");
    }

    public static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
