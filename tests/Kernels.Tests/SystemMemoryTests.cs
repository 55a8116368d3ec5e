using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Host;

namespace GpuGrad.Kernels.Tests;

/// <summary>What is left of a machine's memory, told from files as Linux and its control groups write them.</summary>
public sealed class SystemMemoryTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly string root = Directory.CreateTempSubdirectory("gpugrad-memory-").FullName;

    public SystemMemoryTests() => Write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:          100000 kB\nMemAvailable:    8388608 kB\nSwapFree:        1048576 kB\n");

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Without_control_groups_the_limit_is_free_memory_plus_swap()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "files of Linux");
        Assert.Equal(9L << 30, Left());
        Write("proc/self/cgroup", "0::/user.slice\n");
        Assert.Equal(9L << 30, Left());
    }

    [Fact]
    public void The_tightest_group_above_the_process_decides_and_caches_count_as_free()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "files of Linux");
        Write("proc/self/cgroup", "0::/job/inner\n");
        Group("sys/fs/cgroup/job/inner", "max", 500 * MiB, 0);
        Assert.Equal(9L << 30, Left());
        Group("sys/fs/cgroup/job", $"{1024 * MiB}", 900 * MiB, 200 * MiB);
        Assert.Equal(324 * MiB, Left());
        Group("sys/fs/cgroup/job/inner", $"{600 * MiB}", 500 * MiB, 50 * MiB);
        Assert.Equal(150 * MiB, Left());
        Group("sys/fs/cgroup/job/inner", $"{600 * MiB}", 700 * MiB, 50 * MiB);
        Assert.Equal(0, Left());
    }

    [Fact]
    public void In_a_container_the_group_is_the_mount_itself()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "files of Linux");
        Write("proc/self/cgroup", "0::/host/path/that/is/not/here\n");
        Group("sys/fs/cgroup", $"{256 * MiB}", 56 * MiB, 0);
        Assert.Equal(200 * MiB, Left());
    }

    [Fact]
    public void The_first_version_of_groups_has_other_names()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "files of Linux");
        Write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/job\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", $"{500 * MiB}\n");
        Assert.Equal(9L << 30, Left());
        Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", $"{300 * MiB}\n");
        Write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", $"{100 * MiB}\n");
        Write("sys/fs/cgroup/memory/job/memory.stat", $"cache {MiB}\ntotal_inactive_file {10 * MiB}\ntotal_active_file {5 * MiB}\n");
        Assert.Equal(215 * MiB, Left());
    }

    [Fact]
    public void Without_information_nothing_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "files of Linux");
        Write("proc/meminfo", "nonsense\n");
        Assert.Null(Left());
        File.Delete(Path.Combine(root, "proc/meminfo"));
        Assert.Null(Left());
        HostMemory.Require("little", 1);
    }

    [Fact]
    public void More_than_the_machine_has_is_refused_with_the_numbers()
    {
        var e = Assert.Throws<OutOfDeviceMemoryException>(() => HostMemory.Require("everything", long.MaxValue / 4));
        Assert.Equal(Fault.Memory, e.Fault);
        Assert.Matches("^out of memory: 'everything' needs [0-9.]+ MiB; this machine has [0-9.]+ MiB free of [0-9.]+ MiB$", e.Message);
    }

    private long? Left() => new SystemMemory(root).Left();

    private void Group(string folder, string limit, long usage, long files)
    {
        Write(folder + "/memory.max", limit + "\n");
        Write(folder + "/memory.current", $"{usage}\n");
        Write(folder + "/memory.stat", $"anon 5\ninactive_file {files}\nactive_file 0\n");
    }

    private void Write(string path, string content)
    {
        string full = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }
}
