using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Reports;

/// <summary>A run to report on.</summary>
/// <param name="Name">For titles and legends.</param>
/// <param name="Log">Its log.</param>
/// <param name="Manifest">What it ran on; null if it has none.</param>
/// <param name="Summary">How it ended; null while it is running.</param>
/// <param name="Config">Its config as YAML.</param>
public sealed record ReportedRun(string Name, RunLog Log, RunManifest? Manifest, RunSummary? Summary, string Config);
