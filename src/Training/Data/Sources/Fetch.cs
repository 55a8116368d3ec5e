using System.Diagnostics;
using System.Globalization;

namespace GpuGrad.Training.Data.Sources;

/// <summary>A source of files to download.</summary>
internal interface IFetchSource
{
    /// <summary>Name for messages.</summary>
    string Name { get; }

    /// <summary>Downloads the files into a folder.</summary>
    /// <exception cref="Exception">They are not available: an HTTP, IO or process error, described in words.</exception>
    void Get(IReadOnlyList<FetchedFile> files, string folder, Action<string, double?>? progress);
}

/// <summary>Downloads files into the cache: into a temporary folder first, then verified, then moved into place one by one.</summary>
internal static class Fetch
{
    /// <summary>Tries each source until the files of one pass their checks.</summary>
    /// <exception cref="GpuGradException">No source worked; the message has each reason, and what to do.</exception>
    public static void First(string folder, IReadOnlyList<FetchedFile> files, IReadOnlyList<IFetchSource> sources, Action<string, double?>? progress, CancellationToken stop = default)
    {
        var reasons = new List<string>();
        foreach (IFetchSource source in sources)
        {
            string aside = $"{folder}.{Path.GetRandomFileName()}.part";
            // Somebody who stops the program will not wait for an answer.
            using CancellationTokenRegistration cleaning = stop.Register(() => Remove(aside));
            try
            {
                Directory.CreateDirectory(aside);
                source.Get(files, aside, progress);
                foreach (FetchedFile file in files)
                    file.Check(Path.Combine(aside, file.Name));
                Directory.CreateDirectory(folder);
                foreach (FetchedFile file in files)
                    File.Move(Path.Combine(aside, file.Name), Path.Combine(folder, file.Name), overwrite: true);
                return;
            }
            catch (Exception e) when (e is GpuGradException or IOException or UnauthorizedAccessException or HttpRequestException or OperationCanceledException or System.ComponentModel.Win32Exception)
            {
                reasons.Add($"{source.Name}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
            }
            finally
            {
                Remove(aside);
            }
        }
        throw new GpuGradException(
            Fault.Data,
            $"{folder}: the data set is missing and cannot be fetched ({string.Join("; ", reasons)}); expected {string.Join(", ", files.Select(f => f.Name))} in that folder, or the folder that has them as 'path'");
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Leftover files are a nuisance, not an error.
        }
    }
}

/// <summary>Files at a web address. Their checksums are in the program, so that the connection need not be trusted.</summary>
/// <param name="address">The address, ending in a slash.</param>
/// <param name="patience">How long to wait for a connection and for each piece; by default as long as a person would.</param>
internal sealed class WebSource(string address, TimeSpan? patience = null) : IFetchSource
{
    private const long MostBytes = 1L << 30;

    // A machine without a network should find out soon.
    private readonly TimeSpan connecting = patience ?? TimeSpan.FromSeconds(5), silence = patience ?? TimeSpan.FromSeconds(20);

    public string Name => address;

    public void Get(IReadOnlyList<FetchedFile> files, string folder, Action<string, double?>? progress)
    {
        using var handler = new SocketsHttpHandler { ConnectTimeout = connecting };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        foreach (FetchedFile file in files)
            Get(client, file.Name, Path.Combine(folder, file.Name), progress);
    }

    private void Get(HttpClient client, string name, string path, Action<string, double?>? progress)
    {
        using var limit = new CancellationTokenSource(connecting + connecting);
        using var request = new HttpRequestMessage(HttpMethod.Get, address + name);
        using HttpResponseMessage response = Answer(client, request, limit);
        response.EnsureSuccessStatusCode();
        long? length = response.Content.Headers.ContentLength;
        using Stream source = response.Content.ReadAsStream(limit.Token);
        using FileStream target = File.Create(path);
        var piece = new byte[1 << 16];
        long done = 0;
        while (true)
        {
            limit.CancelAfter(silence);
            // The asynchronous read observes the token, which the plain Read does not.
            int count = source.ReadAsync(piece, limit.Token).AsTask().GetAwaiter().GetResult();
            if (count == 0)
                return;
            done += count;
            if (done > MostBytes)
                throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{name} has more than {MostBytes} bytes"));
            target.Write(piece, 0, count);
            progress?.Invoke($"fetching {name}", length is long whole && whole > 0 ? Math.Min(1, (double)done / whole) : null);
        }
    }

    private static HttpResponseMessage Answer(HttpClient client, HttpRequestMessage request, CancellationTokenSource limit)
    {
        try
        {
            return client.Send(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new IOException("no answer", e);
        }
    }
}

/// <summary>Files from a Debian package, downloaded and unpacked without installing it.</summary>
/// <param name="package">Name of the package.</param>
/// <param name="inside">Folder of the files in the package.</param>
/// <param name="bin">Folder of the programs; null to search PATH.</param>
internal sealed class AptSource(string package, string inside, string? bin = null) : IFetchSource
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public string Name => $"apt-get download {package}";

    public void Get(IReadOnlyList<FetchedFile> files, string folder, Action<string, double?>? progress)
    {
        string apt = Program("apt-get"), dpkg = Program("dpkg-deb");
        progress?.Invoke($"fetching the package {package}", null);
        string? problem = Run(apt, folder, "download", package);
        if (problem is not null && Environment.IsPrivilegedProcess && Run(apt, folder, "update") is null)
            problem = Run(apt, folder, "download", package);
        string? archive = Directory.GetFiles(folder, "*.deb").SingleOrDefault();
        if (problem is not null || archive is null)
            throw new IOException(problem ?? "no package came");
        string unpacked = Path.Combine(folder, "unpacked");
        if (Run(dpkg, folder, "-x", archive, unpacked) is string fault)
            throw new IOException(fault);
        foreach (FetchedFile file in files)
            File.Move(Path.Combine(unpacked, inside, file.Name), Path.Combine(folder, file.Name));
    }

    private string Program(string name)
    {
        IEnumerable<string> folders = bin is not null ? [bin] : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists) ?? throw new IOException($"{name} is not here");
    }

    // Null on success, else the last line that the program printed.
    private static string? Run(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment["LC_ALL"] = "C";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            return "no answer";
        }
        string said = errors.GetAwaiter().GetResult();
        output.GetAwaiter().GetResult();
        if (process.ExitCode == 0)
            return null;
        return said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(l => l.StartsWith("E:", StringComparison.Ordinal))
            ?? string.Create(CultureInfo.InvariantCulture, $"exit code {process.ExitCode}");
    }
}
