using System.Text.Json.Serialization;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// JSON form of the records in a run folder: snake_case; numbers in the shortest form that reads back to the same bits; non-finite
/// numbers as "NaN", "Infinity" or "-Infinity". Reading is strict: an unknown, missing or repeated key is an error.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    WriteIndented = true)]
[JsonSerializable(typeof(CheckpointHeader))]
[JsonSerializable(typeof(RunManifest))]
[JsonSerializable(typeof(RunSummary))]
[JsonSerializable(typeof(RunState))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(System.Text.Json.JsonElement))]
internal sealed partial class StorageJson : JsonSerializerContext;
