using System.Text.RegularExpressions;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Health;

public sealed partial class ReportTests
{
    private const string Yaml = """
        name: <b>&small
        data: {dataset: {digits: {train: 320, test: 64}}, batch: 32}
        model: [flatten, {dense: 12}, relu, {dense: 10}]
        train: {epochs: 2, optimizer: {sgd: {lr: 0.05}}, log-every: 1}
        """;

    [Fact]
    public void A_report_holds_everything_in_one_small_file_and_asks_no_network()
    {
        using var run = new TestRun(Yaml);
        run.Run();
        run.Session.Dispose();
        ReportedRun reported = Of(run);
        Judgement judgement = Judge(run);
        string page = RunReport.Page([reported], judgement, run.Data.Test).ToString();
        Assert.InRange(page.Length, 10_000, 2_000_000);
        Assert.DoesNotContain(Links().Matches(page), m => !m.Value.Contains("data:", StringComparison.Ordinal) && !m.Value.Contains("www.w3.org", StringComparison.Ordinal));
        Assert.DoesNotContain("<script", page);
        foreach (string heading in new[] { "Alarms", "Learning", "Layer by layer", "Gradient flow", "Units that are 0 for a whole batch", "Confusion matrix", "Config and machine" })
            Assert.Contains(heading, page);
        Assert.Contains("&lt;b&gt;&amp;small", page);
    }

    [Fact]
    public void The_confusion_matrix_counts_every_sample_and_the_worst_mistake_comes_first()
    {
        using var run = new TestRun(Yaml);
        run.Run();
        run.Session.Dispose();
        Judgement judgement = Judge(run);
        Assert.Equal(64, judgement.Confusion.Cast<int>().Sum());
        int right = Enumerable.Range(0, 10).Sum(c => judgement.Confusion[c, c]);
        Assert.Equal(64 - right, judgement.Mistakes.Count);
        Assert.Equal(run.Folder.ReadSummary().TestAccuracy!.Value, right / 64.0, 1e-9);
        Assert.Equal(judgement.Mistakes.OrderByDescending(m => m.Badness).Select(m => m.Index), judgement.Mistakes.Select(m => m.Index));
        Assert.All(judgement.Mistakes, m => Assert.Equal(run.Data.Test!.Labels![m.Index], m.Label));
    }

    [Fact]
    public void A_report_shows_whether_probabilities_can_be_believed_and_how_far_numbers_are_off()
    {
        using var classes = new TestRun(Yaml);
        string page = WithFigures(classes);
        Assert.Contains("Reliability", page);
        Assert.Contains("macro f1", page);
        Assert.DoesNotContain("Predicted and true", page);
        using var numbers = new TestRun("data: {dataset: {linear: {train: 64, test: 40}}, batch: 32}\nmodel: [{dense: 1}]\nloss: mse\ntrain: {epochs: 1}\n");
        page = WithFigures(numbers);
        Assert.Contains("Predicted and true: target", page);
        Assert.Equal(40, Regex.Count(page, "<circle[^>]*><title>samples"));
        Assert.DoesNotContain("Reliability", page);
    }

    private static string WithFigures(TestRun run)
    {
        run.Run();
        run.Session.Dispose();
        using Device device = DeviceCatalog.Open("cpu");
        using TrainedModel trained = TrainedModel.Open(run.Folder.Path);
        return RunReport.Page([Of(run)], null, run.Data.Test, TestEvaluation.Of(trained, run.Data.Test!, "test", device)).ToString();
    }

    [Fact]
    public void Runs_are_compared_and_a_log_that_is_being_written_can_be_read()
    {
        using var first = new TestRun(Yaml);
        using var second = new TestRun(Yaml.Replace("lr: 0.05", "lr: 0.01", StringComparison.Ordinal));
        first.Run();
        second.Run();
        first.Session.Dispose();
        second.Session.Dispose();
        File.AppendAllText(second.Folder.Metrics, "{\"step\":21,\"los");
        RunLog log = RunLog.Read(second.Folder.Metrics);
        Assert.Equal(20, log.Steps.Count);
        Assert.Equal(2, log.Epochs.Count);
        Assert.Equal(2, log.Health.Count);
        Assert.Equal(["1.weight", "1.bias", "3.weight", "3.bias"], log.NamesOf("gradient_norm"));
        string page = RunReport.Page([Of(first) with { Name = "first" }, Of(second) with { Name = "second" }], null, null).ToString();
        Assert.Contains("first: training, mean of the epoch", page);
        Assert.Contains("second: training, mean of the epoch", page);
        File.WriteAllText(second.Folder.Metrics, "nonsense\n{\"step\":1,\"loss\":2}\n");
        Assert.Contains("metrics.jsonl:1", Assert.Throws<GpuGradException>(() => RunLog.Read(second.Folder.Metrics)).Message);
    }

    private static ReportedRun Of(TestRun run)
    {
        RunFiles files = RunFiles.Of(run.Folder.Path);
        return new ReportedRun(run.Loaded.Config.Name, RunLog.Read(files.Metrics), files.Manifest, files.Summary, files.Config);
    }

    private static Judgement Judge(TestRun run)
    {
        using Device device = DeviceCatalog.Open("cpu", 1);
        return Judgement.Of(TrainedModel.Open(run.Folder.Path), run.Data.Test!, run.Data.ClassNames, device);
    }

    [GeneratedRegex("(src|href)=\"[^\"]{0,20}|https?://[^\" <]{0,20}|@import|url\\(")]
    private static partial Regex Links();
}
