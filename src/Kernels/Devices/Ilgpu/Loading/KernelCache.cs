using System.Security.Cryptography;
using System.Text;
using GpuGrad.Kernels.Files;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>
/// Kernels' text on disk, a file each, named after what it was made from. A file carries its own checksum: a damaged one counts as
/// absent, and a disk that cannot be written costs time only. The text is code that runs as this user, so a folder or file that others may
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

    /// <summary>Why nothing is read or kept, in one line; else null.</summary>
    public string? Refusal { get; }

    /// <summary>In the folder named by <see cref="Switches.Cache"/>, else in the user's cache folder.</summary>
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
    /// <param name="origin">Everything that decides the contents.</param>
    public string? Read(string kind, string origin)
    {
        string path = File(kind, origin);
        // Most cold starts find no file at all: asking is cheaper than an exception.
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

    /// <summary>Writes to a temporary file and renames it: another process sees the whole entry or none.</summary>
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
            // The disk that refused the entry may refuse this too.
        }
    }
}
