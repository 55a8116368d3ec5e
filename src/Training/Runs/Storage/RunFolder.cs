using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// The folder of a run, held by this process until disposed:
/// <code>
/// config.yaml          resolved: nothing to look up elsewhere
/// manifest.json        device, driver, versions, seed, data fingerprint
/// metrics.jsonl        a line every few steps and every epoch
/// summary.json         how it ended
/// checkpoints/         step-00001200.ckpt …
/// weights.safetensors  the trained network
/// report.html
/// run.lock             who is at it
/// </code>
/// </summary>
public sealed class RunFolder : IDisposable
{
    private readonly RunLock held;
    private readonly IFileSystem? files;
    private readonly bool made;

    private RunFolder(string path, RunLock held, Action<string>? warn, IFileSystem? files, bool made = false)
    {
        Path = path;
        this.held = held;
        this.files = files;
        this.made = made;
        Checkpoints = new CheckpointFolder(In("checkpoints"), warn, files);
    }

    public string Path { get; }

    public string Config => In("config.yaml");

    public string Manifest => In("manifest.json");

    public string Metrics => In("metrics.jsonl");

    public string Summary => In("summary.json");

    public string Weights => In("weights.safetensors");

    public string Report => In("report.html");

    public CheckpointFolder Checkpoints { get; }

    /// <summary>Makes <c>ROOT/2026-11-22_061500_NAME</c>, with a number behind it where that is taken.</summary>
    /// <param name="name">Name of the run. Whatever it holds, it stays one folder name.</param>
    /// <param name="root">Where runs are kept.</param>
    /// <param name="now">For its name; the present by default.</param>
    /// <param name="warn">Told of what is wrong and does not stop the run.</param>
    /// <param name="files">The file system.</param>
    public static RunFolder Create(string name, string root = "runs", DateTime? now = null, Action<string>? warn = null, IFileSystem? files = null)
    {
        string stem = string.Create(CultureInfo.InvariantCulture, $"{now ?? DateTime.Now:yyyy-MM-dd_HHmmss}_{Slug(name)}");
        for (int i = 1; ; i++)
        {
            string path = System.IO.Path.Combine(root, i == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}"));
            bool made = !Directory.Exists(path);
            DurableFile.CreateFolder(path, files);
            // Two processes may have made it at once: whoever has the lock and finds it empty has it.
            RunLock? held = RunLock.TryTake(path, out _);
            if (held is not null && IsUnused(path))
                return new RunFolder(path, held, warn, files, made);
            held?.Dispose();
        }
    }

    /// <summary>Takes exactly this folder for a new run; it must be empty or not there.</summary>
    public static RunFolder CreateAt(string path, Action<string>? warn = null, IFileSystem? files = null)
    {
        if (File.Exists(path))
            throw new GpuGradException(Fault.Config, $"{path}: is a file; expected a folder that is empty or not there.");
        bool made = !Directory.Exists(path);
        DurableFile.CreateFolder(path, files);
        if (!IsUnused(path))
            throw NotEmpty(path);
        RunLock held = RunLock.Take(path);
        if (IsUnused(path))
        {
            // Of a process that was killed before it had written a config.
            DurableFile.RemoveLeftovers(path, files);
            return new RunFolder(path, held, warn, files, made);
        }
        held.Dispose();
        throw NotEmpty(path);
    }

    /// <summary>Takes the folder of a run that was begun, to go on with it; removes what a killed process left unfinished.</summary>
    public static RunFolder Open(string path, Action<string>? warn = null, IFileSystem? files = null)
    {
        if (!IsRun(path))
            throw new GpuGradException(Fault.Config, $"{path}: no run here; expected a folder with a config.yaml that 'gpugrad train' made.");
        RunLock held = RunLock.Take(path);
        try
        {
            var folder = new RunFolder(path, held, warn, files);
            if (held.Previous is int number)
                warn?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{path}: process {number}, which was at it, ended without saying so; going on from its last checkpoint."));
            DurableFile.RemoveLeftovers(path, files);
            folder.Checkpoints.RemoveLeftovers();
            return folder;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Whether a folder holds a run, without taking it.</summary>
    public static bool IsRun(string path) => File.Exists(System.IO.Path.Combine(path, "config.yaml"));

    public void WriteConfig(string yaml) => DurableFile.WriteText(Config, yaml, files);

    public void WriteManifest(RunManifest manifest) => DurableFile.WriteText(Manifest, manifest.ToJson(), files);

    public RunManifest ReadManifest() => ReadJson(Manifest, StorageJson.Default.RunManifest);

    public void WriteSummary(RunSummary summary) => WriteJson(Summary, summary, StorageJson.Default.RunSummary);

    public RunSummary ReadSummary() => ReadJson(Summary, StorageJson.Default.RunSummary);

    /// <summary>Opens the log, cut back to what a checkpoint says; 0 for a run from its beginning.</summary>
    public MetricsLog OpenMetrics(long length, Action<GpuGradException>? tolerate = null) => MetricsLog.Open(Metrics, length, tolerate, files);

    /// <summary>
    /// Takes back a run that did not get as far as a step, for want of memory say: its files and, where it was made for the run, the
    /// folder go. Where anything else lies in it, or in the log, all stays. The folder is not held any more.
    /// </summary>
    public void Withdraw()
    {
        string[] begun = [Config, Manifest, Metrics, Summary, In(ModelCard.FileName)];
        try
        {
            if (!IsUnused(Path, begun) || (File.Exists(Metrics) && new FileInfo(Metrics).Length > 0) || (File.Exists(Summary) && ReadSummary().Steps > 0))
                return;
            IFileSystem system = files ?? FileSystem.Current;
            foreach (string file in begun.Where(File.Exists))
                system.Delete(file);
            // Whoever asks for the folder meanwhile is told that it is in use; Windows deletes no file that is open.
            if (made && !OperatingSystem.IsWindows())
                system.Delete(In(RunLock.FileName));
            Dispose();
            if (made && OperatingSystem.IsWindows())
                system.Delete(In(RunLock.FileName));
            if (made)
                Directory.Delete(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or GpuGradException)
        {
            // What made the run end says more than what keeps its folder.
        }
    }

    /// <summary>Lets others have the folder.</summary>
    public void Dispose() => held.Dispose();

    /// <summary>A name as part of a folder's name: letters, digits, <c>. _ -</c>, no dot in front, at most 64.</summary>
    public static string Slug(string name)
    {
        string safe = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).TrimStart('.', '-');
        return safe.Length == 0 ? "run" : safe[..Math.Min(64, safe.Length)].TrimEnd('.');
    }

    private string In(string file) => System.IO.Path.Combine(Path, file);

    private static bool IsUnused(string path, params string[] but) =>
        Directory.EnumerateFileSystemEntries(path).All(e => System.IO.Path.GetFileName(e) == RunLock.FileName || DurableFile.IsAside(e) || but.Contains(e));

    private static GpuGradException NotEmpty(string path) => new(Fault.Config, IsRun(path)
        ? $"{path}: holds a run already; go on with it by 'gpugrad resume {path}', or choose another folder."
        : $"{path}: is not empty; expected an empty folder or one that is not there.");

    private void WriteJson<T>(string path, T value, JsonTypeInfo<T> type) =>
        DurableFile.WriteText(path, JsonSerializer.Serialize(value, type) + "\n", files);

    private static T ReadJson<T>(string path, JsonTypeInfo<T> type)
    {
        const int Most = 1 << 20;
        using RegularFile file = RegularFile.Open(path);
        if (file.Length > Most)
            throw new DamagedFileException(path, Most, $"{file.Length} bytes, expected at most {Most}");
        var bytes = new byte[file.Length];
        file.ReadExactly(0, bytes);
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new DamagedFileException(path, e.BytePositionInLine ?? 0, e.Message.ReplaceLineEndings(" ").TrimEnd('.'));
        }
    }
}
