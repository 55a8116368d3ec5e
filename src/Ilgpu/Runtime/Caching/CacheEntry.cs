using System.Security.Cryptography;
using System.Text;

namespace ILGPU.Runtime.Caching;

/// <summary>
/// A file in the cache of kernels, named by what it was made from. It carries its own checksum; one that is damaged counts as
/// absent, and a disk that cannot be written costs time only.
/// </summary>
internal sealed class CacheEntry
{
    private static readonly byte[] Magic = "GGKC0002"u8.ToArray();
    private readonly string path;

    /// <param name="kind">The file's extension.</param>
    /// <param name="origin">All that decides the contents.</param>
    public CacheEntry(string kind, string origin) =>
        path = Path.Combine(Folder, $"{Hash(origin)}.{kind}");

    /// <summary>GPUGRAD_CACHE, else the user's cache folder.</summary>
    public static string Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable("GPUGRAD_CACHE") is { Length: > 0 } own)
                return Path.Combine(own, "kernels");
            if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg)
                return Path.Combine(xdg, "gpugrad", "kernels");
            return OperatingSystem.IsWindows()
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "gpugrad", "kernels")
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "gpugrad", "kernels");
        }
    }

    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];

    public byte[]? Read()
    {
        try
        {
            // Most starts that find nothing find no file: asking is cheaper than an exception.
            if (!File.Exists(path))
                return null;
            byte[] file = File.ReadAllBytes(path);
            int header = Magic.Length + SHA256.HashSizeInBytes;
            if (file.Length < header || !file.AsSpan(0, Magic.Length).SequenceEqual(Magic))
                return null;
            ReadOnlySpan<byte> payload = file.AsSpan(header);
            return SHA256.HashData(payload).AsSpan().SequenceEqual(file.AsSpan(Magic.Length, SHA256.HashSizeInBytes)) ? payload.ToArray() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Written aside and renamed: another process sees the whole entry or none.</summary>
    public void Write(byte[] payload)
    {
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
