using System.Globalization;
using System.Text.Json;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// The folder of a run, held by this process until disposed:
/// <code>
/// config.yaml          the resolved config
/// manifest.json        device, driver, versions, seed, data fingerprint
/// init-from.json       origin of the initial weights; only if they were loaded (init-from)
/// metrics.jsonl        a line every few steps and every epoch
/// *.tfevents.*, *.csv  the same for other programs; only if the config asks for it (log)
/// summary.json         how it ended
/// checkpoints/         step-00001200.ckpt …
/// weights.safetensors  the trained network
/// report.html, comparison.html
/// run.lock             the process that is using it
/// </code>
/// </summary>
public sealed class RunFolder : IDisposable
{
    /// <summary>File that records the origin of loaded initial weights.</summary>
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
    /// <param name="name">Name of the run; characters that a folder name cannot have are replaced.</param>
    /// <param name="root">The folder of all runs.</param>
    /// <param name="now">Time for the folder's name; now by default.</param>
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

    /// <summary>Creates a new run in exactly this folder, which must be empty or missing.</summary>
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
            // Left by a process that was killed before it wrote a config.
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

    /// <summary>Content of <see cref="TransferFile"/>; null if it is missing or cannot be read.</summary>
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
    /// <param name="what">Files already written there, for the message.</param>
    /// <exception cref="MovedFolderException">The folder was moved, replaced or removed.</exception>
    public void RequireInPlace(string what = "")
    {
        if (Folder.Place is { Same: false, Now: var now })
            throw new MovedFolderException(Path, now, what);
        // Removing a folder while new files appear may leave only those: then the config is gone.
        if (begun && Folder.Files.Look(Folder.Handle, System.IO.Path.GetFileName(Config)) is null)
            throw new MovedFolderException(Path, null, what);
    }

    /// <summary>Opens the log, truncated to the length that a checkpoint recorded; 0 for a new run.</summary>
    public MetricsLog OpenMetrics(long length, Action<GpuGradException>? tolerate = null) => MetricsLog.Open(Folder, "metrics.jsonl", length, tolerate);

    /// <summary>
    /// Removes a run that did not reach its first step, for lack of memory say: its files and, if it was created for the run, the
    /// folder. If there are other files in it, or lines in the log, everything stays. Releases the folder.
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
            // The error that ended the run matters more than this one.
        }
    }

    /// <summary>Releases the folder.</summary>
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
