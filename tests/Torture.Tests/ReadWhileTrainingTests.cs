using System.Diagnostics;
using GpuGrad.Tests.Support;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// A run that saves after each step and keeps one checkpoint, so that every file it is read from is gone a moment later. In the long form
/// it is read 1,000 times by each verb that reads runs.
/// </summary>
public sealed class ReadWhileTrainingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-reading-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_run_that_trains_can_be_read_at_any_instant()
    {
        File.WriteAllText(In("c.yaml"), """
            device: cpu
            threads: 1
            data: {dataset: {spirals: {train: 100, test: 20}}, batch: 10}
            model: [{dense: 6}, tanh, {dense: 3}]
            train: {epochs: 1000000, log-every: 1000}
            diagnostics: {every: 0, black-box: false}
            checkpoint: {every: 1, keep: 1}
            """);
        File.WriteAllText(In("rows.csv"), "a,b\n1,2\n");
        string run = In("run");
        string[][] verbs =
        [
            ["eval", run], ["predict", run, In("rows.csv")], ["export", run, "--out", In("w.npz")], ["report", run, "--out", In("r.html")],
        ];
        using Process training = Gpugrad.Start(null, [], "train", In("c.yaml"), "--out", run);
        try
        {
            Task<string> output = training.StandardOutput.ReadToEndAsync(), errors = training.StandardError.ReadToEndAsync();
            Gpugrad.Await(training, () => Directory.Exists(Path.Combine(run, "checkpoints")) && Directory.EnumerateFiles(Path.Combine(run, "checkpoints"), "*.ckpt").Any());
            string first = Newest(run);
            int reads = 0;
            for (int i = 0; i < Effort.Count(8, 1000); i++)
            {
                foreach (string[] verb in verbs)
                {
                    Ended ended = Gpugrad.Inside(verb);
                    Assert.True(ended.Code == 0, $"read {reads}: {string.Join(' ', verb)}: {ended}");
                    Assert.DoesNotContain("written without mistakes", ended.Errors);
                    reads++;
                }
            }
            Assert.False(training.HasExited, "the run has ended by itself");
            Assert.NotEqual(first, Newest(run));
            Effort.Report("reads of a run that trains", $"{reads} of {reads} worked, from {first} to {Newest(run)}");
        }
        finally
        {
            training.Kill();
            training.WaitForExit();
        }
    }

    private static string Newest(string run)
    {
        using Training.Runs.Storage.CheckpointFile newest = new Training.Runs.Storage.CheckpointFolder(Path.Combine(run, "checkpoints")).OpenNewest()!;
        return Path.GetFileName(newest.Path);
    }

    private string In(string name) => Path.Combine(folder, name);
}
