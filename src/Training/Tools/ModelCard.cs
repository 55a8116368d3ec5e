using System.Text.Json;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>
/// What a trained network needs besides its weights to be used: the config, how raw values are scaled, what the classes are
/// called. It travels in the weights file's metadata, so that the file alone is a whole model.
/// </summary>
public sealed record ModelCard(string Config, DataShape Shape, Normalization Normalization, IReadOnlyList<string>? ClassNames)
{
    /// <summary>Its name in a run folder and in a bundle.</summary>
    public const string FileName = "model.json";
    private const string ConfigKey = "gpugrad.config", ShapeKey = "gpugrad.shape", ScaleKey = "gpugrad.scale", ShiftKey = "gpugrad.shift", ClassesKey = "gpugrad.classes";

    public static ModelCard Of(LoadedConfig loaded, TrainingData data) =>
        new(YamlWriter.Write(loaded.Tree), data.Shape, data.Normalization, data.ClassNames);

    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt", // as PyTorch's own writers say it
            [ConfigKey] = Config,
            [ShapeKey] = JsonSerializer.Serialize<int[]>([.. Shape.Shape.Sizes, Shape.Classes, Shape.Targets]),
            [ScaleKey] = JsonSerializer.Serialize(Normalization.Scale),
            [ShiftKey] = JsonSerializer.Serialize(Normalization.Shift),
        };
        if (ClassNames is not null)
            metadata[ClassesKey] = JsonSerializer.Serialize(ClassNames);
        return metadata;
    }

    /// <summary>Leaves the card in a run folder, for as long as there is no weights file.</summary>
    public void Write(WorkFolder folder) => DurableFile.WriteText(folder, FileName, ToJson());

    internal string ToJson() => JsonSerializer.Serialize(ToMetadata());

    /// <summary>The card in a run folder.</summary>
    public static ModelCard Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return FromMetadata(path, JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(path)) ?? []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new GpuGradException(Fault.Data, $"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the file was not written by GpuGrad, or its metadata is damaged.</exception>
    public static ModelCard FromMetadata(string path, IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            int[] sizes = JsonSerializer.Deserialize<int[]>(metadata[ShapeKey])!;
            return new ModelCard(
                metadata[ConfigKey],
                new DataShape(new Kernels.Tensors.Shape(sizes.AsSpan(0, sizes.Length - 2)), sizes[^2], sizes[^1]),
                new Normalization(JsonSerializer.Deserialize<double[]>(metadata[ScaleKey])!, JsonSerializer.Deserialize<double[]>(metadata[ShiftKey])!),
                metadata.TryGetValue(ClassesKey, out string? classes) ? JsonSerializer.Deserialize<string[]>(classes) : null);
        }
        catch (Exception e) when (e is KeyNotFoundException or JsonException or ArgumentException or IndexOutOfRangeException or NullReferenceException)
        {
            throw new GpuGradException(Fault.Data, $"{path}: the metadata does not describe a model of GpuGrad; expected a weights file of 'train' or 'export'", e);
        }
    }
}
