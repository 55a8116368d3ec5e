using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Reports;

/// <summary>The files of a run folder, read without locking it, as the run may be active.</summary>
/// <param name="Metrics">Path of the log.</param>
/// <param name="Config">The config as YAML.</param>
/// <param name="Manifest">Null if it is missing.</param>
/// <param name="Summary">Null while the run is active.</param>
public sealed record RunFiles(string Metrics, string Config, RunManifest? Manifest, RunSummary? Summary)
{
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a file cannot be read.</exception>
    public static RunFiles Of(string folder)
    {
        string In(string file) => Path.Combine(folder, file);
        return new RunFiles(
            In("metrics.jsonl"),
            YamlReader.ReadText(In("config.yaml")),
            IfThere(() => RunManifest.Read(In("manifest.json"))),
            IfThere(() => RunSummary.Read(In("summary.json"))));
    }

    private static T? IfThere<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (MissingFileException)
        {
            return null;
        }
    }
}
