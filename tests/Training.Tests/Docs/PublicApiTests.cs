using GpuGrad.Training.Config;
using PublicApiGenerator;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>
/// What a program can call of the packages GpuGrad and GpuGrad.Kernels, as committed lists: a change of them is seen in review. With
/// <c>GPUGRAD_WRITE_DOCS=1</c> the test writes them.
/// </summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("PublicApi.GpuGrad.txt", typeof(RunConfig))]
    [InlineData("PublicApi.Kernels.txt", typeof(GpuGradException))]
    public void The_public_members_are_those_of_the_committed_list(string name, Type within)
    {
        string found = within.Assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n").TrimEnd() + "\n";
        string path = Path.Combine(DocumentFile.Root(), "tests", "Training.Tests", "Docs", name);
        if (Environment.GetEnvironmentVariable(Switches.WriteDocs) == "1")
            File.WriteAllText(path, found);
        string[] listed = File.Exists(path) ? File.ReadAllLines(path) : [], now = found.TrimEnd().Split('\n');
        string[] changes = [.. now.Except(listed).Select(l => $"new: {l.Trim()}"), .. listed.Except(now).Select(l => $"gone: {l.Trim()}")];
        Assert.True(
            listed.SequenceEqual(now),
            $"the public members are not those of {name}:\n{string.Join('\n', changes.Take(20))}\nwrite the list anew with: GPUGRAD_WRITE_DOCS=1 ./test Training");
    }
}
