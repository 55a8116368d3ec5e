using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Sweeps;

/// <summary>
/// A sweep's folder: copies of <c>sweep.yaml</c> and <c>base.yaml</c>, <c>sweep.json</c> with all results, <c>trials/0007</c> and so on, each a run folder,
/// <c>best.yaml</c> and <c>sweep.html</c>.
/// </summary>
public sealed class SweepFolder : IDisposable
{
    private const string GivenFile = "sweep.yaml", BaseFile = "base.yaml";
    private const int MostBytes = 256 << 20;

    private readonly WorkFolder folder;
    private readonly RunLock held;

    private SweepFolder(string path, WorkFolder folder, RunLock held) => (Path, this.folder, this.held) = (path, folder, held);

    public string Path { get; }

    public string Json => System.IO.Path.Combine(Path, "sweep.json");

    public string Page => System.IO.Path.Combine(Path, "sweep.html");

    public string BestConfig => System.IO.Path.Combine(Path, "best.yaml");

    /// <summary>Trials at a time when the sweep began; null for a new one.</summary>
    public int? Lag { get; private set; }

    /// <summary>The run folder of a trial.</summary>
    public string TrialPath(int trial) => System.IO.Path.Combine(Path, "trials", NameOf(trial));

    public static string NameOf(int trial) => trial.ToString("D4", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Opens a folder for a new sweep, or to continue the same one.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the folder holds another sweep or other files, or another process is using it.</exception>
    public static SweepFolder Open(string path, SweepPlan plan)
    {
        DurableFile.CreateFolder(path);
        WorkFolder folder = WorkFolder.Open(path);
        return RunLock.Holding(folder, held =>
        {
            DurableFile.RemoveLeftovers(folder);
            var sweep = new SweepFolder(path, folder, held);
            sweep.Begin(plan);
            return sweep;
        });
    }

    public void WriteJson(JsonObject json) => DurableFile.WriteText(folder, "sweep.json", json.ToJsonString(Indented) + "\n");

    public void WriteBest(string yaml) => DurableFile.WriteText(folder, "best.yaml", yaml);

    public void Dispose()
    {
        held.Dispose();
        folder.Dispose();
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private void Begin(SweepPlan plan)
    {
        string given = YamlWriter.Write(plan.Tree), baseText = YamlWriter.Write(plan.Base.Tree);
        string own = System.IO.Path.Combine(Path, GivenFile);
        if (!File.Exists(own))
        {
            if (Directory.EnumerateFileSystemEntries(Path).FirstOrDefault(e => System.IO.Path.GetFileName(e) != RunLock.FileName) is string other)
                throw new GpuGradException(Fault.Config, $"{Path}: is neither empty nor a sweep (it contains {System.IO.Path.GetFileName(other)}); expected a new or empty folder, or that of a sweep");
            DurableFile.WriteText(folder, BaseFile, baseText);
            DurableFile.WriteText(folder, GivenFile, given);
            DurableFile.CreateFolder(System.IO.Path.Combine(Path, "trials"));
            return;
        }
        Require(own, given, plan.Path);
        Require(System.IO.Path.Combine(Path, BaseFile), baseText, plan.BasePath);
        Lag = ReadLag();
    }

    private void Require(string own, string text, string given)
    {
        if (!File.Exists(own) || TextOf(own) != text)
            throw new GpuGradException(Fault.Config, $"{Path}: holds a sweep of another {System.IO.Path.GetFileName(own)} than {given}; expected the same to continue it, or another --out for a new sweep");
    }

    private static string TextOf(string path) => System.Text.Encoding.UTF8.GetString(RegularFile.ReadAll(path, MostBytes));

    private int? ReadLag()
    {
        try
        {
            return File.Exists(Json) ? JsonNode.Parse(TextOf(Json))?["parallel"]?.GetValue<int>() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new GpuGradException(Fault.Data, $"{Json}: not written by a sweep; remove it and continue: the results are read again from the trials' folders");
        }
    }
}
