using System.Text.Json;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Reports;

/// <summary>The files of a run folder, read without holding the folder: the run may be going on.</summary>
/// <param name="Metrics">Path of the log.</param>
/// <param name="Config">The config as YAML.</param>
/// <param name="Manifest">Null where it is missing.</param>
/// <param name="Summary">Null while the run goes on.</param>
public sealed record RunFiles(string Metrics, string Config, RunManifest? Manifest, RunSummary? Summary)
{
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a file cannot be read.</exception>
    public static RunFiles Of(string folder)
    {
        string In(string file) => Path.Combine(folder, file);
        try
        {
            return new RunFiles(
                In("metrics.jsonl"),
                File.ReadAllText(In("config.yaml")),
                File.Exists(In("manifest.json")) ? JsonSerializer.Deserialize(File.ReadAllText(In("manifest.json")), StorageJson.Default.RunManifest) : null,
                File.Exists(In("summary.json")) ? JsonSerializer.Deserialize(File.ReadAllText(In("summary.json")), StorageJson.Default.RunSummary) : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new GpuGradException(Fault.Data, $"{folder}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
