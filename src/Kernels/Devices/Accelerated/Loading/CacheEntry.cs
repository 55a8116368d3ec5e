using System.Security.Cryptography;
using System.Text;

namespace GpuGrad.Kernels.Devices.Accelerated.Loading;

/// <summary>
/// A file in the kernel cache, named after what it was made from. It carries its own checksum: a damaged file counts as absent,
/// and a disk that cannot be written costs time only.
/// </summary>
internal sealed class CacheEntry
{
    private static readonly byte[] Magic = "GGKC0003"u8.ToArray();
    private readonly string path;

    /// <param name="kind">The file's extension.</param>
    /// <param name="origin">Everything that decides the contents.</param>
    public CacheEntry(string kind, string origin) =>
        path = Path.Combine(Folder, $"{Hash(origin)}.{kind}");

    /// <summary>The folder named by <see cref="Switches.Cache"/>, else the user's cache folder.</summary>
    public static string Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Switches.Cache) is { Length: > 0 } own)
                return Path.Combine(own, "kernels");
            if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg)
                return Path.Combine(xdg, "gpugrad", "kernels");
            return OperatingSystem.IsWindows()
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "gpugrad", "kernels")
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "gpugrad", "kernels");
        }
    }

    public string? Read()
    {
        try
        {
            // Most cold starts find no file at all: asking is cheaper than an exception.
            if (!File.Exists(path))
                return null;
            byte[] file = File.ReadAllBytes(path);
            int header = Magic.Length + SHA256.HashSizeInBytes;
            if (file.Length < header || !file.AsSpan(0, Magic.Length).SequenceEqual(Magic))
                return null;
            ReadOnlySpan<byte> payload = file.AsSpan(header);
            return SHA256.HashData(payload).AsSpan().SequenceEqual(file.AsSpan(Magic.Length, SHA256.HashSizeInBytes)) ? Encoding.UTF8.GetString(payload) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes to a temporary file and renames it: another process sees the whole entry or none.</summary>
    public void Write(string text)
    {
        byte[] payload = Encoding.UTF8.GetBytes(text);
        string aside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():n}";
        try
        {
            Directory.CreateDirectory(Folder);
            File.WriteAllBytes(aside, [.. Magic, .. SHA256.HashData(payload), .. payload]);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(aside);
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk that refused the entry may refuse this too.
        }
    }
}
