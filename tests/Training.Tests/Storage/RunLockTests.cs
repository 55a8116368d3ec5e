using System.Diagnostics;
using System.Globalization;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

public sealed class RunLockTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_second_process_is_refused_in_one_line_that_names_the_first()
    {
        using RunLock held = RunLock.Take(folder.Path);
        Assert.Null(held.Previous);
        (int code, string output) = Child.Run($"hold|{folder.Path}");
        Assert.Equal(9, code);
        string line = Assert.Single(output.Trim().Split('\n'));
        Assert.StartsWith($"refused: {folder.Path}: in use by process {Environment.ProcessId} on {Environment.MachineName} since ", line);
        Assert.EndsWith("wait until it ends, or stop it.", line);
    }

    [Fact]
    public void The_lock_of_a_killed_process_is_taken_over_and_it_is_named()
    {
        using Process child = Child.Start($"hold|{folder.Path}");
        Assert.Equal("held, before by nobody", child.StandardOutput.ReadLine());
        var refused = Assert.Throws<GpuGradException>(() => RunLock.Take(folder.Path));
        Assert.Contains($"in use by process {child.Id} ", refused.Message);
        child.Kill();
        child.WaitForExit();
        using RunLock held = RunLock.Take(folder.Path);
        Assert.Equal(child.Id, held.Previous);
    }

    [Fact]
    public void A_released_lock_leaves_no_name_behind()
    {
        Assert.Equal((0, "held, before by nobody"), (Child.Run($"hold|{folder.Path}") is var (code, output) ? code : -1, output.Trim()));
        using RunLock held = RunLock.Take(folder.Path);
        Assert.Null(held.Previous);
    }

    [Fact]
    public void The_lock_is_one_for_this_process_too_and_free_after_disposal()
    {
        for (int i = 0; i < 50; i++)
        {
            using RunLock held = RunLock.Take(folder.Path);
            using WorkFolder open = WorkFolder.Open(folder.Path);
            Assert.Null(RunLock.TryTake(open, out string holder));
            Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on"), holder);
        }
    }

    [Fact]
    public void Of_many_threads_one_gets_it()
    {
        int holders = 0;
        int most = 0;
        Parallel.For(0, 200, _ =>
        {
            using WorkFolder open = WorkFolder.Open(folder.Path);
            using RunLock? held = RunLock.TryTake(open, out string _);
            if (held is null)
                return;
            most = Math.Max(most, Interlocked.Increment(ref holders));
            Thread.Yield();
            Interlocked.Decrement(ref holders);
        });
        Assert.Equal(1, most);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("99999999999999999999 on x")]
    [InlineData("-5 on x")]
    public void The_lock_works_whatever_its_file_contains(string text)
    {
        File.WriteAllText(folder[RunLock.FileName], text);
        using RunLock held = RunLock.Take(folder.Path);
        Assert.Null(held.Previous);
    }

    [Fact]
    public void A_missing_folder_cannot_be_locked()
    {
        Assert.Equal(Errno.NoEntry, Assert.Throws<StorageException>(() => RunLock.Take(folder["none"])).Number);
        Directory.CreateDirectory(folder[RunLock.FileName]);
        Assert.Throws<StorageException>(() => RunLock.Take(folder.Path));
    }
}
