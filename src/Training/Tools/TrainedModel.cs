using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>
/// A network with weights from a file: a run folder's, a checkpoint's, or a weights file by itself. The file stays open: a run that is still training
/// may remove or replace it meanwhile.
/// </summary>
/// <param name="Loaded">The experiment, with its text and the folder that its paths begin at.</param>
/// <param name="Card">How the network is used.</param>
/// <param name="Source">The file the weights come from.</param>
/// <param name="Load">Sets the weights of a model.</param>
public sealed record TrainedModel(LoadedConfig Loaded, ModelCard Card, string Source, Action<Model> Load) : IDisposable
{
    /// <summary>The experiment.</summary>
    public RunConfig Config => Loaded.Config;

    private IDisposable? Weights { get; init; }

    /// <summary>A run folder (its weights, or its newest checkpoint while it has none) or a <c>.safetensors</c> file.</summary>
    public static TrainedModel Open(string path)
    {
        if (path == Data.Inputs.InputPipeline.StandardInput && !Path.Exists(path))
            throw new GpuGradException(Fault.Config, "RUN is '-': a network is not read from standard input; expected a run folder or a .safetensors file of GpuGrad");
        if (!Directory.Exists(path))
        {
            RequireWeights(path);
            return FromWeights(path);
        }
        if (!RunFolder.IsRun(path))
            throw new GpuGradException(Fault.Config, $"{path}: not a run folder (no config.yaml); expected the folder of a run or a .safetensors file");
        try
        {
            return FromWeights(Path.Combine(path, "weights.safetensors"));
        }
        catch (MissingFileException)
        {
            return FromCheckpoint(path);
        }
    }

    /// <summary>Reads other files as its training data were read.</summary>
    /// <param name="note">Receives warnings, such as columns that are ignored.</param>
    public InputPipeline Input(Action<string>? note = null) => new(Config, Card.Input, note);

    public void Dispose() => Weights?.Dispose();

    public Network Network => Network.Build(Config.Model, Card.Shape);

    // What is given instead of a run by mistake, and would be refused for its first bytes.
    private static void RequireWeights(string path)
    {
        string? found = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".yaml" or ".yml" => $"a config; expected the folder of a run, which 'gpugrad train {path}' makes, or a .safetensors file",
            ".ckpt" => "a checkpoint; expected the folder of its run, or a .safetensors file",
            _ => null,
        };
        if (found is not null && File.Exists(path))
            throw new GpuGradException(Fault.Config, $"{path}: {found}");
    }

    private static TrainedModel FromWeights(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            ModelCard card = ModelCard.FromMetadata(path, file.Metadata);
            var trained = new TrainedModel(CardConfig.Of(card, path), card, path, model => WeightFile.Load(file, model)) { Weights = file };
            WeightFile.Check(file, trained.Network);
            return trained;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static TrainedModel FromCheckpoint(string folder)
    {
        CheckpointFile file = new CheckpointFolder(Path.Combine(folder, "checkpoints")).OpenNewest()
            ?? throw new GpuGradException(Fault.Data, RunSummary.EndingOf(folder) is string ending
                ? $"{folder}: {ending} and left neither weights nor a checkpoint; see 'gpugrad report {folder}', and train again"
                : $"{folder}: neither weights nor a checkpoint yet; wait for the first one, or if the run is no longer active: gpugrad resume {folder}");
        try
        {
            ModelCard card = ModelCard.Read(folder);
            return new TrainedModel(CardConfig.Of(card, Path.Combine(folder, ModelCard.FileName)), card, file.Path, model => ModelState.Restore(model, file.Content)) { Weights = file };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
