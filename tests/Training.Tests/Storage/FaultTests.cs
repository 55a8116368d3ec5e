using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>
/// A save in which the 1st, 2nd, … call fails, until one goes through without: afterwards the old checkpoint or the new one loads,
/// whole, and the failure was reported.
/// </summary>
public sealed class FaultTests : IDisposable
{
    // Larger than the stream's buffer, so that writes come while the body runs and after it.
    private const int Floats = 40_000;

    private readonly TestFolder folder = new();
    private readonly TestFolder begun = new();

    public void Dispose()
    {
        folder.Dispose();
        begun.Dispose();
    }

    public static TheoryData<Failing, int> Faults
    {
        get
        {
            var faults = new TheoryData<Failing, int> { { Failing.Short, 0 }, { Failing.Killed, 0 } };
            foreach (int errno in new[] { Errno.InputOutput, Errno.NoSpace, Errno.Quota, Errno.Interrupted, Errno.Access, Errno.ReadOnly, Errno.Invalid })
            {
                faults.Add(Failing.Once, errno);
                faults.Add(Failing.FromThenOn, errno);
            }
            return faults;
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Whatever_call_of_a_save_fails_a_whole_checkpoint_loads_and_the_failure_was_reported(Failing failing, int errno)
    {
        foreach (long step in new[] { 200, 300 })
            new CheckpointFolder(begun.Path).Save(Samples.At(step, Floats), keep: 2);
        int nth = 1;
        while (FailedSave(failing, errno, nth, out string what, out bool saved))
        {
            long? step = Samples.WholeStepIn(new CheckpointFolder(folder.Path), Floats);
            Assert.True(step == 400 || (step == 300 && !saved), $"{what}: found step {step}");
            new CheckpointFolder(folder.Path).RemoveLeftovers();
            Assert.All(folder.Names, n => Assert.EndsWith(".ckpt", n));
            nth++;
        }
        Assert.InRange(nth, 10, 100);
    }

    // Steps 200 and 300 are there; saves 400 with a fault. False when the fault did not come.
    private bool FailedSave(Failing failing, int errno, int nth, out string what, out bool saved)
    {
        folder.Clear();
        foreach (CheckpointEntry before in new CheckpointFolder(begun.Path).List())
            File.Copy(before.Path, folder[Path.GetFileName(before.Path)]);
        var files = new FaultyFiles(FileSystem.Current, nth, failing, errno);
        var warnings = new List<string>();
        StorageException? failure = null;
        bool killed = false;
        try
        {
            new CheckpointFolder(folder.Path, warnings.Add, files).Save(Samples.At(400, Floats), keep: 2);
        }
        catch (StorageException e)
        {
            failure = e;
        }
        catch (KilledException)
        {
            killed = true;
        }
        saved = failure is null && !killed;
        what = $"{failing} {errno} at call {nth} ({files.Calls.LastOrDefault()})";
        if (!files.Fired)
        {
            Assert.Equal((null, false, 0), (failure, killed, warnings.Count));
            Assert.Equal(["step-00000300.ckpt", "step-00000400.ckpt"], folder.Names);
            return false;
        }
        AssertReported(files.Calls[nth - 1], failing, errno, failure, warnings, what);
        if (failing != Failing.Killed)
            Assert.True(folder.Names.All(n => !n.StartsWith('.')) || failing == Failing.FromThenOn, $"{what}: leaves {string.Join(" ", folder.Names)}");
        return true;
    }

    private void AssertReported(string call, Failing failing, int errno, StorageException? failure, List<string> warnings, string what)
    {
        bool repaired = failing switch
        {
            Failing.Killed => true,
            Failing.Short => true,
            Failing.Once when errno == Errno.Interrupted => true,
            _ => call == "close",
        };
        // The folder's sync: some file systems have none.
        if (errno == Errno.Invalid && call == "sync" && failure is null)
            return;
        if (call == "delete" && !repaired)
        {
            Assert.Contains("could not be removed", Assert.Single(warnings), StringComparison.Ordinal);
            return;
        }
        Assert.True(repaired == failure is null, $"{what}: reported {failure?.Message ?? "nothing"}");
        if (failure is null)
            return;
        Assert.Equal(errno, failure.Number);
        Assert.StartsWith(call == "open folder" ? folder.Path : folder["step-00000400.ckpt"], failure.Message);
        Assert.Contains(Errno.Text(errno), failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
        if (Errno.IsSpace(errno) && !failure.Message.Contains("its folder", StringComparison.Ordinal) && call is "write" or "sync")
            Assert.Matches("[0-9]{6} bytes needed, 4096 free", failure.Message);
    }

    [Fact]
    public void A_save_writes_then_syncs_the_file_then_renames_then_syncs_the_folder_then_removes_the_old_ones()
    {
        new CheckpointFolder(folder.Path).Save(Samples.At(1), keep: 1);
        var files = new FaultyFiles(FileSystem.Current, 0, Failing.Once);
        new CheckpointFolder(folder.Path, null, files).Save(Samples.At(2), keep: 1);
        Assert.Equal(["open folder", "open Creating", "write", "sync", "close", "rename", "sync", "delete", "close"], files.Calls);
    }

    [Fact]
    public void A_body_that_fails_leaves_the_old_file_and_nothing_else()
    {
        DurableFile.WriteText(folder["a"], "old");
        Assert.Throws<InvalidOperationException>(() => DurableFile.Write(folder["a"], stream =>
        {
            stream.Write(new byte[100_000]);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(folder["a"]));
        Assert.Equal(["a"], folder.Names);
    }

    [Fact]
    public void A_body_that_swallows_the_failure_of_a_write_does_not_get_its_file_saved()
    {
        var files = new FaultyFiles(FileSystem.Current, 3, Failing.Once, Errno.NoSpace);
        Assert.ThrowsAny<Exception>(() => DurableFile.Write(folder["a"], stream =>
        {
            try
            {
                stream.Write(new byte[100_000]);
            }
            catch (StorageException)
            {
            }
            stream.Write(new byte[100_000]);
        }, 0, files));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void A_closed_writer_on_top_does_not_close_the_file()
    {
        DurableFile.Write(folder["a"], stream =>
        {
            using var writer = new StreamWriter(stream);
            writer.Write("ärger");
        });
        Assert.Equal("ärger", File.ReadAllText(folder["a"]));
    }

    [Fact]
    public void Interruptions_without_end_are_a_failure_and_not_a_hang()
    {
        var files = new FaultyFiles(FileSystem.Current, 3, Failing.FromThenOn, Errno.Interrupted);
        var e = Assert.Throws<StorageException>(() => DurableFile.Write(folder["a"], s => s.WriteByte(1), 0, files));
        Assert.Equal(Errno.Interrupted, e.Number);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_file_system_refuses_what_cannot_be_done_with_the_same_numbers(bool portable)
    {
        IFileSystem files = portable ? new PortableFiles() : FileSystem.Current;
        long open = files.OpenFolder(folder.Path);
        Assert.Equal(-Errno.NoEntry, files.OpenFolder(folder["no"]));
        Assert.Equal(-Errno.NoEntry, files.Open(open, "no/a", OpenFor.Creating));
        Assert.Equal(-Errno.NoEntry, files.Open(open, "no/a", OpenFor.Appending));
        Assert.Equal(-Errno.NoEntry, files.Rename(open, "none", "a"));
        Assert.Equal(-Errno.NoEntry, files.Delete(open, "none"));
        File.WriteAllText(folder["there"], "x");
        Assert.Equal(-Errno.Exists, files.Open(open, "there", OpenFor.Creating));
        Assert.Equal(-Errno.NotFolder, files.OpenFolder(folder["there"]));
        files.Close(open);
        Assert.True(files.Free(folder.Path) > 0);
        Assert.True(files.Free(folder["no/such"]) < 0 || portable || OperatingSystem.IsLinux());
    }

    [Fact]
    public void The_portable_file_system_saves_appends_and_cuts_as_the_native_one()
    {
        var files = new PortableFiles();
        new CheckpointFolder(folder.Path, null, files).Save(Samples.At(100, Floats), keep: 1);
        new CheckpointFolder(folder.Path, null, files).Save(Samples.At(200, Floats), keep: 1);
        Assert.Equal(["step-00000200.ckpt"], folder.Names);
        Assert.Equal(200, Samples.WholeStepIn(new CheckpointFolder(folder.Path), Floats));
        for (int i = 0; i < 2; i++)
        {
            using MetricsLog log = MetricsLog.Open(folder["m"], i * 8, null, files);
            log.Append(("a", i));
            log.Append(("b", i));
            log.Sync();
        }
        Assert.Equal("{\"a\":0}\n{\"a\":1}\n{\"b\":1}\n", File.ReadAllText(folder["m"]));
    }
}
