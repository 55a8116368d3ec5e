using System.Security.Cryptography;
using System.Text;
using GpuGrad.Kernels.Files;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>
/// Generated kernel text on disk, one file per kernel, named by a hash of its origin. Each file has a checksum: a damaged one counts as
/// absent, and if the disk cannot be written, the only loss is time. The text is code that runs as this user, so a folder or file that others can
/// write is not used.
/// </summary>
internal sealed class KernelCache
{
    private static readonly byte[] Magic = "GGKC0003"u8.ToArray();
    private readonly string folder;

    public KernelCache(string folder)
    {
        this.folder = folder;
        Refusal = PrivateFolder.Refusal(folder);
    }

    /// <summary>Why the cache is not used, in one line; null if it is.</summary>
    public string? Refusal { get; }

    /// <summary>The cache in the folder named by <see cref="Switches.Cache"/>, else in the user's cache folder.</summary>
    public static KernelCache OfUser()
    {
        if (Environment.GetEnvironmentVariable(Switches.Cache) is { Length: > 0 } own)
            return new(Path.Combine(own, "kernels"));
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg)
            return new(Path.Combine(xdg, "gpugrad", "kernels"));
        return new(OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "gpugrad", "kernels")
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "gpugrad", "kernels"));
    }

    /// <param name="kind">The file's extension.</param>
    /// <param name="origin">Everything that the contents depend on.</param>
    public string? Read(string kind, string origin)
    {
        string path = File(kind, origin);
        // A cold start finds no files, and this check is cheaper than an exception.
        if (Refusal is not null || !System.IO.File.Exists(path) || !PrivateFolder.Trusts(path))
            return null;
        try
        {
            byte[] file = System.IO.File.ReadAllBytes(path);
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

    /// <summary>Writes a temporary file and renames it, so that another process sees the whole entry or none.</summary>
    public void Write(string kind, string origin, string text)
    {
        if (Refusal is not null)
            return;
        byte[] payload = Encoding.UTF8.GetBytes(text);
        string path = File(kind, origin), aside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():n}";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(aside, options))
                stream.Write([.. Magic, .. SHA256.HashData(payload), .. payload]);
            System.IO.File.Move(aside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(aside);
        }
    }

    private string File(string kind, string origin) => Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)))[..32]}.{kind}");

    private static void TryDelete(string file)
    {
        try
        {
            System.IO.File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk that failed to write may fail to delete, too.
        }
    }
}
