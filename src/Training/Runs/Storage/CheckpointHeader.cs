using System.Text.Json;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>The JSON section of a checkpoint: everything but the buffers.</summary>
internal sealed record CheckpointHeader
{
    public required string Program { get; init; }

    public required string Device { get; init; }

    public required RunState State { get; init; }

    public required string Config { get; init; }

    public required string DataFingerprint { get; init; }

    public required long MetricsLength { get; init; }

    public Dictionary<string, long>? LogLengths { get; init; }

    public required IReadOnlyList<CheckpointParameter> Parameters { get; init; }

    public static byte[] Write(Checkpoint checkpoint) => JsonSerializer.SerializeToUtf8Bytes(
        new CheckpointHeader
        {
            Program = checkpoint.Program,
            Device = checkpoint.Device,
            State = checkpoint.State,
            Config = checkpoint.Config,
            DataFingerprint = checkpoint.DataFingerprint,
            MetricsLength = checkpoint.MetricsLength,
            LogLengths = checkpoint.LogLengths,
            Parameters = checkpoint.Parameters,
        },
        StorageJson.Default.CheckpointHeader);

    /// <exception cref="JsonException">It is not such a header.</exception>
    public static CheckpointHeader Read(ReadOnlySpan<byte> json)
    {
        CheckpointHeader header = JsonSerializer.Deserialize(json, StorageJson.Default.CheckpointHeader) ?? throw new JsonException("null");
        if (header.MetricsLength < 0)
            throw new JsonException($"metrics length {header.MetricsLength}; expected 0 or more");
        if (header.LogLengths?.Any(l => l.Value < 0) == true)
            throw new JsonException("a log's length is negative; expected 0 or more");
        if (header.State.Problem() is string problem)
            throw new JsonException(problem);
        // Nullable annotations don't cover the elements of lists.
        if (header.Parameters.Any(p => p is null || p.Offset < 0 || p.Shape.Any(s => s < 1)))
            throw new JsonException("a parameter is null, has a negative offset or a size below 1");
        return header;
    }

    public Checkpoint With(IReadOnlyList<CheckpointBuffer> buffers) => new()
    {
        Program = Program,
        Device = Device,
        State = State,
        Config = Config,
        DataFingerprint = DataFingerprint,
        MetricsLength = MetricsLength,
        LogLengths = LogLengths,
        Parameters = Parameters,
        Buffers = buffers,
    };
}
