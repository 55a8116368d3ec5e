using System.Diagnostics;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Pictures;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>
/// Links, hard links, pipes and devices in the places that a run writes to: nothing behind them changes, and what cannot be written safely is
/// refused at once and in one line.
/// </summary>
public sealed class ForeignFilesTests : ForeignFiles
{
    /// <summary>What stands where a file is to be written.</summary>
    public enum Obstacle
    {
        Link,
        Dangling,
        HardLink,
        Pipe,
        Device,
        Folder,
    }

    [Theory]
    [InlineData(Obstacle.Link, "a link, through which nothing is written")]
    [InlineData(Obstacle.Dangling, "a link, through which nothing is written")]
    [InlineData(Obstacle.HardLink, "has another name")]
    [InlineData(Obstacle.Pipe, "a pipe, a socket or a device")]
    [InlineData(Obstacle.Device, "a link, through which")]
    [InlineData(Obstacle.Folder, "EISDIR")]
    public void A_lock_or_log_path_that_holds_something_else_is_refused(Obstacle obstacle, string why)
    {
        Remove(In(RunLock.FileName));
        Put(obstacle, In(RunLock.FileName));
        var refused = Assert.Throws<StorageException>(() => RunFolder.Open(Run));
        Assert.Contains(why, refused.Message);
        Assert.StartsWith(In(RunLock.FileName), refused.Message);
        AssertUnharmed();
        Remove(In(RunLock.FileName));
        Put(obstacle, In("metrics.jsonl"));
        using (RunFolder run = RunFolder.Open(Run))
        {
            refused = Assert.Throws<StorageException>(() => run.OpenMetrics(0));
            Assert.ThrowsAny<GpuGradException>(() => run.OpenMetrics(4, _ => { }));
        }
        Assert.Contains(why, refused.Message);
        Assert.StartsWith(In("metrics.jsonl"), refused.Message);
        AssertUnharmed();
    }

    [Theory]
    [InlineData(Obstacle.Link, Errno.Loop)]
    [InlineData(Obstacle.Dangling, Errno.Loop)]
    [InlineData(Obstacle.HardLink, Errno.OtherNames)]
    [InlineData(Obstacle.Pipe, Errno.NotRegular)]
    [InlineData(Obstacle.Device, Errno.Loop)]
    [InlineData(Obstacle.Folder, Errno.IsFolder)]
    public void Every_file_system_refuses_to_change_them_in_place_with_the_same_numbers_and_replaces_links(Obstacle obstacle, int errno)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere one name of two looks like the other");
        Put(obstacle, folder["m"]);
        foreach (IFileSystem files in new[] { FileSystem.Current, new PortableFiles() })
        {
            using WorkFolder open = WorkFolder.Open(folder.Path, files);
            Assert.Equal(errno, Assert.Throws<StorageException>(() => MetricsLog.Open(open, "m", 0)).Number);
            AssertUnharmed();
        }
        foreach (IFileSystem files in new[] { FileSystem.Current, new PortableFiles() })
        {
            if (obstacle is Obstacle.Pipe or Obstacle.Folder)
            {
                Assert.Throws<StorageException>(() => DurableFile.WriteText(folder["m"], "new", files));
                continue;
            }
            Remove(folder["m"]);
            Put(obstacle, folder["m"]);
            DurableFile.WriteText(folder["m"], "new", files);
            Assert.Equal((null, "new"), (new FileInfo(folder["m"]).LinkTarget, File.ReadAllText(folder["m"])));
            AssertUnharmed();
        }
    }

    [Theory]
    [InlineData(Obstacle.Link, null)]
    [InlineData(Obstacle.Dangling, null)]
    [InlineData(Obstacle.HardLink, null)]
    [InlineData(Obstacle.Device, null)]
    [InlineData(Obstacle.Pipe, "a pipe, a socket or a device")]
    [InlineData(Obstacle.Folder, "EISDIR")]
    public void A_file_that_is_replaced_as_a_whole_replaces_a_link_and_leaves_what_it_names(Obstacle obstacle, string? why)
    {
        using RunFolder run = RunFolder.Open(Run);
        foreach (string name in new[] { "summary.json", "report.html", "weights.safetensors" })
        {
            Put(obstacle, In(name));
            StorageException? refused = Record.Exception(() => DurableFile.WriteText(run.Folder, name, "new")) as StorageException;
            Assert.Equal(why is null, refused is null);
            if (why is null)
                Assert.Equal((null, "new"), (new FileInfo(In(name)).LinkTarget, File.ReadAllText(In(name))));
            else
                Assert.Contains(why, refused!.Message);
            AssertUnharmed();
        }
    }

    [Fact]
    public void Nothing_is_saved_or_removed_through_a_link_in_the_place_of_the_checkpoints_folder()
    {
        new CheckpointFolder(elsewhere["theirs"]).Save(Samples.At(1), keep: 1);
        Directory.CreateSymbolicLink(In("checkpoints"), elsewhere["theirs"]);
        using WorkFolder open = WorkFolder.Open(Run);
        var checkpoints = new CheckpointFolder(open, "checkpoints");
        File.WriteAllText(Path.Combine(elsewhere["theirs"], ".x.tmp-1"), Precious);
        Assert.Contains("a link to one", Assert.Throws<StorageException>(() => checkpoints.Save(Samples.At(2), keep: 1)).Message);
        Assert.Contains("a link to one", Assert.Throws<StorageException>(() => RunFolder.Open(Run)).Message);
        Assert.Equal([".x.tmp-1", "step-00000001.ckpt"], Directory.EnumerateFiles(elsewhere["theirs"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_link_in_the_place_of_a_temporary_file_is_not_followed()
    {
        foreach (string target in new[] { elsewhere["victim"], elsewhere["nowhere"] })
        {
            File.CreateSymbolicLink(In($".a.tmp-{Environment.ProcessId}"), target);
            DurableFile.WriteText(In("a"), "new");
            Assert.Equal((null, "new"), (new FileInfo(In("a")).LinkTarget, File.ReadAllText(In("a"))));
            AssertUnharmed();
            Assert.False(File.Exists(elsewhere["nowhere"]));
        }
    }

    [Fact]
    public void A_pipe_or_device_is_not_replaced_by_an_output_file()
    {
        Put(Obstacle.Pipe, folder["out.html"]);
        Assert.Contains("a pipe", Assert.Throws<GpuGradException>(() => new HtmlPage("x").Save(folder["out.html"])).Message);
        Assert.Contains("a device", Assert.Throws<StorageException>(() => DurableFile.WriteText("/dev/null", "x")).Message);
        Assert.Contains("a device", Assert.Throws<StorageException>(() => DurableFile.WriteText("/dev/full", "x")).Message);
    }

    [Fact]
    public void A_file_that_is_replaced_keeps_its_permissions()
    {
        File.WriteAllText(In("secret"), "old");
        Chmod(In("secret"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        DurableFile.WriteText(In("secret"), "new");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(In("secret")));
    }

    [Fact]
    public void Replacing_a_users_file_replaces_the_target_of_its_link()
    {
        File.WriteAllText(elsewhere["real.yaml"], "old");
        Chmod(elsewhere["real.yaml"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(folder["first.yaml"], folder["second.yaml"]);
        File.CreateSymbolicLink(folder["second.yaml"], elsewhere["real.yaml"]);
        DurableFile.Replace(folder["first.yaml"], "new");
        Assert.Equal((folder["second.yaml"], elsewhere["real.yaml"]), (new FileInfo(folder["first.yaml"]).LinkTarget, new FileInfo(folder["second.yaml"]).LinkTarget));
        Assert.Equal(("new", UnixFileMode.UserRead | UnixFileMode.UserWrite), (File.ReadAllText(elsewhere["real.yaml"]), Mode(elsewhere["real.yaml"])));
        File.CreateSymbolicLink(folder["circle"], folder["circle"]);
        Assert.ThrowsAny<GpuGradException>(() => DurableFile.Replace(folder["circle"], "x"));
    }

    [Fact]
    public void Pipes_sockets_and_devices_are_not_read()
    {
        Put(Obstacle.Pipe, folder["pipe"]);
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(folder["socket"]));
        File.CreateSymbolicLink(folder["link"], folder["pipe"]);
        foreach (string path in new[] { folder["pipe"], folder["socket"], folder["link"], "/dev/zero", "/dev/null", "/dev/tty" })
        {
            Assert.Contains("is a pipe, a socket or a device", Assert.Throws<GpuGradException>(() => RegularFile.Open(path)).Message);
            var config = Assert.Throws<GpuGradException>(() => YamlReader.ReadFile(path));
            Assert.Equal(Fault.Config, config.Fault);
            Assert.ThrowsAny<GpuGradException>(() => Npz.Read(path));
            Assert.ThrowsAny<GpuGradException>(() => SafetensorsFile.Open(path));
        }
    }

    private void Put(Obstacle obstacle, string at)
    {
        switch (obstacle)
        {
            case Obstacle.Link:
                File.CreateSymbolicLink(at, elsewhere["victim"]);
                break;
            case Obstacle.Dangling:
                File.CreateSymbolicLink(at, elsewhere["nowhere"]);
                break;
            case Obstacle.Device:
                File.CreateSymbolicLink(at, "/dev/null");
                break;
            case Obstacle.HardLink:
                Call("ln", elsewhere["victim"], at);
                break;
            case Obstacle.Pipe:
                Call("mkfifo", at);
                break;
            default:
                Directory.CreateDirectory(at);
                break;
        }
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path);
        else
            File.Delete(path);
    }

    private static void Call(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private void AssertUnharmed()
    {
        Assert.Equal(Precious, File.ReadAllText(elsewhere["victim"]));
        Assert.False(File.Exists(elsewhere["nowhere"]));
    }

    private static void Chmod(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    private static UnixFileMode Mode(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);
}
