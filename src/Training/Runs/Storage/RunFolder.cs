using System.Globalization;
using System.Text.Json;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// The folder of a run, held by this process until disposed:
/// <code>
/// config.yaml          resolved: nothing to look up elsewhere
/// manifest.json        device, driver, versions, seed, data fingerprint
/// init-from.json       which weights it began with; only where it did not begin with random ones
/// metrics.jsonl        a line every few steps and every epoch
/// *.tfevents.*, *.csv  the same for other programs; only where the config asks (log)
/// summary.json         how it ended
/// checkpoints/         step-00001200.ckpt …
/// weights.safetensors  the trained network
/// report.html, comparison.html
/// run.lock             who is at it
/// </code>
/// </summary>
public sealed class RunFolder : IDisposable
{
    /// <summary>Initial weights of a run that did not begin with random ones.</summary>
    internal const string TransferFile = "init-from.json";

    private const int MostTransfer = 64 << 20;

    private readonly RunLock held;
    private readonly bool made;
    private bool begun;

    private RunFolder(WorkFolder folder, RunLock held, Action<string>? warn, bool made = false)
    {
        Folder = folder;
        this.held = held;
        this.made = made;
        Checkpoints = new CheckpointFolder(folder, "checkpoints", warn);
    }

    public string Path => Folder.Path;

    /// <summary>The open folder: the run writes its files relative to it, even if the folder is moved.</summary>
    public WorkFolder Folder { get; }

    public string Config => In("config.yaml");

    public string Manifest => In("manifest.json");

    public string Metrics => In("metrics.jsonl");

    public string Summary => In("summary.json");

    public string Weights => In("weights.safetensors");

    public string Report => In("report.html");

    public CheckpointFolder Checkpoints { get; }

    /// <summary>Creates <c>ROOT/2026-11-22_061500_NAME</c>, with a number appended if it exists.</summary>
    /// <param name="name">Name of the run. Whatever it holds, it stays one folder name.</param>
    /// <param name="root">Where runs are kept.</param>
    /// <param name="now">For its name; the present by default.</param>
    /// <param name="warn">Receives warnings that do not stop the run.</param>
    /// <param name="files">The file system.</param>
    public static RunFolder Create(string name, string root = "runs", DateTime? now = null, Action<string>? warn = null, IFileSystem? files = null)
    {
        string stem = string.Create(CultureInfo.InvariantCulture, $"{now ?? DateTime.Now:yyyy-MM-dd_HHmmss}_{Slug(name)}");
        for (int i = 1; ; i++)
        {
            string path = System.IO.Path.Combine(root, i == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}"));
            bool made = !Directory.Exists(path);
            DurableFile.CreateFolder(path, files);
            WorkFolder folder = WorkFolder.Open(path, files);
            // Two processes may have created it at once: the one that gets the lock and finds it empty keeps it.
            RunLock? held = RunLock.TryTake(folder, out _);
            if (held is not null && IsUnused(folder))
                return new RunFolder(folder, held, warn, made);
            held?.Dispose();
            folder.Dispose();
        }
    }

    /// <summary>Takes exactly this folder for a new run; it must be empty or not there.</summary>
    public static RunFolder CreateAt(string path, Action<string>? warn = null, IFileSystem? files = null)
    {
        if (File.Exists(path))
            throw new GpuGradException(Fault.Config, $"{path}: is a file; expected an empty or a new folder.");
        bool made = !Directory.Exists(path);
        DurableFile.CreateFolder(path, files);
        WorkFolder folder = WorkFolder.Open(path, files);
        return RunLock.Holding(folder, held =>
        {
            RequireUnused(); // another process may have had it meanwhile
            // Of a process that was killed before it had written a config.
            DurableFile.RemoveLeftovers(folder);
            return new RunFolder(folder, held, warn, made);
        }, RequireUnused);

        void RequireUnused()
        {
            if (!IsUnused(folder))
                throw NotEmpty(path);
        }
    }

    /// <summary>Opens the folder of a run to resume it; removes unfinished files of a killed process.</summary>
    public static RunFolder Open(string path, Action<string>? warn = null, IFileSystem? files = null)
    {
        if (!IsRun(path))
            throw new GpuGradException(Fault.Config, $"{path}: no run here; expected a folder with a config.yaml that 'gpugrad train' made.");
        WorkFolder folder = WorkFolder.Open(path, files);
        return RunLock.Holding(folder, held =>
        {
            var run = new RunFolder(folder, held, warn) { begun = true };
            if (held.Previous is int number)
                warn?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{path}: process {number}, which used it, ended without closing it; continuing from its last checkpoint."));
            DurableFile.RemoveLeftovers(folder);
            run.Checkpoints.RemoveLeftovers();
            return run;
        });
    }

    /// <summary>Whether a folder holds a run, without taking it.</summary>
    public static bool IsRun(string path) => File.Exists(System.IO.Path.Combine(path, "config.yaml"));

    public void WriteConfig(string yaml)
    {
        Write(Config, yaml);
        begun = true;
    }

    public void WriteManifest(RunManifest manifest) => Write(Manifest, manifest.ToJson());

    public RunManifest ReadManifest() => RunManifest.Read(Manifest);

    public void WriteSummary(RunSummary summary) => Write(Summary, summary.ToJson());

    public RunSummary ReadSummary() => RunSummary.Read(Summary);

    /// <summary>What the run began with; null where that is not there or cannot be read.</summary>
    internal JsonElement? ReadTransfer()
    {
        try
        {
            using var document = JsonDocument.Parse(RegularFile.ReadAll(In(TransferFile), MostTransfer));
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is GpuGradException || JsonRecord.IsOfJson(e))
        {
            return null;
        }
    }

    /// <summary>Stops a run whose folder was moved, replaced or removed: its files would end up where nobody expects them.</summary>
    /// <param name="what">What it has left there, for the message.</param>
    /// <exception cref="MovedFolderException">It was.</exception>
    public void RequireInPlace(string what = "")
    {
        if (Folder.Place is { Same: false, Now: var now })
            throw new MovedFolderException(Path, now, what);
        // Whoever removes a folder in which new files appear gets all but those.
        if (begun && Folder.Files.Look(Folder.Handle, System.IO.Path.GetFileName(Config)) is null)
            throw new MovedFolderException(Path, null, what);
    }

    /// <summary>Opens the log, truncated to the length that a checkpoint recorded; 0 for a new run.</summary>
    public MetricsLog OpenMetrics(long length, Action<GpuGradException>? tolerate = null) => MetricsLog.Open(Folder, "metrics.jsonl", length, tolerate);

    /// <summary>
    /// Takes back a run that did not get as far as a step, for want of memory say: its files and, where it was made for the run, the
    /// folder go. Where anything else lies in it, or in the log, all stays. The folder is not held any more.
    /// </summary>
    public void Withdraw()
    {
        string[] begun = [Config, Manifest, Metrics, Summary, In(ModelCard.FileName), In(TransferFile)];
        try
        {
            if (!Folder.Place.Same || !IsUnused(Folder, begun) || (File.Exists(Metrics) && new FileInfo(Metrics).Length > 0) || (File.Exists(Summary) && ReadSummary().Steps > 0))
                return;
            foreach (string file in begun.Where(File.Exists))
                Folder.Files.Delete(Folder.Handle, System.IO.Path.GetFileName(file));
            // Until then, another process finds the folder in use; Windows does not delete open files.
            if (made && !OperatingSystem.IsWindows())
                Folder.Files.Delete(Folder.Handle, RunLock.FileName);
            held.Dispose();
            if (made && OperatingSystem.IsWindows())
                Folder.Files.Delete(Folder.Handle, RunLock.FileName);
            Dispose();
            if (made)
                Directory.Delete(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or GpuGradException)
        {
            // What made the run end says more than what keeps its folder.
        }
    }

    /// <summary>Lets others have the folder.</summary>
    public void Dispose()
    {
        held.Dispose();
        Folder.Dispose();
    }

    /// <summary>A name as part of a folder's name: letters, digits, <c>. _ -</c>, no dot in front, at most 64.</summary>
    public static string Slug(string name)
    {
        string safe = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).TrimStart('.', '-');
        return safe.Length == 0 ? "run" : safe[..Math.Min(64, safe.Length)].TrimEnd('.');
    }

    private string In(string file) => System.IO.Path.Combine(Path, file);

    private static bool IsUnused(WorkFolder folder, params string[] but) => Directory.EnumerateFileSystemEntries(folder.Location)
        .Select(e => System.IO.Path.GetFileName(e)).All(e => e == RunLock.FileName || DurableFile.IsAside(e) || but.Any(b => System.IO.Path.GetFileName(b) == e));

    private static GpuGradException NotEmpty(string path) => new(Fault.Config, IsRun(path)
        ? $"{path}: already holds a run; continue it with 'gpugrad resume {path}', or choose another folder."
        : $"{path}: is not empty; expected an empty or a new folder.");

    private void Write(string path, string text) => DurableFile.WriteText(Folder, System.IO.Path.GetFileName(path), text);
}
