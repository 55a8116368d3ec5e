using GpuGrad.Kernels.Files;

namespace GpuGrad.Kernels.Tests;

/// <summary>The folder of the caches is believed only where nobody else can have put anything into it.</summary>
public sealed class PrivateFolderTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("gpugrad-private-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    private string In(string name) => Path.Combine(root, name);

    [Fact]
    public void A_missing_folder_is_made_closed_to_others_and_may_be_used()
    {
        Assert.Null(PrivateFolder.Refusal(In("a/b")));
        Assert.True(Directory.Exists(In("a/b")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(In("a/b")));
    }

    [Theory]
    [InlineData(0b111_111_111)]
    [InlineData(0b111_111_101)]
    [InlineData(0b111_000_010)]
    [InlineData(0b1_111_111_111)] // sticky: others may still add files
    public void A_folder_that_others_may_write_is_refused_in_one_line_that_says_how_to_close_it(int mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "modes are Unix's");
        Directory.CreateDirectory(In("cache"));
        Chmod("cache", mode);
        string refusal = PrivateFolder.Refusal(In("cache"))!;
        Assert.Contains("others may write it", refusal);
        Assert.Contains($"chmod go-w {In("cache")}", refusal);
        Assert.DoesNotContain('\n', refusal);
    }

    [Fact]
    public void A_folder_within_one_whose_entries_others_may_rename_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "modes are Unix's");
        Directory.CreateDirectory(In("open/cache"));
        Chmod("open", 0b111_111_111);
        Assert.StartsWith(In("open") + ":", PrivateFolder.Refusal(In("open/cache")));
        Chmod("open", 0b1_111_111_111);
        Assert.Null(PrivateFolder.Refusal(In("open/cache")));
    }

    [Fact]
    public void A_link_to_a_folder_of_ones_own_may_be_used_and_one_to_an_open_folder_may_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "modes are Unix's");
        Directory.CreateDirectory(In("own"));
        Directory.CreateDirectory(In("open"));
        Chmod("own", 0b111_000_000);
        Chmod("open", 0b111_111_111);
        Directory.CreateSymbolicLink(In("to-own"), In("own"));
        Directory.CreateSymbolicLink(In("to-open"), In("open"));
        Directory.CreateSymbolicLink(In("circle"), In("circle"));
        Assert.Null(PrivateFolder.Refusal(In("to-own")));
        Assert.NotNull(PrivateFolder.Refusal(In("to-open")));
        Assert.NotNull(PrivateFolder.Refusal(In("circle")));
        Assert.NotNull(PrivateFolder.Refusal("/proc/gpugrad"));
    }

    [Fact]
    public void A_folder_of_another_user_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && FileFacts.Me == 0, "only the administrator can give a folder away");
        Directory.CreateDirectory(In("theirs"));
        Chmod("theirs", 0b111_000_000);
        using (var chown = System.Diagnostics.Process.Start("chown", ["65534", In("theirs")]))
            chown.WaitForExit();
        Assert.Contains("belongs to user 65534", PrivateFolder.Refusal(In("theirs")));
    }

    [Fact]
    public void A_file_that_others_may_write_a_link_and_a_folder_are_not_trusted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "modes are Unix's");
        File.WriteAllText(In("entry"), "x");
        Chmod("entry", 0b110_100_100);
        Assert.True(PrivateFolder.Trusts(In("entry")));
        File.CreateSymbolicLink(In("link"), In("entry"));
        Assert.False(PrivateFolder.Trusts(In("link")));
        Assert.False(PrivateFolder.Trusts(root));
        Assert.False(PrivateFolder.Trusts(In("none")));
        Chmod("entry", 0b110_110_100);
        Assert.False(PrivateFolder.Trusts(In("entry")));
    }

    private void Chmod(string name, int mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(In(name), (UnixFileMode)mode);
    }
}
