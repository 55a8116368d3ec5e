using System.Text.Json.Serialization;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// How records become JSON in a run folder: snake_case; numbers in their shortest form that reads back to the same bits; what is not
/// finite as "NaN", "Infinity" or "-Infinity". Reading is strict: a key that is unknown, missing or there twice is an error.
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
