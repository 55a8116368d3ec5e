using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>A run folder that was moved, replaced or emptied while its run goes on.</summary>
public sealed class MovedFolderTests : ForeignFiles
{
    private static RunSummary Summary { get; } = new() { Status = "finished", Device = "cpu", Epochs = 1, Steps = 7, TrainLoss = 0.5 };

    [Fact]
    public void A_moved_folder_is_still_written_to_and_its_run_is_stopped_with_the_new_path()
    {
        using (RunFolder run = RunFolder.Open(Run))
        {
            run.RequireInPlace();
            Directory.Move(Run, elsewhere["moved"]);
            Directory.CreateDirectory(Run); // somebody else's by now
            run.Checkpoints.Save(Samples.At(5), keep: 1);
            run.WriteSummary(Summary);
            var stopped = Assert.Throws<MovedFolderException>(() => run.RequireInPlace(" after step 5"));
            Assert.Equal($"{Run}: the folder of this run was moved while it ran; what has that name now was left alone. The run has stopped after step 5; resume it with: gpugrad resume {elsewhere["moved"]}", stopped.Message);
            Assert.Contains("in use by process", Assert.Throws<GpuGradException>(() => RunFolder.Open(elsewhere["moved"])).Message);
            run.Withdraw();
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(Run));
        using RunFolder again = RunFolder.Open(elsewhere["moved"]);
        Assert.Equal(5, again.Checkpoints.List().Single().Step);
        Assert.Equal(7, again.ReadSummary().Steps);
    }

    [Fact]
    public void A_folder_replaced_by_a_link_to_it_is_the_same_and_one_replaced_by_another_is_not()
    {
        using RunFolder run = RunFolder.Open(Run);
        Directory.Move(Run, elsewhere["moved"]);
        Directory.CreateSymbolicLink(Run, elsewhere["moved"]);
        run.RequireInPlace();
        Directory.Delete(Run);
        Directory.CreateDirectory(elsewhere["other"]);
        Directory.CreateSymbolicLink(Run, elsewhere["other"]);
        run.Checkpoints.Save(Samples.At(5), keep: 1);
        Assert.Throws<MovedFolderException>(() => run.RequireInPlace());
        Assert.Empty(Directory.EnumerateFileSystemEntries(elsewhere["other"]));
    }

    [Fact]
    public void A_removed_folder_is_not_recreated_and_its_run_is_stopped()
    {
        using RunFolder run = RunFolder.Open(Run);
        Directory.Delete(Run, recursive: true);
        Assert.Throws<StorageException>(() => run.Checkpoints.Save(Samples.At(5), keep: 1));
        Assert.Contains("was removed while it ran", Assert.Throws<MovedFolderException>(() => run.RequireInPlace()).Message);
        Assert.False(Directory.Exists(Run));
    }

    [Fact]
    public void A_run_whose_files_were_removed_stops()
    {
        using RunFolder run = RunFolder.Open(Run);
        run.Checkpoints.Save(Samples.At(5), keep: 1);
        run.RequireInPlace();
        File.Delete(In("config.yaml")); // as far as rm -r got while the next checkpoint was written
        Assert.Contains("was removed while it ran", Assert.Throws<MovedFolderException>(() => run.RequireInPlace()).Message);
    }
}
