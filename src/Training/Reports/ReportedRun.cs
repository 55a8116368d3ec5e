using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Reports;

/// <summary>A run to report on.</summary>
/// <param name="Name">Name for titles and legends.</param>
/// <param name="Log">Its log.</param>
/// <param name="Manifest">Device, machine and versions; null if it has none.</param>
/// <param name="Summary">Its summary; null while it is running.</param>
/// <param name="Config">Its config as YAML.</param>
public sealed record ReportedRun(string Name, RunLog Log, RunManifest? Manifest, RunSummary? Summary, string Config);
