using System.Text.Json;
using System.Text.Json.Serialization;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>All of a run folder that must not depend on how often the run was stopped: everything but times, memory and the folder's name.</summary>
internal sealed record RunContent(string Metrics, string Weights, string State, string Buffers, string Summary)
{
    private static readonly JsonSerializerOptions Options = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static RunContent Of(string folder)
    {
        using CheckpointFile file = new CheckpointFolder(Path.Combine(folder, "checkpoints")).OpenNewest()!;
        using RunFolder run = RunFolder.Open(folder);
        return new RunContent(
            File.ReadAllText(run.Metrics),
            Convert.ToHexString(File.ReadAllBytes(run.Weights)),
            JsonSerializer.Serialize(file.Content.State with { Seconds = 0 }, Options),
            string.Join("\n", file.Content.Buffers.Select(b => $"{b.Name} {Hex(b)}")),
            JsonSerializer.Serialize(run.ReadSummary() with { SamplesPerSecond = 0, WallSeconds = 0, MemoryExpected = 0, MemoryPeak = 0, Run = null }, Options));
    }

    public static void AssertSame(RunContent expected, RunContent found, string what)
    {
        Assert.True(expected.State == found.State, $"{what}: {found.State} instead of {expected.State}");
        Assert.True(expected.Metrics == found.Metrics, $"{what}: metrics.jsonl differs:\n{found.Metrics}");
        Assert.True(expected.Buffers == found.Buffers, $"{what}: the checkpoint's buffers differ");
        Assert.True(expected.Weights == found.Weights, $"{what}: weights.safetensors differs");
        Assert.True(expected.Summary == found.Summary, $"{what}: {found.Summary} instead of {expected.Summary}");
    }

    private static string Hex(CheckpointBuffer buffer)
    {
        var bytes = new byte[buffer.Bytes];
        buffer.Read(0, bytes);
        return Convert.ToHexString(bytes);
    }
}
