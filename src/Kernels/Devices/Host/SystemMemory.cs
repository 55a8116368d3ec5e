using System.Globalization;

namespace GpuGrad.Kernels.Devices.Host;

/// <summary>
/// What Linux reports about memory: what is available on the machine, and what is left in the control groups of this process.
/// File caches count as free, since they give way; so a refusal is certain.
/// </summary>
/// <param name="root">Where <c>/proc</c> and <c>/sys</c> are; tests bring their own.</param>
internal sealed class SystemMemory(string root = "/")
{
    // Control groups without a limit have this or more.
    private const long NoLimit = long.MaxValue / 2;

    /// <summary>Bytes available, swap included; null if nothing reports it.</summary>
    public long? Left()
    {
        try
        {
            return OperatingSystem.IsLinux() ? Machine() is long machine ? Groups().Append(machine).Min() : null : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // a group that has just been removed
        }
    }

    private long? Machine()
    {
        IReadOnlyDictionary<string, long> said = Numbers(Under("proc/meminfo"));
        return said.TryGetValue("MemAvailable:", out long available) ? (available + said.GetValueOrDefault("SwapFree:")) << 10 : null;
    }

    // A group's limit holds for everything in it, so every group above this process's own counts.
    private IEnumerable<long> Groups()
    {
        string list = Under("proc/self/cgroup");
        if (!File.Exists(list))
            yield break;
        foreach (string[] parts in File.ReadLines(list).Select(l => l.Split(':', 3)).Where(p => p.Length == 3))
        {
            (string mount, GroupFiles names)? kind = parts switch
            {
                ["0", "", _] => ("sys/fs/cgroup", GroupFiles.Second),
                [_, string controllers, _] when controllers.Split(',').Contains("memory") => ("sys/fs/cgroup/memory", GroupFiles.First),
                _ => null,
            };
            if (kind is not (string top, GroupFiles files))
                continue;
            // In a container the path may be the host's, which is not visible there: the container's own group is the mount itself.
            for (string? path = parts[2].Trim('/'); path is not null; path = path.Length == 0 ? null : Path.GetDirectoryName(path) ?? "")
            {
                if (LeftIn(Under(Path.Combine(top, path)), files) is long left)
                    yield return left;
            }
        }
    }

    private static long? LeftIn(string folder, GroupFiles files)
    {
        if (Number(Path.Combine(folder, files.Limit)) is not (long limit and < NoLimit) || Number(Path.Combine(folder, files.Usage)) is not long usage)
            return null;
        IReadOnlyDictionary<string, long> said = Numbers(Path.Combine(folder, "memory.stat"));
        return Math.Max(0, limit - usage + files.Caches.Sum(c => said.GetValueOrDefault(c)));
    }

    private string Under(string path) => Path.Combine(root, path);

    private static long? Number(string file) =>
        File.Exists(file) && long.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    // Lines of the form "name number …".
    private static Dictionary<string, long> Numbers(string file)
    {
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [string name, string text, ..] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                numbers[name] = number;
        }
        return numbers;
    }

    private sealed record GroupFiles(string Limit, string Usage, string[] Caches)
    {
        public static readonly GroupFiles First = new("memory.limit_in_bytes", "memory.usage_in_bytes", ["total_inactive_file", "total_active_file"]);
        public static readonly GroupFiles Second = new("memory.max", "memory.current", ["inactive_file", "active_file", "slab_reclaimable"]);
    }
}
