using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly List<string> warnings = [];

    private CheckpointFolder Checkpoints => new(folder.Path, warnings.Add);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_checkpoint_that_is_replaced_while_it_is_looked_for_is_no_damage_and_an_open_one_stays_as_it_was()
    {
        Checkpoints.Save(Samples.At(1), keep: 1);
        using var enough = new CancellationTokenSource();
        Task training = Task.Run(() =>
        {
            var run = new CheckpointFolder(folder.Path);
            for (int step = 2; !enough.IsCancellationRequested; step++)
                run.Save(Samples.At(step), keep: 1);
        });
        for (int i = 0; i < 300; i++)
        {
            using CheckpointFile open = Checkpoints.OpenNewest()!;
            Assert.True(open.Content.State.Step > 0);
            var bytes = new byte[open.Content.Buffers[0].Bytes];
            open.Content.Buffers[0].Read(0, bytes);
        }
        await enough.CancelAsync();
        await training;
        Assert.Empty(warnings);
    }

    [Fact]
    public void Where_no_checkpoint_is_whole_nothing_is_advised_that_destroys_them()
    {
        Checkpoints.Save(Samples.At(1), keep: 1);
        File.WriteAllText(Checkpoints.PathOf(1, best: false), "x");
        string message = Assert.Throws<GpuGradException>(() => Checkpoints.OpenNewest()).Message;
        Assert.Contains("nothing was changed", message);
        Assert.Contains("into another folder", message);
    }

    [Fact]
    public void The_last_ones_and_the_best_are_kept()
    {
        foreach (int step in new[] { 1, 2, 3, 4, 5, 6 })
            Checkpoints.Save(Samples.At(step), keep: 2, best: step is 2 or 3);
        Assert.Equal(["step-00000003-best.ckpt", "step-00000005.ckpt", "step-00000006.ckpt"], folder.Names);
        Assert.Equal(3, Checkpoints.Best?.Step);
        Checkpoints.Save(Samples.At(7), keep: 2, best: true);
        Checkpoints.Save(Samples.At(8), keep: 1);
        Assert.Equal(["step-00000007-best.ckpt", "step-00000008.ckpt"], folder.Names);
        Assert.Empty(warnings);
    }

    [Fact]
    public void A_damaged_newest_checkpoint_is_named_and_the_previous_one_is_used()
    {
        foreach (int step in new[] { 10, 20, 30 })
            Checkpoints.Save(Samples.At(step), keep: 3);
        File.WriteAllBytes(folder["step-00000030.ckpt"], File.ReadAllBytes(folder["step-00000030.ckpt"])[..500]);
        byte[] middle = File.ReadAllBytes(folder["step-00000020.ckpt"]);
        middle[100] ^= 4;
        File.WriteAllBytes(folder["step-00000020.ckpt"], middle);
        Assert.Equal(10, Samples.WholeStepIn(Checkpoints));
        Assert.Equal(2, warnings.Count);
        Assert.StartsWith(folder["step-00000030.ckpt"], warnings[0]);
        Assert.EndsWith("Going back to step-00000020.ckpt.", warnings[0]);
        Assert.Contains("section 'header'", warnings[1]);
        Assert.EndsWith("Going back to step-00000010.ckpt.", warnings[1]);
    }

    [Fact]
    public void Without_an_intact_checkpoint_resuming_fails_instead_of_starting_over()
    {
        Checkpoints.Save(Samples.At(10), keep: 3);
        File.WriteAllText(folder["step-00000010.ckpt"], "x");
        Assert.Contains("none of its 1 checkpoints is intact", Assert.Throws<GpuGradException>(() => Checkpoints.OpenNewest()).Message);
        Assert.Single(warnings);
    }

    [Fact]
    public void No_folder_and_an_empty_one_hold_no_checkpoint()
    {
        Assert.Null(Checkpoints.OpenNewest());
        Assert.Null(new CheckpointFolder(folder["none"]).OpenNewest());
        Assert.Null(Checkpoints.Best);
    }

    [Fact]
    public void Files_of_other_names_are_left_alone_and_leftovers_of_dead_writers_removed()
    {
        string[] others = ["step-1.ckpt", "step-0000000x.ckpt", "step-00000001.ckpt.bak", "xstep-00000001.ckpt", ".hidden", ".tmp-5", ".a.tmp-", ".a.tmp-x", "a.tmp-5", "notes.txt"];
        foreach (string name in others)
            File.WriteAllText(folder[name], "");
        File.WriteAllText(folder[".step-00000001.ckpt.tmp-4711"], "half");
        Assert.Empty(Checkpoints.List());
        Checkpoints.RemoveLeftovers();
        Assert.Equal(others.Order(StringComparer.Ordinal), folder.Names);
        Assert.Contains(".step-00000001.ckpt.tmp-4711", Assert.Single(warnings));
    }

    [Fact]
    public void Checkpoints_newer_than_the_saved_one_are_not_removed()
    {
        foreach (int step in new[] { 10, 20, 30 })
            Checkpoints.Save(Samples.At(step), keep: 3);
        Checkpoints.Save(Samples.At(15), keep: 1);
        Assert.Equal(["step-00000015.ckpt", "step-00000020.ckpt", "step-00000030.ckpt"], folder.Names);
    }

    [Fact]
    public void Steps_of_more_than_eight_digits_stay_in_order()
    {
        foreach (long step in new[] { 99_999_999, 100_000_000, 123_456_789_012, long.MaxValue / 20 })
            Checkpoints.Save(Samples.At(step) with { MetricsLength = 0, Buffers = [] }, keep: 4);
        Assert.Equal([long.MaxValue / 20, 123_456_789_012, 100_000_000, 99_999_999], Checkpoints.List().Select(e => e.Step));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_named_with_the_reason()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        var e = Assert.Throws<StorageException>(() => new CheckpointFolder("/proc/gpugrad").Save(Samples.At(1), keep: 1));
        Assert.StartsWith("/proc/gpugrad: could not be created", e.Message);
        File.WriteAllText(folder["file"], "");
        Assert.Throws<StorageException>(() => new CheckpointFolder(folder["file"]).Save(Samples.At(1), keep: 1));
    }
}
