using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>A network with weights from a file: a run folder's, a checkpoint's, or a weights file by itself.</summary>
/// <param name="Config">The experiment.</param>
/// <param name="Card">How it is used.</param>
/// <param name="Source">The file the weights come from.</param>
/// <param name="Load">Sets the weights of a model.</param>
public sealed record TrainedModel(LoadedConfig Config, ModelCard Card, string Source, Action<Model> Load)
{
    /// <summary>A run folder (its weights, or its newest checkpoint while it has none) or a <c>.safetensors</c> file.</summary>
    public static TrainedModel Open(string path)
    {
        if (!Directory.Exists(path))
            return FromWeights(path);
        if (!RunFolder.IsRun(path))
            throw new GpuGradException(Fault.Config, $"{path}: not a run folder (no config.yaml); expected the folder of a run or a .safetensors file");
        string weights = Path.Combine(path, "weights.safetensors");
        return File.Exists(weights) ? FromWeights(weights) : FromCheckpoint(path);
    }

    /// <summary>Reads other files as its training data were read.</summary>
    /// <param name="note">Told of what is not wrong and may not be meant.</param>
    public InputPipeline Input(Action<string>? note = null) => new(Config.Config, Card.Input, note);

    public Network Network => Network.Build(Config.Config.Model, Card.Shape.Shape);

    private static TrainedModel FromWeights(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        ModelCard card = ModelCard.FromMetadata(path, file.Metadata);
        return new TrainedModel(ConfigOf(card, path), card, path, model => WeightFile.Load(path, model));
    }

    private static TrainedModel FromCheckpoint(string folder)
    {
        ModelCard card = ModelCard.Read(folder);
        var checkpoints = new CheckpointFolder(Path.Combine(folder, "checkpoints"));
        using CheckpointFile file = checkpoints.OpenNewest() ?? throw new GpuGradException(Fault.Data, $"{folder}: neither weights nor a checkpoint yet");
        string path = file.Path;
        return new TrainedModel(ConfigOf(card, folder), card, path, model =>
        {
            using CheckpointFile again = CheckpointFile.Open(path);
            ModelState.Restore(model, again.Content);
        });
    }

    private static LoadedConfig ConfigOf(ModelCard card, string path)
    {
        var tree = (YamlMapping)YamlReader.Read(card.Config, $"{path} (config)");
        RunConfig config = ConfigBinder.Bind<RunConfig>(tree, "the config");
        return new LoadedConfig(config, tree, config.Folder ?? ".");
    }
}
