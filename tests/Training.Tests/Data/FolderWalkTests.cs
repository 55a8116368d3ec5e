using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Folders of pictures, texts and series are walked alike.</summary>
public sealed class FolderWalkTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("images", "a.png", "")]
    [InlineData("text", "a.txt", "good")]
    [InlineData("series", "a.csv", "1,2\n")]
    public void A_link_to_an_enclosing_folder_is_refused(string kind, string file, string content)
    {
        foreach (string name in new[] { "data/one", "data/two" })
        {
            Directory.CreateDirectory(folder[name]);
            File.WriteAllText(Path.Combine(folder[name], file), content);
        }
        Directory.CreateSymbolicLink(folder["data/two/back"], folder["data"]);
        string settings = kind == "text" ? $"{{path: {folder["data"]}, length: 4}}" : $"{{path: {folder["data"]}}}";
        File.WriteAllText(folder["c.yaml"], $"data: {{dataset: {{{kind}: {settings}}}}}\nmodel: [{{dense: 2}}]\n");
        string said = Assert.ThrowsAny<GpuGradException>(() => TrainingData.Load(RunConfigFile.Load(folder["c.yaml"]).Config, new DataContext(".", 1))).Message;
        Assert.Contains("a link to a folder that it is in", said, StringComparison.Ordinal);
    }
}
