using System.Text.Json;
using System.Text.Json.Serialization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Texts;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tools;

/// <summary>
/// What a trained network needs besides its weights: the config, the scaling of raw values, the names of the
/// classes. It is stored in the weights file's metadata, so that the file alone is a whole model.
/// </summary>
public sealed record ModelCard(string Config, FittedInput Input)
{
    /// <summary>File name in a run folder and in a bundle.</summary>
    public const string FileName = "model.json";
    private const int MostBytes = 8 << 20;
    private const string ConfigKey = "gpugrad.config", ShapeKey = "gpugrad.shape", ScaleKey = "gpugrad.scale", ShiftKey = "gpugrad.shift", CentreKey = "gpugrad.centre",
        ClassesKey = "gpugrad.classes", ColumnsKey = "gpugrad.columns", BytesKey = "gpugrad.bytes", AnswerKey = "gpugrad.answer", FingerprintKey = "gpugrad.data",
        TargetScaleKey = "gpugrad.target_scale", TargetCentreKey = "gpugrad.target_centre", TextKey = "gpugrad.text", TargetNamesKey = "gpugrad.target_names";

    public DataShape Shape => Input.Shape;

    public Normalization Normalization => Input.Normalization;

    public IReadOnlyList<string>? ClassNames => Input.ClassNames;

    public static ModelCard Of(LoadedConfig loaded, TrainingData data) => new(YamlWriter.Write(loaded.Tree), FittedInput.Of(data));

    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt", // the value that PyTorch's own writers use
            [ConfigKey] = Config,
            [ShapeKey] = JsonSerializer.Serialize<int[]>([.. Shape.Shape.Sizes, Shape.Classes, Shape.Targets]),
            [ScaleKey] = JsonSerializer.Serialize(Normalization.Scale),
            [ShiftKey] = JsonSerializer.Serialize(Normalization.Shift),
            [CentreKey] = JsonSerializer.Serialize(Normalization.Centre),
        };
        if (Normalization.Targets is { } targets)
        {
            metadata[TargetScaleKey] = JsonSerializer.Serialize(targets.Scale);
            metadata[TargetCentreKey] = JsonSerializer.Serialize(targets.Centre);
        }
        if (ClassNames is not null)
            metadata[ClassesKey] = JsonSerializer.Serialize(ClassNames);
        if (Input.TargetNames is not null)
            metadata[TargetNamesKey] = JsonSerializer.Serialize(Input.TargetNames);
        if (Input.Columns is not null)
            metadata[ColumnsKey] = JsonSerializer.Serialize(Input.Columns, Options);
        if (Input.Text is not null)
            metadata[TextKey] = JsonSerializer.Serialize(Input.Text, Options);
        if (Input.Bytes is bool bytes)
            metadata[BytesKey] = bytes ? "true" : "false";
        if (Shape.Answer is { } answer)
            metadata[AnswerKey] = JsonSerializer.Serialize<int[]>([.. answer.Sizes]);
        if (Input.Fingerprint is not null)
            metadata[FingerprintKey] = Input.Fingerprint;
        return metadata;
    }

    /// <summary>Writes the card to a run folder, until there is a weights file.</summary>
    public void Write(WorkFolder folder) => DurableFile.WriteText(folder, FileName, ToJson());

    internal string ToJson() => JsonSerializer.Serialize(ToMetadata());

    /// <summary>The card in a run folder.</summary>
    public static ModelCard Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return FromMetadata(path, JsonRecord.Read(path, StorageJson.Default.DictionaryStringString, MostBytes));
    }

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the file is not GpuGrad's, or its metadata is damaged.</exception>
    public static ModelCard FromMetadata(string path, IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            int[] sizes = JsonSerializer.Deserialize<int[]>(metadata[ShapeKey])!;
            double[] scale = JsonSerializer.Deserialize<double[]>(metadata[ScaleKey])!;
            double[] centre = metadata.TryGetValue(CentreKey, out string? stated)
                ? JsonSerializer.Deserialize<double[]>(stated)!
                : [.. JsonSerializer.Deserialize<double[]>(metadata[ShiftKey])!.Select((shift, c) => -shift / scale[c])];
            TableColumns? columns = metadata.TryGetValue(ColumnsKey, out string? described) ? JsonSerializer.Deserialize<TableColumns>(described, Options) : null;
            var input = new FittedInput
            {
                Shape = new DataShape(new Kernels.Tensors.Shape(sizes.AsSpan(0, sizes.Length - 2)), sizes[^2], sizes[^1])
                {
                    Embeddings = columns?.Embeddings(),
                    Answer = metadata.TryGetValue(AnswerKey, out string? answer) ? new Kernels.Tensors.Shape(JsonSerializer.Deserialize<int[]>(answer)!) : null,
                },
                Normalization = new Normalization(scale, centre) { Targets = Targets(metadata) },
                ClassNames = metadata.TryGetValue(ClassesKey, out string? classes) ? JsonSerializer.Deserialize<string[]>(classes) : null,
                TargetNames = metadata.TryGetValue(TargetNamesKey, out string? targetNames) ? JsonSerializer.Deserialize<string[]>(targetNames) : null,
                Columns = columns,
                Text = metadata.TryGetValue(TextKey, out string? text) ? JsonSerializer.Deserialize<TextVocabulary>(text, Options) : null,
                Bytes = metadata.TryGetValue(BytesKey, out string? bytes) ? bytes == "true" : null,
                Fingerprint = metadata.GetValueOrDefault(FingerprintKey),
            };
            return input.Problem() is null ? new ModelCard(metadata[ConfigKey], input) : throw new JsonException(input.Problem());
        }
        catch (Exception e) when (e is KeyNotFoundException or NotSupportedException or OverflowException or JsonException or ArgumentException or IndexOutOfRangeException or NullReferenceException)
        {
            throw new GpuGradException(Fault.Data, $"{path}: the metadata does not describe a model of GpuGrad; expected a weights file of 'train' or 'export'", e);
        }
    }

    private static Normalization? Targets(IReadOnlyDictionary<string, string> metadata) => metadata.TryGetValue(TargetScaleKey, out string? scale)
        ? new Normalization(JsonSerializer.Deserialize<double[]>(scale)!, JsonSerializer.Deserialize<double[]>(metadata[TargetCentreKey])!)
        : null;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };
}
