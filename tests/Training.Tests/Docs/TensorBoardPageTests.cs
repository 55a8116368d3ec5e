using System.Text.RegularExpressions;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Tests.Logs;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>docs/tensorboard.md: its config trains, and every tag that its table names is written.</summary>
public sealed partial class TensorBoardPageTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_tag_of_the_page_is_written_by_its_config()
    {
        string page = File.ReadAllText(Path.Combine(Effort.Root, "docs", "tensorboard.md")).ReplaceLineEndings("\n");
        LogRun.Train(folder["run"], page.Split("```yaml\n")[1].Split("```")[0].Replace("train: 2000, test: 500", "train: 800, test: 50", StringComparison.Ordinal));
        HashSet<string> written = [.. EventReader.Values(folder["run"]).Select(v => v.Value.Tag)];
        string[] named = [.. page.Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal)).SelectMany(l => Tags().Matches(l.Split('|')[1]).Select(m => m.Groups[1].Value))];
        Assert.True(named.Length > 20, "the table is gone");
        Assert.Empty(string.Join(" ", named.Where(n => !n.EndsWith('…') && !written.Contains(n))));
        Assert.Equal(["epochs.csv", "steps.csv"], Directory.EnumerateFiles(folder["run"], "*.csv").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.StartsWith("step,epoch,loss,lr,gradient_norm\n", File.ReadAllText(folder["run/steps.csv"]), StringComparison.Ordinal);
        Assert.StartsWith("step,epoch,lr,train_loss,", File.ReadAllText(folder["run/epochs.csv"]), StringComparison.Ordinal);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Tags();
}
