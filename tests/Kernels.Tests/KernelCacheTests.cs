using GpuGrad.Kernels.Devices.Ilgpu.Loading;

namespace GpuGrad.Kernels.Tests;

/// <summary>The kernel cache on disk: hits and misses, damaged files, permissions.</summary>
public sealed class KernelCacheTests : IDisposable
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"gpugrad-{Guid.NewGuid():N}");

    [Fact]
    public void A_text_comes_back_for_its_own_origin_and_target_only()
    {
        var cache = new KernelCache(folder);
        cache.Write("ptx", "kernel a", "text ü");
        Assert.Equal("text ü", new KernelCache(folder).Read("ptx", "kernel a"));
        Assert.Null(cache.Read("cl", "kernel a"));
        Assert.Null(cache.Read("ptx", "kernel b"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(60)]
    public void A_damaged_file_counts_as_absent(int at)
    {
        var cache = new KernelCache(folder);
        cache.Write("ptx", "kernel", new string('x', 100));
        string file = Assert.Single(Directory.GetFiles(folder));
        byte[] bytes = File.ReadAllBytes(file);
        bytes[at] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Null(cache.Read("ptx", "kernel"));
        File.WriteAllBytes(file, bytes[..30]);
        Assert.Null(cache.Read("ptx", "kernel"));
    }

    [Fact]
    public void A_file_or_folder_that_others_can_write_is_not_trusted()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows keeps caches in the user's profile.");
        var cache = new KernelCache(folder);
        cache.Write("ptx", "kernel", "text");
        string file = Assert.Single(Directory.GetFiles(folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        File.SetUnixFileMode(file, (UnixFileMode)0x1B6); // 666
        Assert.Null(cache.Read("ptx", "kernel"));
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        Assert.Equal("text", cache.Read("ptx", "kernel"));
        File.SetUnixFileMode(folder, (UnixFileMode)0x1FF); // 777
        var open = new KernelCache(folder);
        Assert.NotNull(open.Refusal);
        Assert.Null(open.Read("ptx", "kernel"));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
