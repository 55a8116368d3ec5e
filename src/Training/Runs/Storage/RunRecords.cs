using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using GpuGrad.Kernels.Devices;

namespace GpuGrad.Training.Runs.Storage;

/// <summary><c>manifest.json</c>: the environment in which a run was computed.</summary>
public sealed record RunManifest
{
    public required string Program { get; init; }

    public required string Runtime { get; init; }

    public required string System { get; init; }

    public required string Machine { get; init; }

    public required int Processors { get; init; }

    /// <summary>The device's id, as <c>--device</c> takes it.</summary>
    public required string Device { get; init; }

    public required string DeviceName { get; init; }

    /// <summary>Name and version of the driver; null for the cpu.</summary>
    public string? Driver { get; init; }

    public required ulong Seed { get; init; }

    public required string DataFingerprint { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Changes of the device or the SIMD width on resuming; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Resumption>? Resumed { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, StorageJson.Default.RunManifest) + "\n";

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is missing, or not such a record.</exception>
    public static RunManifest Read(string path)
    {
        RunManifest read = JsonRecord.Read(path, StorageJson.Default.RunManifest);
        JsonRecord.Require(path, read.Processors > 0, $"processors is {read.Processors}, expected 1 or more");
        return read;
    }

    /// <summary>The manifest of a run that starts on this machine now.</summary>
    public static RunManifest Of(Device device, ulong seed, string dataFingerprint, string? driver = null) => new()
    {
        Program = ProgramVersion.Text,
        Runtime = RuntimeInformation.FrameworkDescription,
        System = $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
        Machine = Environment.MachineName,
        Processors = Environment.ProcessorCount,
        Device = device.Id,
        DeviceName = device.Name,
        Driver = driver,
        Seed = seed,
        DataFingerprint = dataFingerprint,
        Started = DateTimeOffset.UtcNow,
    };
}

/// <summary>A resume on a device with different rounding.</summary>
/// <param name="Step">Number of steps done by then.</param>
/// <param name="Device">The new device, as a checkpoint names it.</param>
public sealed record Resumption(long Step, string Device);

/// <summary><c>summary.json</c>: how a run ended.</summary>
public sealed record RunSummary
{
    /// <summary><c>finished</c>, <c>early-stopped</c>, <c>stopped</c> (by a signal), <c>non-finite</c> or <c>failed</c>.</summary>
    public required string Status { get; init; }

    public required string Device { get; init; }

    public required int Epochs { get; init; }

    public required long Steps { get; init; }

    public required double TrainLoss { get; init; }

    public double? TestLoss { get; init; }

    public double? TestAccuracy { get; init; }

    public double? ValidationLoss { get; init; }

    public double? ValidationAccuracy { get; init; }

    /// <summary>The best epoch by <c>train.monitor</c>; that of the kept weights if they are kept.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>The name of the run's folder.</summary>
    public string? Run { get; init; }

    /// <summary>All metrics of the final weights, by set: <c>train</c>, <c>validation</c>, <c>test</c>.</summary>
    public Dictionary<string, JsonElement>? Metrics { get; init; }

    /// <summary>The loaded initial weights; null for random ones.</summary>
    public JsonElement? InitFrom { get; init; }

    public double SamplesPerSecond { get; init; }

    public double WallSeconds { get; init; }

    /// <summary>Number of processes that trained together; null for one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Ranks { get; init; }

    /// <summary>Expected and largest memory of the process in bytes; peaks of other work in the process count.</summary>
    public long? MemoryExpected { get; init; }

    public long? MemoryPeak { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, StorageJson.Default.RunSummary) + "\n";

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is missing, or not such a record.</exception>
    public static RunSummary Read(string path)
    {
        RunSummary read = JsonRecord.Read(path, StorageJson.Default.RunSummary);
        JsonRecord.Require(path, read.Epochs >= 0 && read.Steps >= 0, $"epochs is {read.Epochs} and steps {read.Steps}, expected 0 or more");
        JsonRecord.Require(path, read.WallSeconds >= 0 && read.SamplesPerSecond >= 0, "times are negative or not numbers");
        JsonRecord.Require(path, read.TestAccuracy is not double share || share is >= 0 and <= 1, "test_accuracy is not from 0 to 1");
        return read;
    }

    /// <summary>How the run in a folder ended, e.g. <c>the run ended (non-finite) at step 12</c>; null if it is not known to have ended.</summary>
    public static string? EndingOf(string folder)
    {
        try
        {
            RunSummary read = Read(Path.Combine(folder, "summary.json"));
            return string.Create(CultureInfo.InvariantCulture, $"the run ended ({OneLine.Of(read.Status, 20)}) at step {read.Steps}");
        }
        catch (GpuGradException)
        {
            return null;
        }
    }
}
