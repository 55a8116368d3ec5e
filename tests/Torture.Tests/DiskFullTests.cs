using System.Diagnostics;
using System.Globalization;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>A disk that is really full: a small file system in memory, which only root may mount.</summary>
public sealed class DiskFullTests : IDisposable
{
    private readonly Experiment experiment = Experiment.Rich(epochs: 2, every: 3);

    private string Disk => experiment.In("disk");

    private string Run => Path.Combine(Disk, "run");

    public void Dispose()
    {
        Shell("umount", "-l", Disk);
        experiment.Dispose();
    }

    [Fact]
    public void On_a_full_disk_the_run_continues_or_stops_as_configured_and_the_old_checkpoint_stays()
    {
        Directory.CreateDirectory(Disk);
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root" && Shell("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", Disk) == 0, "may not mount a small file system (needs root)");
        int failed = 0, cases = Effort.Count(4, 100);
        for (int i = 0; i < cases; i++)
        {
            Assert.Equal(0, Gpugrad.Inside("train", experiment.Config, "--out", Run).Code);
            long room = i * 4096L % (96 << 10);
            Fill(room);
            bool required = i % 2 == 1;
            Ended ended = Gpugrad.Inside("resume", Run, "--set", "train.epochs=4", "--set", required ? "checkpoint.required=true" : "checkpoint.required=false");
            string what = string.Create(CultureInfo.InvariantCulture, $"{room} bytes free, required {required}: {ended}");
            Gpugrad.AssertOrderly(ended, what);
            failed += AssertKept(ended, required, what) ? 1 : 0;
            File.Delete(Path.Combine(Disk, "ballast"));
            Ended again = Gpugrad.Inside("resume", Run, "--set", "train.epochs=4");
            Assert.True(again.Code == 0, $"{what}\nthen {again}");
            Assert.Equal(4, RunFolderOf().Epochs);
            Directory.Delete(Run, recursive: true);
        }
        Assert.True(failed > 0);
        Effort.Report("disk full", $"{cases} runs on a disk with 0 to 92 KiB left, {failed} could not save: reported with the room needed, the old checkpoint whole, resumed once there was room");
    }

    // What there was before is still there and whole; a failure has been said in words that tell the remedy.
    private bool AssertKept(Ended ended, bool required, string what)
    {
        using CheckpointFile newest = new CheckpointFolder(Path.Combine(Run, "checkpoints")).OpenNewest()!;
        Assert.True(newest.Content.State.Step >= 16, what);
        Assert.False(Directory.EnumerateFiles(Run, ".*", SearchOption.AllDirectories).Any(), what);
        bool full = ended.Errors.Contains("(ENOSPC)", StringComparison.Ordinal);
        Assert.True(full || ended.Code == 0, what);
        if (full && ended.Errors.Contains(".ckpt: ", StringComparison.Ordinal))
            Assert.True(required ? ended.Code == 3 : ended.Errors.Contains("The run continues; what was saved before is unchanged.", StringComparison.Ordinal), what);
        return full;
    }

    [Fact]
    public void A_read_only_folder_is_one_line()
    {
        Directory.CreateDirectory(Disk);
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root" && Shell("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", Disk) == 0, "may not mount a small file system (needs root)");
        Assert.Equal(0, Gpugrad.Inside("train", experiment.Config, "--out", Run).Code);
        Assert.Equal(0, Shell("mount", "-o", "remount,ro", Disk));
        foreach (string[] command in new string[][] { ["train", experiment.Config, "--out", Path.Combine(Disk, "other")], ["resume", Run] })
        {
            Ended ended = Gpugrad.Inside(command);
            Assert.True(ended.Code == 3, ended.ToString());
            Assert.Contains("the file system is read-only (EROFS)", Assert.Single(ended.Errors.Trim().Split('\n')), StringComparison.Ordinal);
        }
    }

    private RunSummary RunFolderOf()
    {
        using RunFolder folder = RunFolder.Open(Run);
        return folder.ReadSummary();
    }

    private void Fill(long room)
    {
        long free = new DriveInfo(Disk).AvailableFreeSpace;
        File.WriteAllBytes(Path.Combine(Disk, "ballast"), new byte[Math.Max(0, free - room)]);
    }

    private static int Shell(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
